"""From noise to a mel spectrogram: solves the flow's differential equation in Euler steps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Mel = NDArray[np.float32]
"""Log-mel values, shape (bands, frames)."""

Velocity = Callable[[Mel, np.float32], Mel]
"""Returns the velocity of `x` at a time."""

_TIME_SCALE = 1000.0
"""The estimator's factor on the time."""


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """The times of the steps, 0 … 1, and their lengths."""

    times: NDArray[np.float32]
    """The time that the estimator is given at each step, shape (steps,)."""
    lengths: NDArray[np.float32]
    """Shape (steps,)."""


def cosine_grid(steps: int) -> TimeGrid:
    """Return CosyVoice's times, whose first steps are short: 1 - cos(π/2 · k / steps)."""
    ends = 1.0 - np.cos(np.linspace(0.0, 1.0, steps + 1, dtype=np.float32) * np.float32(0.5 * np.pi))
    times, lengths = _walk(ends.astype(np.float32), _as_is)
    return TimeGrid(times, lengths)


def bfloat16_grid(steps: int) -> TimeGrid:
    """Return the times of `cosine_grid` with the rounding of the Step-Audio release.

    There the times, their sums and the argument of the time's encoding are bfloat16. The rest of that
    arithmetic is not reproduced here.
    """
    # PyTorch counts its even spacing from both ends.
    step = _bfloat16(1.0 / steps)
    half = (steps + 1) // 2
    up = _bfloat16(step * np.arange(half, dtype=np.float32))
    down = _bfloat16(1.0 - _bfloat16(step * np.arange(steps - half, -1, -1, dtype=np.float32)))
    angles = _bfloat16(_bfloat16(np.concatenate((up, down)) * np.float32(0.5)) * np.float32(np.pi))
    times, lengths = _walk(_bfloat16(1.0 - _bfloat16(np.cos(angles))), _bfloat16)
    return TimeGrid(_bfloat16(times * _TIME_SCALE) / np.float32(_TIME_SCALE), lengths)


def solve(velocity: Velocity, noise: Mel, grid: TimeGrid) -> Mel:
    """Return where `noise` arrives that follows `velocity` over all steps of `grid`."""
    x = noise
    for time, length in zip(grid.times, grid.lengths, strict=True):
        x = x + length * velocity(x, time)
    return x


def _walk(
    ends: NDArray[np.float32], rounded: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return times and lengths of the steps between `ends`: each time is the sum of the lengths before it."""
    times, lengths = [ends[0]], [rounded(ends[1] - ends[0])]
    for end in ends[2:]:
        times.append(rounded(times[-1] + lengths[-1]))
        lengths.append(rounded(end - times[-1]))
    return np.array(times, np.float32), np.array(lengths, np.float32)


def _as_is(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values


def _bfloat16(values: ArrayLike) -> NDArray[np.float32]:
    """Round to the nearest bfloat16, ties to even."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    kept: NDArray[np.float32] = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(np.float32)
    return kept
