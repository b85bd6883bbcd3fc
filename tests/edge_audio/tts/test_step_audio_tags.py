import pytest

from edge_audio.step_audio.instruction import HUMMING, RAP, instruction, music
from edge_audio.tts.step_audio_tags import known_tags, style_tag
from edge_audio.tts.tags import PACES, PITCHES, RELEASED_TAGS, TAGS, Tag
from edge_audio.tts.voice import Style
from runtime.errors import UserError

SPEEDS_AND_PITCHES = known_tags(("慢速1", "慢速2", "快速1", "快速2", "低音", "高音"))


@pytest.mark.parametrize("tag", TAGS, ids=str)
def test_a_style_is_asked_for_in_the_released_word(tag: Tag) -> None:
    assert instruction(style_tag(tag.applied(Style()), TAGS) + "Hello") == tag.released


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


@pytest.mark.parametrize(
    ("pitch", "tag"),
    [(0.5, "(低音)"), (0.9, "(低音)"), (0.95, ""), (1.05, ""), (1.1, "(高音)"), (2.0, "(高音)")],
)
def test_a_pitch_gets_the_nearest_tag(pitch: float, tag: str) -> None:
    assert style_tag(Style(pitch=pitch), TAGS) == tag


def test_of_several_wishes_music_comes_first_and_speed_last() -> None:
    style = Style(speed=PACES["fast"], emotion="happy", language="cantonese", music="rap")
    assert style_tag(style) == "(RAP)"
    assert style_tag(Style(speed=PACES["fast"], emotion="happy", language="cantonese")) == "(粤语)"
    assert style_tag(Style(speed=PACES["fast"], pitch=PITCHES["low"], emotion="happy")) == "(高兴1)"
    assert style_tag(Style(speed=PACES["fast"], pitch=PITCHES["low"]), TAGS) == "(低音)"


def test_a_style_takes_only_words_of_its_kind() -> None:
    with pytest.raises(UserError, match=r"no emotion called 'cantonese'.*happy \(高兴1\)") as refused:
        style_tag(Style(emotion="cantonese"))
    assert "粤语" not in str(refused.value)


def test_a_model_knows_the_tags_that_it_was_trained_with_and_by_default_the_released() -> None:
    assert [tag.name for tag in SPEEDS_AND_PITCHES] == [*PACES, *PITCHES]
    assert known_tags(None) == RELEASED_TAGS
    assert known_tags(()) == ()


@pytest.mark.parametrize("style", [Style(emotion="happy"), Style(language="cantonese"), Style(music="rap")])
def test_what_a_model_was_not_trained_with_is_refused_with_all_that_it_knows(style: Style) -> None:
    with pytest.raises(UserError, match="The voice knows no ") as refused:
        style_tag(style, SPEEDS_AND_PITCHES)
    assert refused.value.remedy == f"It knows: {', '.join(map(str, SPEEDS_AND_PITCHES))}."


def test_one_tag_that_is_lacking_is_refused_with_the_others_of_its_kind() -> None:
    known = known_tags(("慢速1", "快速1", "低音"))
    assert style_tag(Style(speed=PACES["fast"]), known) == "(快速1)"
    with pytest.raises(
        UserError, match=r"no speed called 'very fast'\. It knows: slow \(慢速1\), fast \(快速1\)\."
    ):
        style_tag(Style(speed=PACES["very fast"]), known)


def test_the_release_knows_no_pitch_and_a_model_without_tags_nothing() -> None:
    with pytest.raises(UserError, match=r"no pitch called 'high'.*happy \(高兴1\)"):
        style_tag(Style(pitch=PITCHES["high"]))
    with pytest.raises(UserError, match=r"It knows: no tag\."):
        style_tag(Style(speed=2.0), ())
    assert style_tag(Style(), ()) == ""
