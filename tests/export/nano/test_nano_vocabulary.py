"""Nano's text tokenizer."""

from pathlib import Path

import pytest

from edge_audio.step_audio.prompts import speech_prompt
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from export.nano.numerals import numeral_sentences
from export.nano.vocabulary import control_tags, write_vocabulary, written_tag


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> TextTokenizer:
    folder: Path = tmp_path_factory.mktemp("vocabulary")
    words = ("the", "quick", "assistant", "spoke", "slowly", "about", "weather", "music", "trains", "coffee")
    chat = [f"{one} {other} {third}." for one in words for other in words for third in words]
    write_vocabulary(folder, [*chat, *numeral_sentences(3000)], control_tags(), pieces=400)
    return TextTokenizer.open(folder)


def test_what_prompts_always_say_is_one_token_each(tokenizer: TextTokenizer) -> None:
    prompt = speech_prompt(tokenizer, "", "", "", [])

    begin, end = tokenizer.begin_of_turn, tokenizer.end_of_turn
    # <s>, system with its text, an empty example, its codes, an empty text, and the turn that is to be said.
    assert [number for number in prompt if number not in (begin, end)] == [
        tokenizer.bos,
        *(tokenizer.encode(text)[0] for text in ("system\n",)),
        prompt[3],
        *tokenizer.encode("human\n"),
        *tokenizer.encode("assistant\n"),
        *tokenizer.encode("human\n"),
        *tokenizer.encode("assistant\n"),
    ]
    assert len(prompt) == 16


def test_a_tag_is_one_token_and_the_word_behind_it_the_same_as_without(tokenizer: TextTokenizer) -> None:
    tagged = speech_prompt(tokenizer, "(慢速1)the weather.", "", "", [])
    plain = speech_prompt(tokenizer, "the weather.", "", "", [])

    assert len(tagged) == len(plain) + 1
    assert [number for number in tagged if number not in plain] == tokenizer.encode("(慢速1)")


def test_audio_tokens_follow_the_pieces_of_text(tokenizer: TextTokenizer) -> None:
    assert tokenizer.audio is not None
    assert tokenizer.audio.first_id == 400
    assert tokenizer.audio.count == 5120


def test_manners_that_codes_can_tell_have_a_tag() -> None:
    assert written_tag("very slow") == "(慢速2)"
    assert written_tag("loud") == ""
    assert written_tag("") == ""
