"""Urgency: how urgent a task's work is, and whose it is. A lane asks when several calls wait for it.

It travels with the task, in a context variable, so that no seam needs a parameter for it: a task sets its
urgency, and whatever it awaits computes with that. It can rise while the work goes on, as when an answer that
was made ahead is wanted at once; calls that wait move up then.
"""

import itertools
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Urgency:
    """The urgency of a piece of work; whoever holds it may raise the level."""

    level: int = 0
    """Calls of a higher level go first."""
    owner: object = None
    """For whom the work is done: among calls of one level, who was served longest ago goes first."""

    def use(self) -> None:
        """Let it be that of the present task, from now on."""
        _CURRENT.set(self)


_CURRENT: ContextVar[Urgency] = ContextVar("urgency")


def current_urgency() -> Urgency:
    """Return the present task's; that of no particular work if it set none."""
    return _CURRENT.get(_NONE)


_NONE = Urgency()


@dataclass(slots=True, eq=False)
class _Waiting(Generic[T]):
    item: T
    urgency: Urgency
    order: int


class UrgentQueue(Generic[T]):
    """Calls that wait for a lane. Whose turn it is, is decided when one is taken, as things stand then."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting[T]] = []
        self._order = itertools.count(1)
        self._served: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        """When each owner was served last, as the number of what was taken."""
        self._taken = itertools.count(1)

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[T]:
        return iter([waiting.item for waiting in self._waiting])

    def put(self, item: T, urgency: Urgency) -> None:
        """Let `item` wait with that urgency, which may change meanwhile."""
        self._waiting.append(_Waiting(item, urgency, next(self._order)))

    def take(self) -> T:
        """Return the most urgent item; of these, that of the owner served longest ago; of these, the first.

        Raises `IndexError` if none waits.
        """
        if not self._waiting:
            raise IndexError("nothing waits")
        taken = min(self._waiting, key=self._turn)
        self._waiting.remove(taken)
        if (owner := taken.urgency.owner) is not None:
            self._served[owner] = next(self._taken)
        return taken.item

    def remove(self, item: T) -> None:
        """Let `item` wait no longer; harmless if it doesn't."""
        self._waiting = [waiting for waiting in self._waiting if waiting.item is not item]

    def _turn(self, waiting: _Waiting[T]) -> tuple[int, int, int]:
        owner = waiting.urgency.owner
        return -waiting.urgency.level, 0 if owner is None else self._served.get(owner, 0), waiting.order
