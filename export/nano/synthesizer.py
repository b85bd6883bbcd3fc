"""The synthesizer of the data engine: flite, which also reports when each phone ends."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from export.nano.style import Style
from runtime.errors import UserError

LEVEL_DBFS = -23.0
"""RMS of the audible part of speech, at the usual loudness."""

_AUDIBLE = 0.01
_LIMIT = 0.99
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone of flite's set (ARPABET in lower case; `pau` for silence)."""

    name: str
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """A synthesised sentence."""

    pcm: Samples
    """At `INPUT_RATE_HZ`, the rate of flite's voices."""
    phones: tuple[Phone, ...]


class SynthesisError(Exception):
    """The synthesizer can't say a sentence."""


class Synthesizer(Protocol):
    """Synthesises sentences."""

    def say(self, sentence: str, style: Style) -> Speech:
        """Return `sentence` in `style`; the samples are the same each time. Raises `SynthesisError`."""
        ...


class Flite:
    """The small synthesizer of Carnegie Mellon University, run as a process for each sentence."""

    def __init__(self, scratch: Path) -> None:
        """`scratch` is the WAV file that flite writes each sentence to.

        Raises `UserError` if flite is missing.
        """
        if shutil.which("flite") is None:
            raise UserError(
                "The synthesizer flite is missing.", "Install it with: sudo apt-get install flite"
            )
        self._file = scratch

    def say(self, sentence: str, style: Style) -> Speech:
        """See `Synthesizer.say`."""
        options = ["-voice", style.speaker.name, "--setf", f"duration_stretch={1 / style.speed:.4f}"]
        if style.f0_hz is not None:
            options += ["--setf", f"int_f0_target_mean={style.f0_hz:.1f}"]
        command = ["flite", *options, "-psdur", "-t", sentence, "-o", str(self._file)]
        try:
            run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PATIENCE_S)
            pcm, rate_hz = soundfile.read(self._file, dtype="float32")
            phones = tuple(_phone(word) for word in run.stdout.split())
        except (subprocess.SubprocessError, soundfile.SoundFileError, ValueError) as error:
            raise SynthesisError(f"flite can't say {sentence!r}: {error}") from error
        if rate_hz != INPUT_RATE_HZ or not phones:
            raise SynthesisError(f"flite's answer to {sentence!r} is {rate_hz} Hz and {len(phones)} phones")
        return Speech(_at_level(pcm, LEVEL_DBFS + style.gain_db), phones)


def _phone(word: str) -> Phone:
    name, end_s = word.rsplit(":", 1)
    return Phone(name, float(end_s))


def _at_level(pcm: Samples, dbfs: float) -> Samples:
    """Return `pcm` with its audible part at `dbfs`, or less where it would clip."""
    audible = pcm[np.abs(pcm) > _AUDIBLE]
    if not len(audible):
        raise SynthesisError("flite is silent")
    gain = 10.0 ** (dbfs / 20) / np.sqrt(np.mean(np.square(audible)))
    return pcm * np.float32(min(gain, _LIMIT / np.abs(pcm).max()))
