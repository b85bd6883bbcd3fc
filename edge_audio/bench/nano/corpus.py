"""Held-out speech with its text: the reference for the voices."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import soundfile

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from runtime.errors import UserError

_MAKE = "Make some with `python -m export nano data --held-out`."


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A sentence as speech and text."""

    text: str
    voice: str
    """The speaker's name."""
    pcm: Samples
    """At `INPUT_RATE_HZ`."""


class _Saying(msgspec.Struct, frozen=True, rename={"speaker": "narrator"}):
    """A line of a part's transcript; its other keys are for training."""

    text: str
    speaker: str
    tag: str
    first: int
    """Its first sample in the part's sound."""
    samples: int
    held_out: bool


def read_corpus(folder: Path, most: int) -> dict[str, list[Sentence]]:
    """Return up to `most` sentences of each speaker: held out, without a tag, each text once.

    `folder` holds parts: NNNNN.flac with NNNNN.jsonl beside it. Raises `UserError` if a part is damaged or
    there is no such sentence.
    """
    found: dict[str, dict[str, tuple[Path, _Saying]]] = {}
    for transcript in sorted(folder.glob("[0-9]*.jsonl")):
        for saying in _sayings(transcript):
            if saying.tag or not saying.held_out:
                continue
            texts = found.setdefault(saying.speaker, {})
            if len(texts) < most:
                texts.setdefault(saying.text, (transcript, saying))
    if not found:
        raise UserError(f"{folder} holds no speech that was kept out of training.", _MAKE)
    return {voice: [_read(*place) for place in found[voice].values()] for voice in sorted(found)}


def read_tags(folder: Path) -> dict[str, frozenset[str]]:
    """Return the tags that each speaker of a corpus has. Raises `UserError`."""
    found: dict[str, set[str]] = {}
    for transcript in sorted(folder.glob("[0-9]*.jsonl")):
        for saying in _sayings(transcript):
            found.setdefault(saying.speaker, set()).add(saying.tag)
    return {speaker: frozenset(tags - {""}) for speaker, tags in found.items()}


def read_recordings(folder: Path) -> list[Sentence]:
    """Return the recordings in `folder`: X.wav or X.flac with its text in X.txt; `voice` is X.

    Raises `UserError` if there is none or a file can't be read.
    """
    found = []
    for path in sorted((*folder.glob("*.wav"), *folder.glob("*.flac"))):
        try:
            text = path.with_suffix(".txt").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"{path.with_suffix('.txt')} is missing or can't be read.",
                f"Write into it what {path.name} says.",
            ) from error
        found.append(Sentence(" ".join(text.split()), path.stem, read_audio(path)))
    if not found:
        raise UserError(f"{folder} holds no .wav or .flac file.", "Name a folder of recordings.")
    return found


def _sayings(transcript: Path) -> list[_Saying]:
    try:
        lines = transcript.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=_Saying) for line in lines]
    except (OSError, msgspec.MsgspecError) as error:
        raise _damaged(transcript) from error


def _read(transcript: Path, saying: _Saying) -> Sentence:
    sound, stop = transcript.with_suffix(".flac"), saying.first + saying.samples
    try:
        pcm, rate_hz = soundfile.read(sound, start=saying.first, stop=stop, dtype="float32")
    except (OSError, soundfile.SoundFileError, ValueError) as error:
        raise _damaged(transcript) from error
    if rate_hz != INPUT_RATE_HZ or len(pcm) != saying.samples:
        raise _damaged(transcript)
    return Sentence(saying.text, saying.speaker, pcm)


def _damaged(transcript: Path) -> UserError:
    return UserError(f"{transcript} or the sound beside it is damaged.", "Remove both, and make them again.")
