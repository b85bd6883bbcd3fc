"""A lane without a thread, for virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from runtime.urgency import UrgentQueue, current_urgency
from runtime.worker import CancelToken, Emit

T = TypeVar("T")


class VirtualLane:
    """A `runtime.worker.Lane` for virtual time: no thread; each call costs `cost_s` and then happens at once.

    A stream pays `cost_s` before every item. Turns are taken as in `ThreadLane`.
    """

    def __init__(self, name: str, cost_s: float = 0.0) -> None:
        self.name = name
        self.cost_s = cost_s
        self._waiting: UrgentQueue[asyncio.Future[None]] = UrgentQueue()
        self._busy = False

    async def run(self, call: Callable[[CancelToken], T]) -> T:
        """See `Lane.run`."""
        await self._enter()
        try:
            await asyncio.sleep(self.cost_s)
            return call(CancelToken())
        finally:
            self._leave()

    async def stream(
        self, call: Callable[[CancelToken, Emit[T]], None], *, capacity: int
    ) -> AsyncGenerator[T, None]:
        """See `Lane.stream`."""
        await self._enter()
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

    async def _enter(self) -> None:
        if not self._busy:
            self._busy = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.put(turn, current_urgency())
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            else:
                self._waiting.remove(turn)
            raise

    def _leave(self) -> None:
        while len(self._waiting):
            turn = self._waiting.take()
            if not turn.done():  # whoever waits with it may have been cancelled just now
                turn.set_result(None)
                return
        self._busy = False
