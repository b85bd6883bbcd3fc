"""Joining clauses: their own silence off, a pause of the right length on."""

import numpy as np

from edge_audio.audio.frame import AUDIBLE, Samples

_LEAD_MS = 8
"""Kept of what precedes the first audible sample: a soft onset begins below the threshold."""

_TAIL_MS = 30
"""Kept of what follows the last audible sample, fading: the room's end of a sound."""


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
