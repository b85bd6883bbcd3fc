"""The pitch of synthetic speech, from autocorrelation: a training target of vocoder and tokenizers."""

import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples

LOWEST_HZ, HIGHEST_HZ = 60.0, 400.0
"""The range of pitches that are found."""

_WINDOW_SAMPLES = 640
"""40 ms: two and a half periods of the lowest pitch."""

_VOICED = 0.55
"""Speech is voiced from this normalised autocorrelation on."""

_QUIET_DB = 45.0
"""A frame that is this much quieter than the loudest one is not voiced."""

_JUMP_COST = 0.35
"""Cost of an octave between neighbouring frames; a correlation of 1 gains 1."""

_HIGHER_COST = 0.03
"""Cost of each octave below `HIGHEST_HZ`: two periods correlate as well as one."""

_CANDIDATES = 4


def f0_of(pcm: Samples, middles: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the pitch in Hz around each of `middles`, samples of `pcm` at 16 kHz; 0 where unvoiced.

    It is the smoothest path through the peaks of the normalised autocorrelation.
    """
    shortest, longest = int(INPUT_RATE_HZ / HIGHEST_HZ), int(INPUT_RATE_HZ / LOWEST_HZ)
    size = _WINDOW_SAMPLES + longest
    starts = np.round(middles).astype(np.int64)  # after the padding, a window begins half its length before
    padded = np.pad(pcm, (size // 2, size))
    frames = padded[starts[:, None] + np.arange(size)]
    frames = frames - frames.mean(axis=1, keepdims=True)
    head = frames[:, :_WINDOW_SAMPLES]
    length = 1 << (size + _WINDOW_SAMPLES - 1).bit_length()
    product = np.fft.rfft(frames, length) * np.conj(np.fft.rfft(head, length))
    correlation = np.fft.irfft(product, length)[:, : longest + 1]
    energies = np.cumsum(np.square(np.pad(frames, ((0, 0), (1, 0)))), axis=1)
    lags = np.arange(longest + 1)
    tails = energies[:, lags + _WINDOW_SAMPLES] - energies[:, lags]
    heads = tails[:, :1]
    correlation = correlation / np.sqrt(np.maximum(heads * tails, 1e-9))
    level_db = 10 * np.log10(np.maximum(heads[:, 0], 1e-9))
    audible = level_db > level_db.max(initial=-90.0) - _QUIET_DB
    return _path(correlation, audible, shortest)


def _path(correlation: NDArray[np.float64], audible: NDArray[np.bool_], shortest: int) -> NDArray[np.float32]:
    """Return each frame's pitch on the best path through the peaks of `correlation` (frames, lags)."""
    count, lags = correlation.shape
    inner = correlation[:, 1:-1]
    peaks = (inner >= correlation[:, :-2]) & (inner > correlation[:, 2:])
    score = np.full((count, lags), -1.0)
    score[:, 1:-1] = np.where(peaks, inner, -1.0)
    score[:, :shortest] = -1.0
    octaves = np.log2(np.maximum(np.arange(lags), 1) / shortest)
    ranked = score - _HIGHER_COST * octaves
    best = np.argsort(-ranked, axis=1)[:, :_CANDIDATES]
    values = np.take_along_axis(ranked, best, axis=1)
    heights = octaves[best]
    total = values[0].copy() if count else np.zeros(_CANDIDATES)
    back = np.zeros((count, _CANDIDATES), np.int64)
    for frame in range(1, count):
        candidates = total[None, :] - _JUMP_COST * np.abs(
            heights[frame][:, None] - heights[frame - 1][None, :]
        )
        back[frame] = candidates.argmax(axis=1)
        total = candidates.max(axis=1) + values[frame]
    f0 = np.zeros(count, np.float32)
    choice = int(total.argmax()) if count else 0
    for frame in range(count - 1, -1, -1):
        lag = best[frame, choice]
        if audible[frame] and score[frame, lag] > _VOICED:
            f0[frame] = INPUT_RATE_HZ / _refined(correlation[frame], int(lag))
        choice = int(back[frame, choice])
    return f0


def _refined(values: NDArray[np.float64], lag: int) -> float:
    """Return where the parabola through the three values around `lag` has its peak."""
    before, here, after = values[lag - 1 : lag + 2]
    bend = before - 2 * here + after
    return lag if bend >= 0 else lag + 0.5 * float(before - after) / float(bend)
