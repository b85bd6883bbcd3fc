"""How fast this machine's memory can be read: what a language model's decode is measured against."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_BYTES = 1 << 28
"""Read at a time: far more than any cache holds."""

_TRIES = 8


def read_bandwidth_gb_s(threads: int) -> float:
    """Return the highest rate at which `threads` threads together read memory, in 10^9 bytes a second."""
    memory = np.ones(_BYTES // 4, np.float32)
    parts = np.array_split(memory, threads)
    times_s = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_TRIES):
            begin = time.perf_counter()
            list(pool.map(np.sum, parts))
            times_s.append(time.perf_counter() - begin)
    return round(memory.nbytes / min(times_s) / 1e9, 1)
