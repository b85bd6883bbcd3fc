"""The duration of speech against the expected one, which shows a voice that runs away or is cut off."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.tts.clause_sound import longest_speech_s

_FRAME_SAMPLES = INPUT_RATE_HZ // 100

_QUIET_DB = 35.0
"""A frame that is this much quieter than the loudest one is no speech. So the loudness doesn't matter, and
the noise that a decoder makes in silence is below it."""

_DIGIT_LETTERS = 4
"""Letters in the name of a digit, on average."""

_SHORTEST_S = 0.2
"""No word is shorter."""

_LEAST = 0.5
"""Speech that lasts less than this share of the expected duration is cut off."""

_MOST = 2.0
"""Speech that lasts more than this multiple of the expected duration has run away."""

_MORE_S = 0.3
"""Allowed beyond `_MOST`: `I`, `$` and `St.` take longer than their letters suggest."""

_LESS_S = 0.2
"""Taken off the expected duration before `_LEAST` applies: flite says `The.` in 0.12 s, not in 0.4."""

_TRIMMED_S = 0.5
"""Silence that a voice may have trimmed from the beginning of a clause."""


class Fault(StrEnum):
    """How the duration of speech can be wrong."""

    RUNAWAY = "runaway"
    """It lasts more than twice the expected duration, plus 0.3 s."""
    CUT_OFF = "cut-off"
    """It lasts less than half of the expected duration less 0.2 s."""
    LIMIT = "limit"
    """A clause is as long as its voice allows: it had to be stopped."""


def speech_s(pcm: Samples) -> float:
    """Return the seconds from the first to the last frame of 10 ms that is loud enough to be speech.

    `pcm` is at `INPUT_RATE_HZ`; 0 if all of it is silent.
    """
    frames = pcm[: len(pcm) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    if not power.any():
        return 0.0
    (loud,) = np.nonzero(power >= power.max() * 10 ** (-_QUIET_DB / 10))
    return float(loud[-1] - loud[0] + 1) * _FRAME_SAMPLES / INPUT_RATE_HZ


def spoken_letters(text: str) -> int:
    """Return about how many letters `text` has when its digits are written out."""
    return sum(_DIGIT_LETTERS if char.isdigit() else char.isalpha() for char in text)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a voice takes, by the letters that it speaks."""

    base_s: float
    """For a text without letters."""
    letter_s: float
    """For each letter."""

    @classmethod
    def of(cls, spoken: Iterable[tuple[str, float]]) -> Self:
        """Fit it to texts and their `speech_s`, by least squares."""
        texts, lengths_s = zip(*spoken, strict=True)
        letters = np.array([[1.0, spoken_letters(text)] for text in texts])
        base_s, letter_s = np.linalg.lstsq(letters, np.array(lengths_s), rcond=None)[0].tolist()
        return cls(base_s, letter_s)

    def expected_s(self, text: str) -> float:
        """Return how long `text` should take."""
        return max(_SHORTEST_S, self.base_s + self.letter_s * spoken_letters(text))

    def faults(self, text: str, lasted_s: float, clauses: Iterable[tuple[str, float]]) -> list[Fault]:
        """Return what is wrong with the duration of `text`.

        `lasted_s` is its `speech_s`; `clauses` are the clauses it was spoken in, with the length of their
        sound, silence included.
        """
        expected_s = self.expected_s(text)
        found = []
        if lasted_s > _MOST * expected_s + _MORE_S:
            found.append(Fault.RUNAWAY)
        if lasted_s < _LEAST * max(_SHORTEST_S, expected_s - _LESS_S):
            found.append(Fault.CUT_OFF)
        if any(sound_s + _TRIMMED_S >= longest_speech_s(clause) for clause, sound_s in clauses):
            found.append(Fault.LIMIT)
        return found
