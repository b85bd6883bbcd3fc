"""The pitch of speech: the median F0 of its voiced frames, from autocorrelation."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples

LOWEST_HZ, HIGHEST_HZ = 60.0, 400.0
"""The range of pitches that are found."""

_SHORTEST, _LONGEST = int(INPUT_RATE_HZ / HIGHEST_HZ), int(INPUT_RATE_HZ / LOWEST_HZ)
"""Their periods, in samples."""

_HOP_SAMPLES = INPUT_RATE_HZ // 100

_WINDOW_SAMPLES = 2 * _LONGEST
"""33 ms: two periods of the lowest pitch."""

_VOICED = 0.6
"""A frame is voiced from this correlation with itself a period later on."""

_NEARLY_BEST = 0.85
"""Share of the best correlation. The shortest period with that much is the true one: two periods correlate as
well."""

_QUIET_DB = 30.0
"""A frame that is this much quieter than the loudest one is not voiced."""


def median_f0_hz(pcm: Samples) -> float | None:
    """Return the median F0 in Hz of the voiced frames of `pcm` at `INPUT_RATE_HZ`; None if there is none."""
    size = _WINDOW_SAMPLES + _LONGEST + 1
    if len(pcm) < size:
        return None
    frames = sliding_window_view(pcm.astype(np.float64), size)[::_HOP_SAMPLES]
    power = np.mean(np.square(frames), axis=1)
    frames = frames[(power > 0) & (power >= power.max() * 10 ** (-_QUIET_DB / 10))]
    periods = [period for row in _correlation(frames) if (period := _period(row)) is not None]
    return float(INPUT_RATE_HZ / np.median(periods)) if periods else None


def _correlation(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the normalised autocorrelation (frames, lags) of each frame's first `_WINDOW_SAMPLES`."""
    frames = frames - frames.mean(axis=1, keepdims=True)
    head = frames[:, :_WINDOW_SAMPLES]
    length = 1 << (frames.shape[1] + _WINDOW_SAMPLES).bit_length()
    product = np.fft.rfft(frames, length) * np.conj(np.fft.rfft(head, length))
    lags = frames.shape[1] - _WINDOW_SAMPLES + 1
    together = np.fft.irfft(product, length)[:, :lags]
    sums = np.cumsum(np.pad(np.square(frames), ((0, 0), (1, 0))), axis=1)
    energies = sums[:, _WINDOW_SAMPLES:] - sums[:, :-_WINDOW_SAMPLES]
    correlation: NDArray[np.float64] = together / np.sqrt(np.maximum(energies * energies[:, :1], 1e-12))
    return correlation


def _period(correlation: NDArray[np.float64]) -> float | None:
    """Return the period, in samples, at which a frame's `correlation` peaks; None if it isn't voiced."""
    before, here, after = (correlation[_SHORTEST + shift : _LONGEST + shift] for shift in (-1, 0, 1))
    values = np.where((here >= before) & (here > after), here, 0.0)
    if values.max() < _VOICED:
        return None
    place = int(np.argmax(values >= _NEARLY_BEST * values.max()))
    bend = before[place] - 2 * here[place] + after[place]  # below 0, as it is a peak
    return _SHORTEST + place + 0.5 * float((before[place] - after[place]) / bend)
