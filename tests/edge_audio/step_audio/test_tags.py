import pytest

from edge_audio.step_audio.instruction import HUMMING, RAP, instruction, music
from edge_audio.step_audio.tags import style_tag
from edge_audio.tts.tags import PACES, TAGS, Tag
from edge_audio.tts.voice import Style
from runtime.errors import UserError


@pytest.mark.parametrize("tag", TAGS, ids=str)
def test_a_style_is_asked_for_in_the_released_word(tag: Tag) -> None:
    assert instruction(style_tag(tag.applied(Style())) + "Hello") == tag.released


def test_rap_and_humming_choose_the_decoder_for_music() -> None:
    assert music(style_tag(Style(music="rap")) + "la") == RAP
    assert music(style_tag(Style(music="humming")) + "la") == HUMMING
    assert music(style_tag(Style(emotion="happy")) + "la") is None


def test_a_plain_style_asks_for_nothing() -> None:
    assert style_tag(Style(speaker="Ann")) == ""


@pytest.mark.parametrize(
    ("speed", "tag"),
    [(0.5, "(慢速2)"), (0.8, "(慢速1)"), (0.95, ""), (1.1, ""), (1.2, "(快速1)"), (2.0, "(快速2)")],
)
def test_a_speed_gets_the_tag_of_the_nearest_pace(speed: float, tag: str) -> None:
    assert style_tag(Style(speed=speed)) == tag


def test_of_several_wishes_music_comes_first_and_speed_last() -> None:
    style = Style(speed=PACES["fast"], emotion="happy", language="cantonese", music="rap")
    assert style_tag(style) == "(RAP)"
    assert style_tag(Style(speed=PACES["fast"], emotion="happy", language="cantonese")) == "(粤语)"
    assert style_tag(Style(speed=PACES["fast"], emotion="happy")) == "(高兴1)"


def test_a_style_takes_only_words_of_its_kind() -> None:
    with pytest.raises(UserError, match=r"no emotion called 'cantonese'.*happy \(高兴1\)") as refused:
        style_tag(Style(emotion="cantonese"))
    assert "粤语" not in str(refused.value)
