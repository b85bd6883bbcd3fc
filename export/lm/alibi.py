"""Slopes of the attention bias, by which Step1 knows positions: the square root of ALiBi's distance.

`bias = -slope * sqrt(distance)` for the keys before a query (Step-Audio release, `modeling_step1`).
"""

from collections.abc import Sequence
from math import log2


def slopes_of(heads: int) -> tuple[float, ...]:
    """Return the slope of each of `heads` heads.

    As in ALiBi (Press et al., 2022): for a power of two, a geometric series down to 2**-8; the heads beyond
    it take every second slope of a series twice as long.
    """
    power = 1 << (heads.bit_length() - 1)
    first = [2.0 ** (-8.0 * k / power) for k in range(1, power + 1)]
    rest = [2.0 ** (-4.0 * (2 * k - 1) / power) for k in range(1, heads - power + 1)]
    return tuple(first + rest)


def interpolated(slopes: Sequence[float], ratio: float) -> tuple[float, ...]:
    """Return `slopes` for texts `ratio` times longer than in training.

    The steepest slope stays, the gentlest is divided by the root of `ratio`, those between in proportion
    to their logarithm.
    """
    steepest, gentlest = log2(max(slopes)), log2(min(slopes))
    if ratio == 1.0 or steepest == gentlest:
        return tuple(slopes)
    return tuple(
        slope / ratio ** ((steepest - log2(slope)) / (steepest - gentlest) / 2.0) for slope in slopes
    )
