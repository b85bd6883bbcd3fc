"""Clauses: where replies are cut for the voice, and that nothing of them is lost."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_audio.text.clauses import Clause, ClauseLength, ClauseSplitter


def split(*deltas: str) -> list[Clause]:
    splitter = ClauseSplitter("en")
    clauses = [clause for delta in deltas for clause in splitter.push(delta)]
    return clauses + splitter.flush()


def texts(reply: str) -> list[str]:
    return [clause.text for clause in split(reply)]


def test_each_sentence_is_a_clause() -> None:
    assert texts("It is Paris. Is it big? Yes!") == ["It is Paris.", "Is it big?", "Yes!"]


def test_the_first_clause_ends_at_the_first_comma_and_later_ones_do_not() -> None:
    reply = "Once upon a time, there was a dog, who swam. He was wet, but glad."
    assert texts(reply) == ["Once upon a time,", "there was a dog, who swam.", "He was wet, but glad."]


def test_a_few_words_before_a_comma_are_no_clause() -> None:
    assert texts("Yes, I can. No, you can't.") == ["Yes, I can.", "No, you can't."]


def test_a_long_later_clause_ends_at_its_comma() -> None:
    later = "There is a very long part without any mark at all in it, and then the rest."
    assert texts(f"Hello. {later}") == [
        "Hello.",
        "There is a very long part without any mark at all in it,",
        "and then the rest.",
    ]


def test_without_a_mark_the_first_clause_ends_before_a_word_that_opens_a_new_part() -> None:
    reply = "The small brown dog was running very quickly through the old park."
    assert texts(reply) == ["The small brown dog was running very quickly", "through the old park."]


def test_it_never_ends_between_two_words_that_open_a_part_together() -> None:
    reply = "It was all so very quiet out there because of the deep snow."
    assert texts(reply) == ["It was all so very quiet out there", "because of the deep snow."]


def test_without_even_such_a_word_it_ends_when_it_is_too_long() -> None:
    assert texts("word " * 20) == [("word " * 16).strip(), ("word " * 4).strip()]


@pytest.mark.parametrize(
    "whole",
    [
        "It costs 3.5 or 1,250 at 9:30 today.",
        "Ask Dr. J. R. Smith, Jr. or St. Mary.",
        "It is e.g. the U.S. or i.e. that.",
        "See https://a.example/b,c;d?e=1.5&f=g:h today.",
        "Well-known can't-miss o'clock.",
    ],
)
def test_numbers_abbreviations_addresses_and_words_stay_whole(whole: str) -> None:
    splitter = ClauseSplitter("en", first=ClauseLength(1, 50, 99), later=ClauseLength(1, 50, 99))
    clauses = [clause.text for letter in whole for clause in splitter.push(letter)]
    clauses += [clause.text for clause in splitter.flush()]
    pieces = " ".join(clauses)
    assert pieces == whole
    for word in ("3.5", "1,250", "9:30", "Dr. J. R. Smith,", "St. Mary.", "e.g. the U.S.", "i.e. that.",
                 "https://a.example/b,c;d?e=1.5&f=g:h", "Well-known can't-miss o'clock."):  # fmt: skip
        if word in whole:
            assert any(word in clause for clause in clauses)


def test_lines_are_clauses_and_a_list_keeps_its_numbers() -> None:
    assert texts("Try this:\n1. Sleep well\n2. Eat well\n\n- **Walk**") == [
        "Try this:", "1. Sleep well", "2. Eat well", "- **Walk**",
    ]  # fmt: skip


def test_chinese_is_cut_behind_its_own_marks_without_any_space() -> None:
    assert texts("你好，世界。今天天气很好！“好。”他说。") == [
        "你好，世界。",
        "今天天气很好！",
        "“好。”",
        "他说。",
    ]


def test_a_sentence_is_given_out_as_soon_as_a_space_is_behind_it_and_a_part_with_the_next_word() -> None:
    splitter = ClauseSplitter("en")
    assert splitter.push("It is 3.") == []
    assert splitter.push("5.") == []
    assert splitter.push(" ") == [Clause("It is 3.5.", 0, "en")]
    splitter = ClauseSplitter("en")
    assert splitter.push("That is Paris, ") == []
    assert splitter.push("I") == [Clause("That is Paris,", 0, "en")]


def test_offsets_count_the_whole_reply() -> None:
    assert split("  One two. ", " Three. ", "  ") == [Clause("One two.", 2, "en"), Clause("Three.", 12, "en")]


def test_a_reply_of_nothing_has_no_clause() -> None:
    assert split() == split("", " ", "\n\n") == []


MARKS = " — - “ .” ' ! ?! ... ， 。 ” 1. * _".split()
WORDS = "a Dr. because of one, two. 3.5 9:30 on ly e.g. 你好 https://x.y/z 😀".split()
SPACES = [" ", " ", "  ", "\n"]
replies = st.one_of(
    st.lists(st.sampled_from(WORDS + MARKS + SPACES * 4), max_size=60).map("".join), st.text(max_size=80)
)


@given(replies, st.lists(st.integers(1, 9), max_size=40))
@example("one two three four five six seven eight in'side and", [34, 1])
def test_any_pieces_give_the_same_clauses(reply: str, sizes: list[int]) -> None:
    pieces, rest = [], reply
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    assert split(*pieces, rest) == split(reply) == split(*reply)


@given(replies)
def test_the_clauses_cover_the_reply_but_for_white_space(reply: str) -> None:
    end = 0
    for clause in split(reply):
        assert clause.text
        assert clause.text == clause.text.strip()
        assert not reply[end : clause.text_start].strip()
        end = clause.text_start + len(clause.text)
        assert reply[clause.text_start : end] == clause.text
    assert not reply[end:].strip()


def clauses_in(language: str | None, reply: str) -> list[str]:
    splitter = ClauseSplitter(language)
    return [clause.text for clause in (*splitter.push(reply), *splitter.flush())]


@pytest.mark.parametrize(
    ("language", "reply", "clauses"),
    [
        ("de", "Der kleine braune Hund lief sehr schnell durch den Park weil es regnete.",
         ["Der kleine braune Hund lief sehr schnell durch den Park", "weil es regnete."]),
        ("de", "Am 3. Mai kommt Dr. Braun, z. B. um 9.30 Uhr.",
         ["Am 3. Mai kommt Dr. Braun,", "z. B. um 9.30 Uhr."]),
        ("fr", "Le petit chien brun courait très vite parce qu’il pleuvait.",
         ["Le petit chien brun courait très vite", "parce qu’il pleuvait."]),
        ("fr", "Je ne crois pas du tout qu’il viendra.", ["Je ne crois pas du tout", "qu’il viendra."]),
        ("es", "El perro pequeño corría muy rápido porque llovía.",
         ["El perro pequeño corría muy rápido", "porque llovía."]),
        ("it", "Il piccolo cane marrone correva veloce mentre pioveva.",
         ["Il piccolo cane marrone correva veloce", "mentre pioveva."]),
        ("pt", "O pequeno cão castanho corria depressa porque chovia.",
         ["O pequeno cão castanho corria depressa", "porque chovia."]),
    ],
)  # fmt: skip
def test_each_language_opens_a_part_with_its_own_words(language: str, reply: str, clauses: list[str]) -> None:
    assert clauses_in(language, reply) == clauses


def test_chinese_and_japanese_are_measured_by_what_a_sign_says() -> None:
    assert clauses_in(None, "好，我们今天去公园，然后回家。") == ["好，我们今天去公园，", "然后回家。"]
    assert clauses_in(None, "はい、今日は晴れです、でも寒いです。") == [
        "はい、今日は晴れです、",
        "でも寒いです。",
    ]


def test_without_a_mark_they_end_before_a_word_that_opens_a_part_or_where_they_are_too_long() -> None:
    assert clauses_in("zh", "昨天我们本来想去公园但是下雨了。") == ["昨天我们本来想去公园", "但是下雨了。"]
    assert clauses_in("zh", "昨天我们本来想去公园但是因为下雨没去。") == [
        "昨天我们本来想去公园",
        "但是因为下雨没去。",
    ]
    assert [len(clause) for clause in clauses_in("zh", "很" * 40)] == [32, 8]


def test_chinese_may_be_written_with_narrow_marks() -> None:
    assert clauses_in("zh", "你好,请问有什么可以帮你的吗?我在这里.") == [
        "你好,请问有什么可以帮你的吗?",
        "我在这里.",
    ]


def test_each_clause_tells_its_language() -> None:
    splitter = ClauseSplitter("de")
    reply = "Auf Chinesisch: “你好。”那就是hello的意思。 Gut."
    clauses = [*splitter.push(reply), *splitter.flush()]
    assert [(clause.text, clause.language) for clause in clauses] == [
        ("Auf Chinesisch:", "de"),
        ("“你好。”", "zh"),
        ("那就是hello的意思。", "zh"),
        ("Gut.", "de"),
    ]


SCRIPTS = st.text(
    st.sampled_from(
        "aé ß,.!?…。！？，、「」“”:;\n 你好世界的かなカナー한국ไทยเก้หิन्दीअ।العربية؟،русσς1２42-—’'"
    )
    | st.characters(),
    max_size=120,
)


@given(
    SCRIPTS,
    st.sampled_from([None, "en", "zh", "ja", "de", "fr", "ru"]),
    st.lists(st.integers(1, 7), max_size=40),
)
def test_in_all_scripts_nothing_is_lost_and_the_pieces_change_nothing(
    reply: str, language: str | None, sizes: list[int]
) -> None:
    pieces, rest = [], reply
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    splitter = ClauseSplitter(language)
    clauses = [clause for piece in (*pieces, rest) for clause in splitter.push(piece)]
    clauses += splitter.flush()
    assert [clause.text for clause in clauses] == clauses_in(language, reply)
    end = 0
    for clause in clauses:
        assert not reply[end : clause.text_start].strip()
        end = clause.text_start + len(clause.text)
        assert reply[clause.text_start : end] == clause.text
    assert not reply[end:].strip()
