"""Random numbers that belong to places on the time line: the same ones however it is cut."""

import numpy as np
from numpy.typing import NDArray

_BLOCK = 256
"""Places drawn at once."""


class PlacedNoise:
    """Normal noise on an endless time line: the values at a place never change, and none are stored."""

    def __init__(self, seed: int, rows: int) -> None:
        """`rows` values at each place; other seeds give other noise."""
        self._seed = seed
        self._rows = rows

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the noise from `start` to `stop`, which may be negative, shape (rows, stop - start)."""
        first = start // _BLOCK
        blocks = [self._block(block) for block in range(first, -(-stop // _BLOCK))]
        if not blocks:
            return np.zeros((self._rows, 0), np.float32)
        offset = first * _BLOCK
        return np.concatenate(blocks, axis=1)[:, start - offset : stop - offset]

    def _block(self, block: int) -> NDArray[np.float32]:
        generator = np.random.default_rng((self._seed, int(block < 0), abs(block)))
        return generator.standard_normal((self._rows, _BLOCK), dtype=np.float32)
