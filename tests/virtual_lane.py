"""A lane without a thread, for tests in virtual time."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from runtime.worker import CancelToken, Emit

T = TypeVar("T")


class VirtualLane:
    """A lane for virtual time: no thread; each call costs `cost_s` and then happens at once.

    A stream pays `cost_s` before every item. Priorities are kept as in `ThreadLane`.
    """

    def __init__(self, name: str, cost_s: float = 0.0) -> None:
        self.name = name
        self.cost_s = cost_s
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._busy = False

    async def run(self, call: Callable[[CancelToken], T], *, priority: int = 0) -> T:
        """See `Lane.run`."""
        await self._enter(priority)
        try:
            await asyncio.sleep(self.cost_s)
            return call(CancelToken())
        finally:
            self._leave()

    async def stream(
        self, call: Callable[[CancelToken, Emit[T]], None], *, capacity: int, priority: int = 0
    ) -> AsyncGenerator[T, None]:
        """See `Lane.stream`."""
        await self._enter(priority)
        try:
            items: list[T] = []
            call(CancelToken(), items.append)
            for item in items:
                await asyncio.sleep(self.cost_s)
                yield item
        finally:
            self._leave()

    def close(self) -> None:
        """See `Lane.close`."""

    async def _enter(self, priority: int) -> None:
        if not self._busy:
            self._busy = True
            return
        turn = asyncio.get_running_loop().create_future()
        entry = (-priority, next(self._order), turn)
        heapq.heappush(self._waiting, entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            else:
                self._waiting.remove(entry)
                heapq.heapify(self._waiting)
            raise

    def _leave(self) -> None:
        if self._waiting:
            heapq.heappop(self._waiting)[2].set_result(None)
        else:
            self._busy = False
