"""Where sentences end, and replies that end with whole ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.text.clauses import Clause, ClauseSplitter
from edge_audio.text.sentences import WholeSentences, asks, ends_sentence


@pytest.mark.parametrize(
    "text",
    ["Paris.", "Is it?", "No!", "Well…", "And so on...", "He said “yes.”", "(Really?)", "**Yes.**",
     "It is 1945.", "He said no.", "好。", "他说“好。”", "My dog is called Max."],
)  # fmt: skip
def test_a_sentence_ends_at_its_last_mark(text: str) -> None:
    assert ends_sentence(text, "en")


@pytest.mark.parametrize(
    "text",
    ["", "Paris", "Paris,", "Dr.", "I met Mr.", "at 9 a.m.", "such as e.g.", "the U.S.", "by J.", "3.5",
     "etc.", "“Dr.", "1.", "Three tips: 1.", "First this.\n 12.", "...and"],
)  # fmt: skip
def test_abbreviations_initials_and_list_numbers_end_none(text: str) -> None:
    assert not ends_sentence(text, "en")


def pass_through(deltas: list[str], *, cut_short: bool) -> list[str]:
    sentences = WholeSentences("en")
    return [*(sentences.push(delta) for delta in deltas), sentences.flush(cut_short)]


def test_the_first_sentence_comes_as_it_is_written_and_the_next_as_a_whole() -> None:
    deltas = [" The", " sky", " is", " blue", ".", " It", " is", " big", ".", " So", " what"]
    expected = ["The", " sky", " is", " blue", ".", " ", "", "", "", "It is big. ", ""]
    assert pass_through(deltas, cut_short=False) == [*expected, "So what"]
    assert pass_through(deltas, cut_short=True) == [*expected, ""]


def test_a_whole_last_sentence_is_kept_though_the_reply_was_cut() -> None:
    assert "".join(pass_through(["One. Two."], cut_short=True)) == "One. Two."


def test_the_first_sentence_can_be_spoken_while_the_second_is_written() -> None:
    sentences, splitter = WholeSentences("en"), ClauseSplitter("en")
    deltas = ("Rome", " is", " big", ".", " It", " is", " old", " too")
    clauses = [splitter.push(sentences.push(delta)) for delta in deltas]
    assert clauses[4] == [Clause("Rome is big.", 0, "en")]


def test_a_reply_without_a_whole_sentence_is_kept_as_it_is() -> None:
    assert "".join(pass_through(["Once upon", " a time"], cut_short=True)) == "Once upon a time"


pieces = st.lists(st.sampled_from(["a", "Dr.", "b.", " ", "  ", "c!", "\n", "9.", "”", "好。"]), max_size=30)


@given(pieces, st.booleans())
def test_nothing_is_lost_but_a_torn_end(deltas: list[str], cut_short: bool) -> None:
    text = "".join(deltas).lstrip()
    passed = "".join(pass_through(deltas, cut_short=cut_short))
    assert text.startswith(passed)
    if passed != text:
        assert cut_short
        assert ends_sentence(passed.rstrip(), "en")


@given(pieces)
def test_after_the_first_sentence_nothing_torn_is_passed_on_before_the_end(
    deltas: list[str],
) -> None:
    sentences = WholeSentences("en")
    passed = "".join(sentences.push(delta) for delta in deltas)
    if any(ends_sentence(passed[:i], "en") for i in range(len(passed)) if passed[i].isspace()):
        assert ends_sentence(passed.rstrip(), "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [("Das ist Hr.", "de"), ("bzw.", "de"), ("am 3.", "de"), ("Es sind ca.", "de"), ("la Sra.", "es"),
     ("chez Mme.", "fr"), ("il Sig.", "it"), ("a Sra.", "pt"), ("z. B.", "de"), ("Mr.", "en")],
)  # fmt: skip
def test_each_language_shortens_its_own_words(text: str, language: str) -> None:
    assert not ends_sentence(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [("It was 3.", "en"), ("Ce sont 3.", "fr"), ("Das war 1945.", "de"), ("Mr.", "de"), ("Hr.", "en"),
     ("¿Sí?", "es"), ("「はい。」", "ja")],
)  # fmt: skip
def test_what_another_one_shortens_ends_a_sentence(text: str, language: str) -> None:
    assert ends_sentence(text, language)


def test_chinese_sentences_are_passed_on_without_white_space_between_them() -> None:
    deltas = ["你好", "。今天", "天气", "很好。", "你", "呢"]
    assert pass_through(deltas, cut_short=True) == ["你好", "。", "", "", "今天天气很好。", "", ""]
    assert "".join(pass_through(deltas, cut_short=False)) == "".join(deltas)


@pytest.mark.parametrize(
    "text", ["Is it?", "好吗？", "你好吗", "何をお探しですか。", "هل أنت بخير؟", "¿Qué tal?", "Что это?"]
)
def test_a_question_is_known_by_its_mark_or_its_last_words(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize("text", ["It is.", "", "好。", "そうです。", "Что это."])
def test_nothing_else_is_a_question(text: str) -> None:
    assert not asks(text)
