"""What a language model remembers of one sequence: keys and values of each position, in fixed buffers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
"""Keys or values of some positions in one layer, (positions, groups, head size)."""


class KeyValueCache:
    """The state of one sequence; a model can serve any number of them in turn.

    The buffers have their full size from the start, but the system gives memory only to rows that were
    written, and nothing is ever copied from one buffer to another.
    """

    def __init__(self, layers: int, groups: int, head_size: int, capacity: int) -> None:
        """Make room for `capacity` positions."""
        self.capacity = capacity
        self._ids: list[int] = []
        shape = (capacity, groups, head_size)
        self._keys = [np.zeros(shape, np.float32) for _ in range(layers)]
        self._values = [np.zeros(shape, np.float32) for _ in range(layers)]

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the positions that are held."""
        return tuple(self._ids)

    @property
    def length(self) -> int:
        """How many positions are held."""
        return len(self._ids)

    def keep(self, length: int) -> None:
        """Forget all positions from `length` on: so a prompt that begins as another one isn't read again."""
        del self._ids[length:]

    def shared_prefix(self, ids: Sequence[int]) -> int:
        """Return how many of the first `ids` are those that are held."""
        for place, (held, wanted) in enumerate(zip(self._ids, ids, strict=False)):
            if held != wanted:
                return place
        return min(len(self._ids), len(ids))

    def rows(self, layer: int) -> tuple[Rows, Rows]:
        """Return the keys and values of the held positions in `layer`, as views."""
        return self._keys[layer][: self.length], self._values[layer][: self.length]

    def append(self, ids: Sequence[int], keys: Sequence[Rows], values: Sequence[Rows]) -> None:
        """Hold further positions: their ids, and for each layer their keys and values."""
        start, end = self.length, self.length + len(ids)
        if end > self.capacity:
            raise ValueError(f"{end} positions don't fit into {self.capacity}.")
        for buffers, new in ((self._keys, keys), (self._values, values)):
            for buffer, rows in zip(buffers, new, strict=True):
                buffer[start:end] = rows
        self._ids.extend(ids)
