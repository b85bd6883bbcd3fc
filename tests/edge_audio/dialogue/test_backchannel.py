import pytest

from edge_audio.dialogue.backchannel import is_backchannel


@pytest.mark.parametrize(
    "text", ["Mm-hmm.", "Yeah.", "Yeah, okay.", "I see.", "Uh-huh!", "", "...", "Okay, okay."]
)
def test_listening_noises_are_backchannels(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["Stop.", "Wait a moment.", "No.", "Okay, stop.", "I see a dog.", "What?"])
def test_words_that_want_something_are_not(text: str) -> None:
    assert not is_backchannel(text)
