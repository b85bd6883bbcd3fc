"""Epochs: how an interruption reaches everything at once, without travelling through any queue."""


class Epoch:
    """A number that only rises. Work carries the epoch it was made for; all but the current is stale.

    Whoever moves or shows such work asks `is_stale` at the last moment, so that raising the epoch
    takes hold wherever the work waits. Input carries no epoch: an interruption must not eat its own
    first words.
    """

    __slots__ = ("current",)

    def __init__(self) -> None:
        self.current = 0

    def advance(self) -> int:
        """Raise the epoch: all work made so far is stale. Returns the new epoch."""
        self.current += 1
        return self.current

    def is_stale(self, epoch: int) -> bool:
        """Whether work of `epoch` must not be heard or shown any more."""
        return epoch != self.current
