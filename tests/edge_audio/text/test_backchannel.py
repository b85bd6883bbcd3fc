import pytest

from edge_audio.text.backchannel import is_backchannel
from edge_audio.text.own_voice import is_own_voice


@pytest.mark.parametrize(
    "text", ["Mm-hmm.", "Yeah.", "Yeah, okay.", "I see.", "Uh-huh!", "", "...", "Okay, okay.", "I"]
)
def test_listening_noises_are_backchannels(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["Stop.", "Wait a moment.", "No.", "Okay, stop.", "I see a dog.", "What?"])
def test_words_that_want_something_are_not(text: str) -> None:
    assert not is_backchannel(text)


SAID = "Once there was a little cat who lived by a lake."


@pytest.mark.parametrize("text", ["There was a little cat.", "there was a middle cat who", "lived by a lake"])
def test_an_echo_is_the_reply_s_own_voice(text: str) -> None:
    assert is_own_voice(text, SAID)


@pytest.mark.parametrize(
    "text", ["Stop.", "cat", "What was the cat's name?", "Was there a dog by the lake?", ""]
)
def test_words_about_the_reply_are_not(text: str) -> None:
    assert not is_own_voice(text, SAID)


def test_one_word_of_the_reply_may_become_an_echo_as_long_as_more_may_come() -> None:
    assert is_own_voice("Cat", SAID, partial=True)
    assert not is_own_voice("Stop", SAID, partial=True)
