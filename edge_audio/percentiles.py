"""Percentiles, as reports give them."""

from collections.abc import Sequence

import numpy as np


def percentiles(values: Sequence[float], digits: int = 1) -> dict[str, float | None]:
    """Return p50, p90 and p95 of `values`; None each where there are none."""
    if not len(values):
        return {"p50": None, "p90": None, "p95": None}
    p50, p90, p95 = np.percentile(np.asarray(values, float), (50, 90, 95)).tolist()
    return {"p50": round(p50, digits), "p90": round(p90, digits), "p95": round(p95, digits)}


def percentile(values: Sequence[float], rank: float, digits: int = 1) -> float | None:
    """Return one percentile of `values`; None where there are none."""
    return round(float(np.percentile(np.asarray(values, float), rank)), digits) if len(values) else None
