"""What the scripted user says: recorded turns, and sounds made over replies, in parts."""

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
    """Something recorded; times in seconds of the file."""

    file: str
    text: str
    """What is said, or what it is."""
    speech_start_s: float
    speech_end_s: float
    voice: str = ""
    pauses: tuple[Pause, ...] = ()
    tags: tuple[str, ...] = ()
    """What is special about it: `filler`, `correction`, `list`, `spelled`, or `alone` where what is said
    before the pause could stand alone."""
    folder: Path = CLIPS

    @property
    def name(self) -> str:
        """How the script calls it."""
        return Path(self.file).stem

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.folder / self.file

    def samples(self) -> Samples:
        """Read it, at `INPUT_RATE_HZ`."""
        return read_audio(self.path)


class SpokenTurn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A turn of the script."""

    clip: str
    into_reply_s: float | None = None
    """When it interrupts the reply before: its onset, after that reply's first audible sample. Unset, it
    waits for silence."""
    sound: str | None = None
    """What is heard over the reply to it."""
    sound_s: float = 0.6
    """When: its onset, after that reply's first audible sample."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A conversation by itself, which knows nothing of the others."""

    name: str
    turns: tuple[SpokenTurn, ...]
    noise: str | None = None
    """What is heard all the time."""
    echo: bool = False
    """Whether the microphone hears the speaker, through a room; then the echo canceller runs."""


@dataclass(frozen=True, slots=True)
class Material:
    """All of it."""

    clips: dict[str, Clip]
    """Turns and sounds, by name."""
    parts: tuple[Part, ...]

    @property
    def turns(self) -> int:
        """How many turns there are."""
        return sum(len(part.turns) for part in self.parts)

    def first(self, turns: int) -> "Material":
        """Return a shorter script of so many turns, of each part its share from the beginning."""
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
    """Read a noise that is heard again and again, at `INPUT_RATE_HZ`."""
    return read_audio(CLIPS / f"{name}.flac")


def quiet_room(seconds: float) -> Samples:
    """Return what a microphone hears where nobody is: noise at -65 dBFS."""
    noise = np.random.default_rng(0).standard_normal(round(seconds * INPUT_RATE_HZ))
    noise *= 10.0 ** (-65 / 20)
    return noise.astype(np.float32)


def _read_clips(manifest: Path) -> list[Clip]:
    groups = msgspec.convert(tomllib.loads(manifest.read_text("utf-8")), dict[str, list[Clip]])
    clips = [clip for group in groups.values() for clip in group]
    return [msgspec.structs.replace(clip, folder=manifest.parent) for clip in clips]
