import pytest

from edge_audio.step_audio.speakers import speakers
from runtime.errors import UserError

NAMES = ("anna", "Tingting", "TingtingRAP", "Tingting哼唱", "zoe")


def test_the_first_is_tingting_or_else_the_first_name() -> None:
    assert speakers(NAMES) == ("Tingting", "anna", "zoe")
    assert speakers(("anna", "zoe")) == ("anna", "zoe")


def test_a_default_comes_first() -> None:
    assert speakers(NAMES, "zoe") == ("zoe", "anna", "Tingting")


def test_a_name_that_only_looks_as_if_it_rapped_is_a_speaker() -> None:
    assert speakers(("bobRAP",)) == ("bobRAP",)


def test_an_unknown_name_is_told_with_all_there_are() -> None:
    with pytest.raises(UserError, match=r"no voice called bob\. Choose one of: anna, Tingting, zoe"):
        speakers(NAMES, "bob")


def test_how_another_one_raps_is_no_speaker() -> None:
    with pytest.raises(UserError, match="TingtingRAP is how another voice raps"):
        speakers(NAMES, "TingtingRAP")


def test_without_voices_it_is_told_how_to_make_one() -> None:
    with pytest.raises(UserError, match="voices add"):
        speakers((), "anna")
