"""Hums in place of speech: a voice that hums, a transcriber of hums, and how a corpus is written."""

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.duration import spoken_letters
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, VoiceError

T = TypeVar("T")

LETTER_S, BESIDE_S = 0.06, 0.1
F0_HZ = 120.0
TEXTS = (
    "I would like that.",
    "The loud cat sat by the door all day.",
    "It is 7 miles.",
    "Good morning to you!",
)


def hum(seconds: float, f0_hz: float = F0_HZ, rate_hz: int = INPUT_RATE_HZ) -> Samples:
    """A tone with ten harmonics: as voiced as sound can be."""
    phase = 2 * np.pi * f0_hz / rate_hz * np.arange(round(seconds * rate_hz))
    twice_cosine = 2 * np.cos(phase)
    before, wave = np.zeros_like(phase), np.sin(phase)
    total = np.zeros_like(phase)
    for order in range(
        1, 11
    ):  # each harmonic from the two before: ten sines would take most of a test's time
        total += wave / order
        before, wave = wave, twice_cosine * wave - before
    return (0.1 * total).astype(np.float32)


def length_of(text: str) -> float:
    """How long a text is hummed, in seconds."""
    return BESIDE_S + LETTER_S * spoken_letters(text)


def as_said(text: str, voice: str = "ann") -> Sentence:
    """A hum as long as its letters want."""
    return Sentence(text, voice, hum(length_of(text)))


class Hummer:
    """A `Voice` that hums as long, and as high, as its rule says."""

    name = "hummer"
    sample_rate_hz = 24_000
    speakers = ("ann", "ben")

    def __init__(
        self,
        length_s: Callable[[str, Style], float] = lambda text, style: length_of(text) / style.speed,
        f0_hz: Callable[[Style], float] = lambda style: F0_HZ * style.pitch,
        abilities: Sequence[str] = ("speaker", "speed", "pitch"),
    ) -> None:
        self.abilities = frozenset(abilities)
        self.said: list[tuple[str, Style]] = []
        self._length_s = length_s
        self._f0_hz = f0_hz

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        self.said.append((clause.text, style))
        seconds = self._length_s(clause.text, style)
        if not seconds:
            raise VoiceError("There is no sound.")
        pcm = hum(seconds, self._f0_hz(style), self.sample_rate_hz)
        for part in np.array_split(pcm, 3):
            yield SpokenChunk(part, clause.text_start, clause.text_start + len(clause.text))

    async def warm_up(self) -> None:
        pass

    async def close(self) -> None:
        pass


class HumTranscriber:
    """Knows each of some sentences by how long it is, and understands nothing else."""

    name = "stub"

    def __init__(self, *texts: str) -> None:
        self._texts = {length_of(text): text for text in texts}

    async def transcribe(self, pcm: Samples) -> str:
        seconds = len(pcm) / INPUT_RATE_HZ
        return next((text for length_s, text in self._texts.items() if abs(length_s - seconds) < 0.01), "")

    async def close(self) -> None:
        pass


def silent(work: str, items: Sequence[T]) -> Iterable[T]:
    """A `Track` that shows nothing."""
    return items


def write_part(folder: Path, number: int, sayings: Sequence[dict[str, object]]) -> None:
    """Write a part of a corpus, each saying a hum."""
    folder.mkdir(exist_ok=True)
    sounds: list[Samples] = []
    lines = []
    first = 0
    for saying in sayings:
        pcm = hum(length_of(str(saying["text"])))
        whole = {"narrator": "ann", "tag": "", "held_out": True, "phones": [["ih", 0.1]]} | saying
        lines.append(json.dumps(whole | {"first": first, "samples": len(pcm)}))
        sounds.append(pcm)
        first += len(pcm)
    soundfile.write(folder / f"{number:05d}.flac", np.concatenate(sounds), INPUT_RATE_HZ, "PCM_16")
    (folder / f"{number:05d}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
