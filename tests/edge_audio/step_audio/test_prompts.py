import json
from pathlib import Path

import pytest

from edge_audio.step_audio.prompts import Turn, chat_prompt, speech_prompt, system_prompt
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from export.tokens.golden import CharacterTokenizer, turns
from export.toy.tokenizer import write_tokenizer

GOLDEN = Path("tests/data/golden/interleave")
CHAT = json.loads((GOLDEN / "chat.json").read_text())["cases"]
SPEECH = json.loads((GOLDEN / "tts_prompt.json").read_text())["cases"]
SYSTEM = json.loads((GOLDEN / "system_prompts.json").read_text())


@pytest.mark.parametrize("case", [case for case in CHAT if not case["error"]], ids=lambda case: case["text"])
def test_chat_prompt_is_the_reference_s(case):
    assert chat_prompt(turns(case["messages"])) == case["text"]


@pytest.mark.parametrize("case", [case for case in CHAT if case["error"]], ids=lambda case: case["error"])
def test_what_the_reference_refuses_is_refused(case):
    kind, message = case["error"].split(": ", 1)
    expected = {"ValueError": ValueError, "KeyError": KeyError}[kind]
    with pytest.raises(expected) as refused:
        chat_prompt(turns(case["messages"]))
    assert str(refused.value) == message


@pytest.mark.parametrize("case", SPEECH, ids=lambda case: f"{case['text']} {case['bos']}")
def test_speech_prompt_is_the_reference_s(case):
    ids = speech_prompt(
        CharacterTokenizer(case["bos"]),
        case["text"],
        case["prompt_speaker"],
        case["prompt_text"],
        case["prompt_code"],
    )
    assert ids == case["ids"]


def test_system_prompts_are_the_released_ones():
    assert system_prompt("(RAP)hey", "Tingting") == SYSTEM["sys_prompt_for_rap"]
    assert system_prompt("(哼唱)la", "Tingting") == SYSTEM["sys_prompt_for_vocal"]
    assert system_prompt("(RAP)哼唱", "Tingting") == SYSTEM["sys_prompt_for_vocal"]
    assert system_prompt("hello", "") == SYSTEM["sys_prompt_wo_spk"]
    assert system_prompt("(高兴1)hello", "Ann") == SYSTEM["sys_prompt_with_spk"].format("Ann")
    assert system_prompt("hello", "{voice}") == SYSTEM["sys_prompt_with_spk"].format("{voice}")


def test_audio_in_a_conversation_must_be_audio():
    with pytest.raises(ValueError, match="17 is no audio token"):
        chat_prompt([Turn("user", (17,))])


def test_text_to_speak_gets_no_space_in_front_from_a_real_tokenizer(tmp_path):
    write_tokenizer(tmp_path)
    tokenizer = TextTokenizer.open(tmp_path)
    ids = speech_prompt(tokenizer, "human", "", "the", [600])
    text = tokenizer.decode(ids[1:])
    # BOS stands before each part that was encoded by itself, as in the release's own prompts.
    assert "<|BOT|><s> human\nhuman<|EOT|><|BOT|><s> assistant\n" in text
    assert f"<s> human\nthe<|EOT|><|BOT|><s> assistant\n{tokenizer.decode([600])}<|EOT|>" in text
