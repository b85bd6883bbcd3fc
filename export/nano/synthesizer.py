"""The synthesizer that speaks for the data engine: flite, which also tells when each phone ends."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from export.nano.manner import Manner
from runtime.errors import UserError

LEVEL_DBFS = -23.0
"""RMS of the audible part of speech of the usual loudness."""

_AUDIBLE = 0.01
_LIMIT = 0.99
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone of flite's set (ARPABET in small letters; `pau` for silence)."""

    name: str
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """A sentence that was said."""

    pcm: Samples
    """At `INPUT_RATE_HZ`, the rate of flite's voices."""
    phones: tuple[Phone, ...]


class SynthesisError(Exception):
    """A sentence that the synthesizer can't say."""


class Synthesizer(Protocol):
    """Says sentences."""

    def say(self, sentence: str, manner: Manner) -> Speech:
        """Return `sentence`, said in `manner`, the same each time. Raises `SynthesisError`."""
        ...


class Flite:
    """The small synthesizer of Carnegie Mellon University, as a program of its own."""

    def __init__(self, scratch: Path) -> None:
        """`scratch` is a WAV file that it writes again and again.

        Raises `UserError` if flite is missing.
        """
        if shutil.which("flite") is None:
            raise UserError(
                "The synthesizer flite is missing.", "Install it with: sudo apt-get install flite"
            )
        self._file = scratch

    def say(self, sentence: str, manner: Manner) -> Speech:
        """See `Synthesizer.say`."""
        options = ["-voice", manner.narrator.name, "--setf", f"duration_stretch={1 / manner.speed:.4f}"]
        if manner.f0_hz is not None:
            options += ["--setf", f"int_f0_target_mean={manner.f0_hz:.1f}"]
        command = ["flite", *options, "-psdur", "-t", sentence, "-o", str(self._file)]
        try:
            told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PATIENCE_S)
            pcm, rate_hz = soundfile.read(self._file, dtype="float32")
            phones = tuple(_phone(word) for word in told.stdout.split())
        except (subprocess.SubprocessError, soundfile.SoundFileError, ValueError) as error:
            raise SynthesisError(f"flite can't say {sentence!r}: {error}") from error
        if rate_hz != INPUT_RATE_HZ or not phones:
            raise SynthesisError(f"flite's answer to {sentence!r} is {rate_hz} Hz and {len(phones)} phones")
        return Speech(_at_level(pcm, LEVEL_DBFS + manner.gain_db), phones)


def _phone(word: str) -> Phone:
    name, end_s = word.rsplit(":", 1)
    return Phone(name, float(end_s))


def _at_level(pcm: Samples, dbfs: float) -> Samples:
    """Return `pcm` with its audible part at `dbfs`, or as loud as fits."""
    audible = pcm[np.abs(pcm) > _AUDIBLE]
    if not len(audible):
        raise SynthesisError("flite is silent")
    gain = 10.0 ** (dbfs / 20) / np.sqrt(np.mean(np.square(audible)))
    return pcm * np.float32(min(gain, _LIMIT / np.abs(pcm).max()))
