"""Cuts the silence before and after the speech of a recording at 16 kHz."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples

_WINDOW_SAMPLES = 512
_HOP_SAMPLES = 128

_RANGE_DB = 20.0
"""A part that is this much quieter than the loudest one is silence."""

_LEAST_POWER = 1e-10
"""Power that counts as none: -100 dB."""

_KEPT_BEFORE = INPUT_RATE_HZ * 5 // 100
"""Samples kept before the speech: 50 ms."""

_KEPT = INPUT_RATE_HZ * 27 // 100
"""Samples kept before and after it together: 270 ms."""

_UNIT = 240
"""The length of the speech is rounded up to a multiple of so many samples: 15 ms."""


def trim_silence(pcm: Samples) -> Samples:
    """Return the speech in `pcm`, shape (n,), at 16 kHz with 50 ms before it and about 220 ms after it.

    A recording that is too short for that is padded with zeros. Silence is relative to the loudest part, so a
    recording that is silent throughout is kept as it is, and an empty one gives 270 ms of zeros.
    """
    start, end = speech_span(pcm)
    length = math.ceil((end - start) / _UNIT) * _UNIT + _KEPT
    kept = pcm[max(0, start - _KEPT_BEFORE) :]
    missing_before = max(0, _KEPT_BEFORE - start)
    kept = kept[: length - missing_before]
    return np.pad(kept, (missing_before, length - missing_before - len(kept)))


def speech_span(pcm: Samples) -> tuple[int, int]:
    """Return the start of the first window that isn't silent, and the end of the last one, in samples.

    A window is 32 ms, one every 8 ms, as in librosa's `trim`. Returns (0, 0) for an empty recording.
    """
    padded = np.pad(pcm, _WINDOW_SAMPLES // 2)
    windows = sliding_window_view(padded, _WINDOW_SAMPLES)[::_HOP_SAMPLES]
    power = np.mean(np.square(windows), axis=1)
    level_db = 10.0 * np.log10(np.maximum(power, _LEAST_POWER))
    loud = np.flatnonzero(level_db > level_db.max() - _RANGE_DB)
    return int(loud[0]) * _HOP_SAMPLES, min(len(pcm), (int(loud[-1]) + 1) * _HOP_SAMPLES)
