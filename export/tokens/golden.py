"""Tokens, prompts and sampling compared with what the release's own code computed."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike

from edge_audio.step_audio.instruction import HUMMING, RAP, instruction
from edge_audio.step_audio.prompts import Turn, chat_prompt, speech_prompt, system_prompt
from edge_audio.step_audio.sampler import RepetitionRule
from edge_audio.step_audio.tokens import GROUP, LINGUISTIC_PER_GROUP, RELEASED, SEMANTIC_PER_GROUP
from export.check import Check, compare_codes
from runtime.errors import UserError

_COMPONENT = "tokens"
_BY = "numpy"

Case = Mapping[str, Any]
"""One case of a golden JSON file."""


def checks(golden: Path, work: Path) -> Iterator[Check]:
    """Compare every case of `golden`/interleave; all must be equal. `work` is not needed.

    Raises `UserError` if a file is missing or has no such cases.
    """
    folder = golden / "interleave"
    parts = {
        "interleave": _interleave,
        "repetition": _repetition,
        "instruction": _instruction,
        "chat": _chat,
        "tts_prompt": _speech,
        "system_prompts": _system,
    }
    for name, part in parts.items():
        try:
            yield from part(folder)
        except (OSError, KeyError, TypeError, ValueError, BadZipFile) as error:
            raise UserError(
                f"{folder / name}.*: the golden data can't be read ({type(error).__name__}: {error}).",
                "Copy it again.",
            ) from error


@dataclass(frozen=True, slots=True)
class CharacterTokenizer:
    """The tokenizer that the golden prompts were made with: an id for each character, from 100 on."""

    add_bos: bool
    bos: int = 1
    end_of_turn: int = 3
    begin_of_turn: int = 4

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`."""
        return [self.bos] * self.add_bos + [100 + ord(character) for character in text]


def turns(messages: list[Case]) -> list[Turn]:
    """Return the turns of golden messages. A type of content that the release doesn't know is left out.

    Raises `KeyError` if a message has no role, no content, or content of no type.
    """
    found = []
    for message in messages:
        role, content = message["role"], message["content"]
        if isinstance(content, dict):
            if content["type"] == "text":
                content = content["text"]
            elif content["type"] == "audio":
                # The golden data has a stand-in for the audio tokenizer: codes from the file name's length.
                code = len(content["audio"])
                content = (RELEASED.first_id + code, RELEASED.first_semantic_id + code)
            else:
                continue
        found.append(Turn(role, content))
    return found


def _interleave(folder: Path) -> Iterator[Check]:
    for number, case in enumerate(_read(folder / "interleave.json")):
        ids = RELEASED.interleave(case["vq02"], case["vq06"])
        linguistic, semantic = RELEASED.separate(case["ids"])
        groups = len(case["ids"]) // GROUP
        name = f"interleave {number}"
        yield _codes(f"{name} ids", ids, case["ids"])
        yield _codes(
            f"{name} linguistic codes back", linguistic, case["vq02"][: groups * LINGUISTIC_PER_GROUP]
        )
        yield _codes(f"{name} semantic codes back", semantic, case["vq06"][: groups * SEMANTIC_PER_GROUP])
        yield _text(f"{name} names", RELEASED.text(ids), case["string"])
        parse = partial(RELEASED.parse, case["string"])
        yield _either(f"{name} names back", parse, case["string_parsed_by_get_audio_tokens"])


def _repetition(folder: Path) -> Iterator[Check]:
    golden = _read(folder / "repetition.json")
    rule = RepetitionRule(golden["window"], golden["threshold"])
    with np.load(folder / "repetition.npz") as arrays:
        for case in golden["cases"]:
            name = case["case"]
            logits = arrays[f"{name}_logits_in"]
            for row, ids in zip(logits, arrays[f"{name}_ids"].tolist(), strict=True):
                if (banned := rule.banned(ids)) is not None:
                    row[banned] = -np.inf
            yield _codes(f"repetition {name}", logits, arrays[f"{name}_logits_out"])


def _instruction(folder: Path) -> Iterator[Check]:
    for number, case in enumerate(_read(folder / "instruction.json")):
        yield _text(f"instruction {number}", instruction(case["text"]), case["instruction"])


def _chat(folder: Path) -> Iterator[Check]:
    for number, case in enumerate(_read(folder / "chat.json")["cases"]):
        yield _either(f"chat {number}", partial(_chat_prompt, case["messages"]), case["text"])


def _chat_prompt(messages: list[Case]) -> str:
    return chat_prompt(turns(messages))


def _speech(folder: Path) -> Iterator[Check]:
    for number, case in enumerate(_read(folder / "tts_prompt.json")["cases"]):
        tokenizer = CharacterTokenizer(case["bos"])
        ids = speech_prompt(
            tokenizer, case["text"], case["prompt_speaker"], case["prompt_text"], case["prompt_code"]
        )
        yield _codes(f"speech prompt {number}", ids, case["ids"])


def _system(folder: Path) -> Iterator[Check]:
    golden = _read(folder / "system_prompts.json")
    speaker = "Tingting"
    for name, text, named in (
        ("for_rap", f"({RAP})", ""),
        ("for_vocal", f"({HUMMING})", ""),
        ("wo_spk", "", ""),
        ("with_spk", "", speaker),
    ):
        expected = golden[f"sys_prompt_{name}"].replace("{}", speaker)
        yield _text(f"system prompt {name}", system_prompt(text, named), expected)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _codes(case: str, actual: ArrayLike, golden: ArrayLike) -> Check:
    return compare_codes(_COMPONENT, case, _BY, actual, golden)


def _text(case: str, actual: str, golden: str) -> Check:
    return _codes(case, [actual], [golden])


def _either(case: str, attempt: Callable[[], ArrayLike], golden: ArrayLike | None) -> Check:
    """Compare what `attempt` returns, or make sure that it refuses where the reference did (None)."""
    try:
        actual = attempt()
    except (KeyError, ValueError):
        return _codes(case, [golden is None], [True])
    return _codes(case, actual, golden) if golden is not None else _codes(case, ["accepted"], ["refused"])
