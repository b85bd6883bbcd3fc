"""The rules on natural sentences of each language, held to what they reach.

Of the 24 turns of each language that were held out none read unfinished, but for one in English and two in
Chinese, whose cause is gone; of their beginnings, cut before each word, 42 % did in English, 28 % in German,
32 % in Chinese and 43 to 48 % in the others.
"""

import pytest

from edge_audio.text.backchannel import is_backchannel
from edge_audio.text.turn_end import looks_asked, looks_unfinished
from tests.edge_audio.text.natural import LANGUAGES, beginnings, sentences

KINDS = ("turns", "held out turns")


def test_there_are_sentences_of_each_language() -> None:
    assert LANGUAGES == ["de", "en", "es", "fr", "it", "ja", "pt", "zh"]
    for language in LANGUAGES:
        assert [len(sentences(language, kind)) for kind in KINDS] == [40, 24]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_whole_turns_are_seldom_taken_for_unfinished_ones(language: str, kind: str) -> None:
    wrong = [text for text in sentences(language, kind) if looks_unfinished(text, language)]
    assert len(wrong) <= (2 if language == "en" else 1), wrong


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_beginnings_of_turns_are_told_apart_from_whole_ones(language: str, kind: str) -> None:
    begun = list(beginnings(language, kind))
    found = sum(looks_unfinished(text, language) is True for text in begun)
    wrong = sum(looks_unfinished(text, language) is True for text in sentences(language, kind))
    assert found >= 0.25 * len(begun)
    assert found >= 0.97 * (found + wrong)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_most_questions_are_asked_and_nothing_else_is(language: str, kind: str) -> None:
    marked = [text for text in sentences(language, kind) if text.endswith(("?", "？"))]
    asked = [text for text in sentences(language, kind) if looks_asked(text, language)]
    assert len(asked) >= 0.7 * len(marked)
    if language != "zh":  # some of its questions are known without a mark
        assert set(asked) <= set(marked)


@pytest.mark.parametrize("kind", ["backchannels", "held out backchannels"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_backchannels_are_known(language: str, kind: str) -> None:
    assert [text for text in sentences(language, kind) if not is_backchannel(text, language)] == []


@pytest.mark.parametrize("kind", ["answers", "held out answers"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_wants_or_answers_something_is_one(language: str, kind: str) -> None:
    answers = sentences(language, kind)
    assert [text for text in answers if is_backchannel(text, language)] == []
    assert [text for text in answers if looks_unfinished(text, language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_turn_is_no_backchannel(language: str) -> None:
    turns = sentences(language, "turns") + sentences(language, "held out turns")
    assert not any(is_backchannel(text, language) for text in turns)
