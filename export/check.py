"""One comparison with golden data: what was computed, how far off it is, and how far it may be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = TypeVar("Values")
"""NumPy's or PyTorch's array."""


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one comparison; a row of the table that `python -m export verify` prints."""

    component: str
    """linguistic, semantic, lm, flow, hift, tokens or features."""
    case: str
    """Which input and which of its outputs: "speech_a enc_out"."""
    by: str
    """What computed it: torch, onnx or numpy."""
    max_abs_error: float
    """Largest difference to the golden values; infinite where shapes differ or a value is not finite."""
    tolerance: float
    """Largest difference allowed."""
    equal: int = 0
    """Codes that agree."""
    total: int = 0
    """Codes compared; 0 where the case has none."""
    may_differ: int = 0
    """How many codes may disagree: those that the golden data marks as nearly undecided."""

    @property
    def passed(self) -> bool:
        """Whether error and codes are within what is allowed."""
        return self.max_abs_error <= self.tolerance and self.total - self.equal <= self.may_differ


def compare(
    component: str, case: str, by: str, actual: ArrayLike, golden: ArrayLike, tolerance: float
) -> Check:
    """Compare values; arrays of different shape differ infinitely."""
    return Check(component, case, by, max_abs_error(actual, golden), tolerance)


def compare_codes(
    component: str, case: str, by: str, actual: ArrayLike, golden: ArrayLike, may_differ: int = 0
) -> Check:
    """Compare codes, ids or strings one by one; a different number of them is an infinite error."""
    ours, theirs = np.asarray(actual).reshape(-1), np.asarray(golden).reshape(-1)
    error = 0.0 if ours.shape == theirs.shape else np.inf
    shared = min(len(ours), len(theirs))
    equal = int(np.sum(ours[:shared] == theirs[:shared]))
    return Check(component, case, by, error, 0.0, equal, len(theirs), may_differ)


def counted(arrays: Mapping[str, Values], name: str) -> Values | None:
    """Return the array whose name is `name` and a number, as in "window_first3", or None."""
    pattern = re.compile(re.escape(name) + "[0-9]+")
    return next((arrays[each] for each in arrays if pattern.fullmatch(each)), None)


def max_abs_error(actual: ArrayLike, golden: ArrayLike) -> float:
    """Return the largest difference, infinite where shapes differ or a difference is not a number."""
    ours: NDArray[Any] = np.asarray(actual, dtype=np.float64)
    theirs: NDArray[Any] = np.asarray(golden, dtype=np.float64)
    if ours.shape != theirs.shape:
        return float("inf")
    difference = np.max(np.abs(ours - theirs), initial=0.0)
    return float(difference) if np.isfinite(difference) else float("inf")
