"""Of a language without a table no rule says anything, least of all what it would say in English."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.text.backchannel import is_backchannel
from edge_audio.text.clauses import ClauseSplitter
from edge_audio.text.language import find_language
from edge_audio.text.sentences import ends_sentence
from edge_audio.text.speakable import speakable
from edge_audio.text.turn_end import looks_asked, looks_told, looks_unfinished

TABLELESS = [
    ("Стоп, подожди.", "ru"),
    ("Выключи свет и", "ru"),
    ("توقف", "ar"),
    ("रुको", "hi"),
    ("Σταμάτα", "el"),
    ("หยุดก่อน", "th"),
    ("잠깐만", "ko"),
    ("Okay, mm-hmm.", "nl"),
    ("What is the", "sv"),
    ("I would like a", None),
    ("Стоп", "en"),
    ("잠깐만", "en"),
]

words = st.lists(
    st.sampled_from("стоп и да توقف रुको หยุด 잠깐만 στο 42 , . ? ...".split()), min_size=1, max_size=8
).map(" ".join)


@pytest.mark.parametrize(("text", "language"), TABLELESS)
def test_nothing_is_said_of_these(text: str, language: str | None) -> None:
    check_no_opinion(text, language)


@given(words, st.sampled_from([None, "ru", "ar", "hi", "el", "th", "ko"]))
def test_nothing_is_said_of_any_words(text: str, language: str | None) -> None:
    if any(map(str.isalnum, text)):
        check_no_opinion(text, language)


def check_no_opinion(text: str, language: str | None) -> None:
    assert not is_backchannel(text, language)
    assert looks_unfinished(text, language) is None
    assert not looks_asked(text, language)
    assert not looks_told(text, language)


@pytest.mark.parametrize("text", ["", "...", "—", "。", "？！"])
@pytest.mark.parametrize("language", [None, "en", "zh", "ru"])
def test_what_holds_no_word_is_no_word_in_any_language(text: str, language: str | None) -> None:
    assert is_backchannel(text, language)


@pytest.mark.parametrize("text", ["42", "3.", "１２", "٤٢"])
@pytest.mark.parametrize("language", [None, "en", "zh", "ru"])
def test_a_number_is_an_answer_in_any_language(text: str, language: str | None) -> None:
    assert not is_backchannel(text, language)


@pytest.mark.parametrize(
    ("text", "language", "clauses"),
    [
        ("Это Москва. Она большая?", "ru", ["Это Москва.", "Она большая?"]),
        ("यह दिल्ली है। यह बड़ी है।", "hi", ["यह दिल्ली है।", "यह बड़ी है।"]),
        ("أهلا وسهلا بك، كيف حالك؟ بخير.", "ar", ["أهلا وسهلا بك،", "كيف حالك؟", "بخير."]),
        ("Het is dr. Jansen.", "nl", ["Het is dr.", "Jansen."]),
        ("one two three four five because of it", "nl", ["one two three four five because of it"]),
        ("слово " * 20, "ru", ["слово " * 15 + "слово", "слово " * 3 + "слово"]),
    ],
)
def test_clauses_end_at_marks_and_where_they_are_too_long(
    text: str, language: str, clauses: list[str]
) -> None:
    assert find_language(language) is None
    splitter = ClauseSplitter(language)
    assert [clause.text for clause in (*splitter.push(text), *splitter.flush())] == clauses


@pytest.mark.parametrize("text", ["Да.", "Да!", "हाँ।", "نعم؟", "是。", "Բարև։", "J.", "1."])
def test_a_sentence_ends_at_its_mark_but_for_initials_and_numbers_of_lists(text: str) -> None:
    assert ends_sentence(text, "xx") == (text not in ("J.", "1."))


def test_a_factor_is_told_by_a_sign_that_every_voice_knows() -> None:
    assert speakable("2 * 3", "xx") == "2 × 3"
    assert speakable("2 * 3", "de") == "2 mal 3"
    assert speakable("二是2*3", None) == "二是2 乘以 3"
