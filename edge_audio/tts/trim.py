"""Joins clauses: cuts their own silence, and adds a pause of the right length."""

import numpy as np

from edge_audio.audio.frame import AUDIBLE, Samples

_LEAD_MS = 8
"""How much is kept before the first audible sample: a soft onset starts below the threshold."""

_TAIL_MS = 30
"""How much is kept after the last audible sample, fading: the sound's end in the room."""


def trim(pcm: Samples, rate_hz: int, pause_ms: float) -> Samples:
    """Return the audible part of `pcm` with short fades at its ends, followed by `pause_ms` of silence.

    The pause counts from the last audible sample. Returns no samples if none is audible.
    """
    audible = np.flatnonzero(np.abs(pcm) >= AUDIBLE)
    if not len(audible):
        return pcm[:0]
    first, last = int(audible[0]), int(audible[-1]) + 1
    lead, tail = rate_hz * _LEAD_MS // 1000, rate_hz * _TAIL_MS // 1000
    start, end = max(0, first - lead), min(len(pcm), last + tail)
    pause = round(rate_hz * pause_ms / 1000)
    trimmed = np.zeros(max(last + pause, end) - start, np.float32)
    trimmed[: end - start] = pcm[start:end]
    _fade(trimmed[: min(lead, end - start)])
    _fade(trimmed[max(0, end - start - tail) : end - start][::-1])
    return trimmed


def _fade(pcm: Samples) -> None:
    """Make `pcm`, a view, rise from zero."""
    pcm *= np.linspace(0.0, 1.0, len(pcm), endpoint=False, dtype=np.float32)
