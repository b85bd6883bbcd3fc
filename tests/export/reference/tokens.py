"""Golden data of tokens, prompts and sampling: each rule of the release written out once more, plainly."""

import json
from pathlib import Path

import numpy as np

from tests.export.reference.weights import write_arrays, write_json

WINDOW, THRESHOLD = 6, 0.3
SINGER = "Mei"


def write_tokens(folder: Path, system_prompts: Path, seed: int) -> None:
    """Write the cases; `system_prompts` holds the release's own words, of which there are no others."""
    folder.mkdir()
    generator = np.random.default_rng(seed)
    words = json.loads(system_prompts.read_text(encoding="utf-8"))
    write_json(folder / "system_prompts.json", words)
    write_json(folder / "interleave.json", [_interleaved(generator, *n) for n in ((0, 9), (2, 3), (9, 11))])
    write_json(folder / "instruction.json", [{"text": t, "instruction": i} for t, i in _INSTRUCTIONS])
    write_json(folder / "chat.json", {"cases": _CHATS})
    cases = [_speech(words, *case, bos=bos) for bos in (True, False) for case in _SPEECHES]
    write_json(folder / "tts_prompt.json", {"cases": cases})
    _write_repetition(folder, generator)


def _interleaved(generator: np.random.Generator, first: int, then: int) -> dict[str, object]:
    vq02 = generator.integers(1024, size=first).tolist()
    vq06 = generator.integers(4096, size=then).tolist()
    names: list[int] = []
    while len(names) // 5 * 2 + 2 <= first and len(names) // 5 * 3 + 3 <= then:
        group = len(names) // 5
        names += vq02[2 * group : 2 * group + 2]
        names += [1024 + code for code in vq06[3 * group : 3 * group + 3]]
    ids = [65536 + name for name in names]
    return {
        "vq02": vq02,
        "vq06": vq06,
        "ids": ids,
        "string": "".join(f"<audio_{name}>" for name in names),
        "string_parsed_by_get_audio_tokens": ids or None,
        "parse_error": None if ids else "ValueError",
        "parse_equals_ids": bool(ids),
    }


_INSTRUCTIONS = [
    ("(悲伤1)唉", "悲伤1"),
    ("（哼唱）", "哼唱"),
    ("\t(RAP)", ""),
    ("(x（y）z) w", "x（y）z"),
    ("（韩语)（RAP）", "韩语"),
    ("plain (RAP)", ""),
]


def _asked(content: object, role: str = "user") -> dict[str, object]:
    return {"role": role, "content": content}


_OPEN = "<|BOT|>assistant\n"
_CHATS = [
    {"messages": [_asked("why")], "text": f"<|BOT|>human\nwhy<|EOT|>{_OPEN}", "error": None},
    {
        "messages": [_asked({"type": "audio", "audio": "longer name.wav"}), _asked(None, "assistant")],
        "text": f"<|BOT|>human\n<audio_15><audio_1039><|EOT|>{_OPEN}",
        "error": None,
    },
    {"messages": [_asked({"type": "video"}), _asked("b", "x")], "text": f"<|BOT|>x\nb<|EOT|>{_OPEN}"},
    {"messages": [_asked(1.5)], "text": None, "error": "ValueError"},
    {"messages": [{"role": "user"}], "text": None, "error": "KeyError: 'content'"},
]

_SPEECHES = [
    ("再见", SINGER, "早", [65540, 70655]),
    ("（RAP）走", SINGER + "RAP", "词", []),
    ("(哼唱)la", "", "x y", [66560]),
    ("（快速1）go", "", "z", [65536]),
]


def _speech(
    words: dict[str, str], text: str, speaker: str, example: str, codes: list[int], *, bos: bool
) -> dict[str, object]:
    def spelt(said: str) -> list[int]:
        return [100 + ord(character) for character in said]

    def encoded(said: str) -> list[int]:
        return [1] * bos + spelt(said)

    if text[1:].startswith(("RAP", "哼唱")):
        system = words["sys_prompt_for_vocal" if "哼唱" in text else "sys_prompt_for_rap"]
    else:
        system = words["sys_prompt_with_spk" if speaker else "sys_prompt_wo_spk"].replace("{}", speaker)
    human, assistant = [4, *encoded("human\n")], [4, *encoded("assistant\n")]
    ids = [1, 4, *encoded("system\n" + system), 3, *human, *spelt(example), 3, *assistant, *codes, 3]
    return {
        "bos": bos,
        "text": text,
        "prompt_text": example,
        "prompt_speaker": speaker,
        "prompt_code": codes,
        "ids": [*ids, *human, *spelt(text), 3, *assistant],
    }


def _write_repetition(folder: Path, generator: np.random.Generator) -> None:
    """A batch of sequences over few ids, too short for a window, just long enough, and longer."""
    arrays, cases = {}, []
    for length in (WINDOW - 1, WINDOW, 3 * WINDOW):
        ids = generator.integers(5, size=(4, length))
        given = generator.normal(size=(4, 5)).astype(np.float32)
        told, banned = given.copy(), []
        for row, sequence in enumerate(ids.tolist()):
            said = sequence[-WINDOW:]
            too_often = len(said) == WINDOW and said.count(said[-1]) / WINDOW > THRESHOLD
            banned.append([said[-1]] if too_often else [])
            told[row, banned[-1]] = -np.inf
        name = f"length_{length}"
        arrays |= {f"{name}_ids": ids, f"{name}_logits_in": given, f"{name}_logits_out": told}
        cases.append({"case": name, "batch": 4, "length": length, "banned": banned})
    write_arrays(folder / "repetition.npz", arrays)
    write_json(
        folder / "repetition.json",
        {"window": WINDOW, "threshold": THRESHOLD, "vocab": 5, "cases": cases},
    )
