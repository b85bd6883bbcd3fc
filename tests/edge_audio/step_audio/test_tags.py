import json
from pathlib import Path

import pytest

from edge_audio.step_audio.instruction import instruction, music
from edge_audio.step_audio.tags import ALIASES, PACES, leading_tag, style_tag, styled, with_released_tag
from edge_audio.tts.voice import Style
from runtime.errors import UserError

SYSTEM = json.loads((Path(__file__).parents[2] / "data/golden/interleave/system_prompts.json").read_text())


def test_the_tags_are_those_of_the_released_system_prompt() -> None:
    lines = SYSTEM["sys_prompt_wo_spk"].splitlines()
    assert sorted(ALIASES.values()) == sorted(line[3:-1] for line in lines if line.startswith('- "'))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(happy) Hello", "(高兴1)Hello"),
        ("(Happy)Hello", "(高兴1)Hello"),
        ("(happy 2)Hello", "(高兴2)Hello"),
        ("(happy1)Hello", "(高兴1)Hello"),
        ("(very happy)Hello", "(高兴2)Hello"),
        ("(very-angry)Hello", "(生气2)Hello"),
        ("(angry2)Hello", "(生气2)Hello"),
        ("(sad)Hello", "(悲伤1)Hello"),
        ("（cantonese）你好", "(粤语)你好"),
        ("(sichuanese)你好", "(四川话)你好"),
        ("(japanese)Hello", "(日语)Hello"),
        ("( rap )la la", "(RAP)la la"),
        ("(RAP)la la", "(RAP)la la"),
        ("(humming)la", "(哼唱)la"),
        ("（哼唱）la", "(哼唱)la"),
        ("(fast)Hello", "(快速1)Hello"),
        ("(very_slow)Hello", "(慢速2)Hello"),
        ("(广东话)你好", "(广东话)你好"),
        ("(happy)(sad) Hello", "(高兴1)(sad) Hello"),
    ],
)
def test_a_leading_tag_is_written_in_the_released_word(text: str, expected: str) -> None:
    assert with_released_tag(text) == expected
    assert with_released_tag(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "Hello (happy)",
        " (happy) Hello",
        "(I think so, too.) Hello",
        "(one two three) Hello",
        "(incomprehensibilities) Hello",
        "() Hello",
        "(happy Hello",
        "(!) Hello",
        "(42) Hello",
    ],
)
def test_what_is_no_tag_is_left_as_it_is(text: str) -> None:
    assert leading_tag(text) == ("", text)
    assert with_released_tag(text) == text


@pytest.mark.parametrize("tag", ["hapy", "very sad", "happy3", "sad2", "rap1", "very rap", "高兴3", "laughs"])
def test_an_unknown_tag_is_refused_with_the_list_of_all(tag: str) -> None:
    with pytest.raises(UserError) as refused:
        with_released_tag(f"({tag}) Hello")
    assert repr(tag) in str(refused.value)
    for alias, released in ALIASES.items():
        assert f"{alias} ({released})" in str(refused.value)


@pytest.mark.parametrize("alias", ALIASES)
def test_a_tag_makes_a_style_and_the_style_the_tag(alias: str) -> None:
    tag, rest = leading_tag(f"({alias}) Hello")
    assert (tag, rest) == (alias, "Hello")
    assert instruction(style_tag(styled(Style(), tag)) + rest) == ALIASES[alias]
    assert leading_tag(f"({ALIASES[alias]})Hello") == (alias, "Hello")


def test_rap_and_humming_choose_the_decoder_for_music() -> None:
    assert music(with_released_tag("(rap)la")) == "RAP"
    assert music(style_tag(Style(music="humming")) + "la") == "哼唱"
    assert music(with_released_tag("(happy)la")) is None


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
    with pytest.raises(UserError, match=r"no tag 'cantonese'.*happy \(高兴1\)") as refused:
        style_tag(Style(emotion="cantonese"))
    assert "粤语" not in str(refused.value)


def test_a_style_s_other_wishes_stay() -> None:
    assert styled(Style(speaker="Ann", speed=0.8), "sad") == Style(speaker="Ann", speed=0.8, emotion="sad")
