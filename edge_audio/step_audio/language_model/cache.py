"""The key-value cache of one sequence, in fixed buffers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
"""Keys or values of some positions in one layer, (positions, groups, head size)."""


class KeyValueCache:
    """The state of one sequence; a model can serve any number of them in turn.

    The buffers have their full size from the start, but the system allocates memory only for rows that were
    written, and nothing is ever copied from one buffer to another.
    """

    def __init__(self, layers: int, groups: int, head_size: int, capacity: int) -> None:
        """Allocate room for `capacity` positions."""
        self.capacity = capacity
        self._ids: list[int] = []
        shape = (capacity, groups, head_size)
        self._keys = [np.zeros(shape, np.float32) for _ in range(layers)]
        self._values = [np.zeros(shape, np.float32) for _ in range(layers)]

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the cached positions."""
        return tuple(self._ids)

    @property
    def length(self) -> int:
        """The number of cached positions."""
        return len(self._ids)

    def keep(self, length: int) -> None:
        """Drop all positions from `length` on; a prompt that shares the rest need not read it again."""
        del self._ids[length:]

    def shared_prefix(self, ids: Sequence[int]) -> int:
        """Return how many of the first `ids` are equal to the cached ones."""
        for place, (cached, wanted) in enumerate(zip(self._ids, ids, strict=False)):
            if cached != wanted:
                return place
        return min(len(self._ids), len(ids))

    def rows(self, layer: int) -> tuple[Rows, Rows]:
        """Return the keys and values of the cached positions in `layer`, as views."""
        return self._keys[layer][: self.length], self._values[layer][: self.length]

    def append(self, ids: Sequence[int], keys: Sequence[Rows], values: Sequence[Rows]) -> None:
        """Add positions: their ids, and for each layer their keys and values."""
        start, end = self.length, self.length + len(ids)
        if end > self.capacity:
            raise ValueError(f"{end} positions don't fit into {self.capacity}.")
        for buffers, new in ((self._keys, keys), (self._values, values)):
            for buffer, rows in zip(buffers, new, strict=True):
                buffer[start:end] = rows
        self._ids.extend(ids)
