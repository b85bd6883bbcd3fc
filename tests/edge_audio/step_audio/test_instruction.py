import json
from pathlib import Path

import pytest

from edge_audio.step_audio.instruction import (
    HUMMING,
    RAP,
    instruction,
    music,
    prompt_speaker,
    without_brackets,
)

CASES = json.loads(Path("tests/data/golden/interleave/instruction.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_instruction_is_the_one_that_the_reference_finds(case):
    assert instruction(case["text"]) == case["instruction"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(RAP)yo", RAP),
        ("（哼唱）啦", HUMMING),
        ("(rap)yo", None),
        ("( RAP )yo", None),
        ("（高兴1）hi", None),
        ("hi", None),
    ],
)
def test_only_exact_rap_and_humming_are_music(text, expected):
    assert music(text) == expected


def test_music_is_prompted_by_the_speaker_s_own_recording_of_it():
    assert prompt_speaker("Tingting", "(RAP)yo") == "TingtingRAP"
    assert prompt_speaker("Tingting", "（哼唱）啦") == "Tingting哼唱"
    assert prompt_speaker("Tingting", "（高兴1）hi") == "Tingting"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Paris (the capital of France) is large.", "Paris, the capital of France, is large."),
        ("(I think so, too.) Yes.", "I think so, too. Yes."),
        ("Yes (I think so).", "Yes, I think so."),
        ("Yes. (Well) no!", "Yes. Well, no!"),
        ("(RAP)yo", "RAP, yo"),
        ("((a))（b） c", "a, b, c"),
        ("你好（笑）再见。（好）", "你好, 笑, 再见。 好"),
        ("Yes, no.", "Yes, no."),
    ],
)
def test_brackets_in_a_text_instruct_nobody(text, expected):
    assert without_brackets(text) == expected
    assert not instruction(without_brackets(text))
