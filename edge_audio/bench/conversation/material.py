"""The scripted user's material: recorded turns, and sounds over replies, in parts."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples

SCRIPT = Path(__file__).parent / "script.toml"
CLIPS = Path(__file__).parent / "clips"
QUESTIONS = Path(__file__).parents[1] / "questions"


class Pause(msgspec.Struct, frozen=True):
    """A silence inside a turn, in seconds of its clip."""

    start_s: float
    end_s: float


class Clip(msgspec.Struct, frozen=True):
    """A recording; times in seconds of the file."""

    file: str
    text: str
    """What is said, or a description of the sound."""
    speech_start_s: float
    speech_end_s: float
    voice: str = ""
    pauses: tuple[Pause, ...] = ()
    tags: tuple[str, ...] = ()
    """Special features: `filler`, `correction`, `list`, `spelled`, or `alone` if the words before the pause
    could be a turn of their own."""
    folder: Path = CLIPS

    @property
    def name(self) -> str:
        """Its name in the script."""
        return Path(self.file).stem

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.folder / self.file

    def samples(self) -> Samples:
        """Read the samples, at `INPUT_RATE_HZ`."""
        return read_audio(self.path)


class SpokenTurn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A turn of the script."""

    clip: str
    into_reply_s: float | None = None
    """Its onset after the first audible sample of the last reply, which it interrupts. Without it, it waits
    for silence."""
    sound: str | None = None
    """The sound over the reply to it."""
    sound_s: float = 0.6
    """The sound's onset after that reply's first audible sample."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A conversation of its own, independent of the others."""

    name: str
    turns: tuple[SpokenTurn, ...]
    noise: str | None = None
    """A noise in the background of the whole part."""
    echo: bool = False
    """True if the microphone picks up the speaker through a room; then the echo canceller runs."""


@dataclass(frozen=True, slots=True)
class Material:
    """The clips and the script."""

    clips: dict[str, Clip]
    """Turns and sounds, by name."""
    parts: tuple[Part, ...]

    @property
    def turns(self) -> int:
        """The number of turns."""
        return sum(len(part.turns) for part in self.parts)

    def first(self, turns: int) -> "Material":
        """Return a script of about `turns` turns: the beginning of each part, in proportion."""
        share = min(1.0, turns / self.turns)
        parts, before = [], 0
        for part in self.parts:
            after = before + len(part.turns)
            kept = part.turns[: round(after * share) - round(before * share)]
            before = after
            if kept:
                parts.append(msgspec.structs.replace(part, turns=kept))
        return Material(self.clips, tuple(parts))


def read_material() -> Material:
    """Read the manifests and the script."""
    clips = _read_clips(CLIPS / "clips.toml") + read_questions()
    parts = msgspec.convert(tomllib.loads(SCRIPT.read_text("utf-8"))["part"], tuple[Part, ...])
    return Material({clip.name: clip for clip in clips}, parts)


def read_questions() -> list[Clip]:
    """Read the manifest of the short questions, each of which is also a turn of the script."""
    return _read_clips(QUESTIONS / "questions.toml")


def read_noise(name: str) -> Samples:
    """Read a noise that is repeated, at `INPUT_RATE_HZ`."""
    return read_audio(CLIPS / f"{name}.flac")


def quiet_room(seconds: float) -> Samples:
    """Return the noise of an empty room, at -65 dBFS."""
    noise = np.random.default_rng(0).standard_normal(round(seconds * INPUT_RATE_HZ))
    noise *= 10.0 ** (-65 / 20)
    return noise.astype(np.float32)


def _read_clips(manifest: Path) -> list[Clip]:
    groups = msgspec.convert(tomllib.loads(manifest.read_text("utf-8")), dict[str, list[Clip]])
    clips = [clip for group in groups.values() for clip in group]
    return [msgspec.structs.replace(clip, folder=manifest.parent) for clip in clips]
