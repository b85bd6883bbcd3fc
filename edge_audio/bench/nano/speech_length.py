"""How long speech lasts, and how long it should: what tells a voice that runs on, or stops too early."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.tts.clause_sound import longest_speech_s

_FRAME_SAMPLES = INPUT_RATE_HZ // 100

_QUIET_DB = 35.0
"""What is this much quieter than the loudest frame is no speech: so the same whatever the loudness, and above
what a decoder makes of a silence."""

_DIGIT_LETTERS = 4
"""Letters of a digit's name, on average."""

_SHORTEST_S = 0.2
"""No word is shorter."""

_LEAST, _MOST = 0.5, 2.0
"""How much of the expected length speech may last."""

_BESIDE_S = 0.3
"""What it may last beside that: `I`, `$` and `St.` are longer than their letters tell."""

_LESS_S = 0.2
"""What may be less than letters tell before it is halved: flite says `The.` in 0.12 s, not in 0.4."""

_BEGINNING_S = 0.5
"""Of a silent beginning that a voice may have cut off what it made."""


class Fault(StrEnum):
    """How the length of speech can be wrong."""

    RUNAWAY = "runaway"
    """It lasts more than twice as long as expected, and 0.3 s."""
    CUT_OFF = "cut-off"
    """It lasts less than half as long as what is expected less 0.2 s."""
    LIMIT = "limit"
    """A clause is as long as its voice lets any get: it had to be stopped."""


def speech_s(pcm: Samples) -> float:
    """Return the seconds from the first to the last frame of 10 ms that is loud enough to be speech.

    `pcm` is at `INPUT_RATE_HZ`; 0 where all is silent.
    """
    frames = pcm[: len(pcm) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    if not power.any():
        return 0.0
    (loud,) = np.nonzero(power >= power.max() * 10 ** (-_QUIET_DB / 10))
    return float(loud[-1] - loud[0] + 1) * _FRAME_SAMPLES / INPUT_RATE_HZ


def spoken_letters(text: str) -> int:
    """Return how many letters `text` has when its digits are written out, about."""
    return sum(_DIGIT_LETTERS if char.isdigit() else char.isalpha() for char in text)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a voice takes, by the letters that it says."""

    beside_s: float
    """For a text of no letter."""
    letter_s: float

    @classmethod
    def of(cls, spoken: Iterable[tuple[str, float]]) -> Self:
        """Fit it to texts and their `speech_s` (least squares)."""
        texts, lengths_s = zip(*spoken, strict=True)
        letters = np.array([[1.0, spoken_letters(text)] for text in texts])
        beside_s, letter_s = np.linalg.lstsq(letters, np.array(lengths_s), rcond=None)[0].tolist()
        return cls(beside_s, letter_s)

    def expected_s(self, text: str) -> float:
        """Return how long speech that says `text` should last."""
        return max(_SHORTEST_S, self.beside_s + self.letter_s * spoken_letters(text))

    def faults(self, text: str, lasted_s: float, clauses: Iterable[tuple[str, float]]) -> list[Fault]:
        """Return what is wrong with the length of speech that says `text`.

        `lasted_s` is its `speech_s`; `clauses` are those it was spoken in, with how long the sound of each
        is, silence and all.
        """
        expected_s = self.expected_s(text)
        found = []
        if lasted_s > _MOST * expected_s + _BESIDE_S:
            found.append(Fault.RUNAWAY)
        if lasted_s < _LEAST * max(_SHORTEST_S, expected_s - _LESS_S):
            found.append(Fault.CUT_OFF)
        if any(sound_s + _BEGINNING_S >= longest_speech_s(clause) for clause, sound_s in clauses):
            found.append(Fault.LIMIT)
        return found
