"""The sound of one clause as it comes: its leading silence cut, and which words each piece says."""

import unicodedata

import numpy as np

from edge_audio.audio.frame import AUDIBLE, Samples
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk

_LEAD_S = 0.008
"""How much is kept before the first audible sample: a soft onset starts below the threshold."""

_HELD_S = 0.01
"""How much sound is held back, so that there is a last chunk when the end is known."""

_LETTER_S, _SIGN_S = 0.12, 0.45
"""Time of a slow speaker for a letter, and for a digit or a sign that is a syllable, such as 你."""


def slow_speech_s(text: str) -> float:
    """Return how long a slow speaker takes to say `text`."""
    return sum(_SIGN_S if _is_sign(char) else _LETTER_S for char in text)


def longest_speech_s(text: str) -> float:
    """Return the longest time that `text` takes, even sung: longer speech says something else."""
    return 2.0 + 2.0 * slow_speech_s(text)


class ClauseSound:
    """Makes chunks of the pieces of sound of one clause.

    Words are spread evenly over the sound. While more of it is being written its length is unknown: then the
    speaker is assumed to be slow, so that nothing counts as said too early.
    """

    def __init__(self, clause: Clause, rate_hz: int) -> None:
        """`rate_hz` is the rate of the sound."""
        self.written_s = 0.0
        """Length of all sound written so far, on its way or already here."""
        self.complete = False
        """True when no more will be written."""
        self._clause = clause
        self._rate_hz = rate_hz
        self._slow_s = slow_speech_s(clause.text)
        self._audible = False
        self._held: Samples = np.zeros(0, np.float32)
        self._samples = 0  # handed out or cut off
        self._said = 0  # characters

    def push(self, pcm: Samples) -> SpokenChunk | None:
        """Return what can be played now that `pcm` has come, if anything can."""
        self._held = np.concatenate([self._held, pcm])
        if not self._audible:
            self._cut_silence()
        ready = len(self._held) - round(_HELD_S * self._rate_hz)
        if not self._audible or ready <= 0:
            return None
        sound_s = max(self.written_s, 0.0 if self.complete else self._slow_s)
        share = (self._samples + ready) / (sound_s * self._rate_hz)
        return self._chunk(ready, int(len(self._clause.text) * min(share, 1.0)))

    def finish(self) -> SpokenChunk | None:
        """Return the last chunk; None if nothing was audible."""
        return self._chunk(len(self._held), len(self._clause.text)) if self._audible else None

    def _cut_silence(self) -> None:
        """Drop what precedes the first audible sample, but for a lead."""
        audible = np.flatnonzero(np.abs(self._held) >= AUDIBLE)
        self._audible = len(audible) > 0
        first = int(audible[0]) if self._audible else len(self._held)
        silent = max(0, first - round(_LEAD_S * self._rate_hz))
        self._held = self._held[silent:]
        self._samples += silent

    def _chunk(self, samples: int, said: int) -> SpokenChunk:
        pcm, self._held = self._held[:samples], self._held[samples:]
        start, self._said = self._said, max(self._said, said)
        self._samples += samples
        offset = self._clause.text_start
        return SpokenChunk(pcm, offset + start, offset + self._said)


def _is_sign(char: str) -> bool:
    return char.isdigit() or unicodedata.east_asian_width(char) in "WF"
