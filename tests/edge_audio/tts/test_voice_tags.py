import json
from math import log2
from pathlib import Path

import pytest

from edge_audio.tts.tags import (
    PACES,
    PITCHES,
    RELEASED_TAGS,
    TAGS,
    Tag,
    find_tag,
    leading_tag,
    may_become_tag,
)
from edge_audio.tts.voice import Style

SYSTEM = json.loads((Path(__file__).parents[2] / "data/golden/interleave/system_prompts.json").read_text())
BY_NAME = {tag.name: tag for tag in TAGS}


def test_the_tags_are_those_of_the_released_system_prompt_and_two_for_pitch() -> None:
    lines = SYSTEM["sys_prompt_wo_spk"].splitlines()
    released = sorted(line[3:-1] for line in lines if line.startswith('- "'))
    assert sorted(tag.released for tag in RELEASED_TAGS) == released
    assert sorted(tag.released for tag in TAGS) == sorted([*released, "低音", "高音"])


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("(happy) Hello", "happy", "Hello"),
        ("(Happy)Hello", "Happy", "Hello"),
        (" \n(happy)\n Hello", "happy", "Hello"),
        ("（cantonese）你好", "cantonese", "你好"),
        ("（快速1)你好", "快速1", "你好"),
        ("( rap )la la", "rap", "la la"),
        ("(very  happy)", "very  happy", ""),
        ("(happy)(sad) Hello", "happy", "(sad) Hello"),
        ("(laughs) Hello", "laughs", "Hello"),
        ("（笑）你好", "笑", "你好"),
        ("(ab-cdefghi jklmnopqr) x", "ab-cdefghi jklmnopqr", "x"),
        ("(civil) Hello", "civil", "Hello"),
    ],
)
def test_a_text_begins_with_a_tag(text: str, name: str, rest: str) -> None:
    assert leading_tag(text) == (name, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "Hello (happy)",
        "(I think so, too.) Hello",
        "(one two three) Hello",
        "(incomprehensibilities) Hello",
        "(a) is the first, (b) the second",
        "(ii) is the second",
        "（十二）",
        "() Hello",
        "(happy Hello",
        "(happy\nday) Hello",
        "((happy)) Hello",
        "(!) Hello",
        "(42) Hello",
    ],
)
def test_what_is_no_tag_is_text(text: str) -> None:
    assert leading_tag(text) == ("", text)


@pytest.mark.parametrize(
    "text", ["(happy) ", " ( very-happy 2 )\n", "（笑）", "（高兴1）", "(ab-cdefghi jklmnopqr)"]
)
def test_every_beginning_of_a_tag_may_become_one(text: str) -> None:
    assert leading_tag(text)[0]
    assert all(may_become_tag(text[:end]) for end in range(text.index(text.strip()[-1]) + 1))


@pytest.mark.parametrize(
    "text",
    ["H", " Hello", "((", "()", "(4", "(I think, ", "(one two t", "(incomprehensibilities", "(happy\n"],
)
def test_what_can_t_become_a_tag_is_known_at_once(text: str) -> None:
    assert not may_become_tag(text)


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("happy", "happy"),
        ("Happy", "happy"),
        ("happy1", "happy"),
        ("happy 2", "very happy"),
        ("very happy", "very happy"),
        ("very-angry", "very angry"),
        ("Very_Slow", "very slow"),
        ("angry2", "very angry"),
        ("sad1", "sad"),
        ("rap", "rap"),
        ("Low", "low"),
    ],
)
def test_a_tag_has_several_names(name: str, tag: str) -> None:
    assert find_tag(name) is BY_NAME[tag]


@pytest.mark.parametrize("tag", TAGS, ids=str)
def test_a_tag_is_found_by_its_own_and_by_the_released_word(tag: Tag) -> None:
    assert find_tag(tag.name) is tag
    assert find_tag(tag.released) is tag
    assert find_tag(tag.name, [other for other in TAGS if other is not tag]) is None


@pytest.mark.parametrize(
    "name", ["hapy", "very sad", "happy3", "sad2", "rap1", "very rap", "low1", "very high", "高兴3", "laughs"]
)
def test_others_are_no_tags(name: str) -> None:
    assert find_tag(name) is None


def test_a_tag_changes_one_wish_of_a_style() -> None:
    style = Style(speaker="Ann", speed=0.8)
    assert BY_NAME["sad"].applied(style) == Style(speaker="Ann", speed=0.8, emotion="sad")
    assert BY_NAME["rap"].applied(style) == Style(speaker="Ann", speed=0.8, music="rap")
    assert BY_NAME["fast"].applied(style) == Style(speaker="Ann", speed=PACES["fast"])
    assert BY_NAME["low"].applied(style) == Style(speaker="Ann", speed=0.8, pitch=PITCHES["low"])


def test_pitch_is_three_semitones_off() -> None:
    assert [round(12 * log2(factor)) for factor in PITCHES.values()] == [-3, 3]
