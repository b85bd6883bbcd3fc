"""Time, real or virtual.

Everything that waits, waits on the running event loop: `now()` is the loop's time, and timers are
the loop's timers. In real time that is the monotonic clock; in virtual time (`run_virtual`) the loop
jumps to its next timer instead of sleeping, so ten minutes of conversation run in seconds and the
same inputs give the same trace. No thread may exist in virtual time: its result would arrive at no
particular moment.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def now() -> float:
    """Seconds on the running loop's clock; only differences mean anything."""
    return asyncio.get_running_loop().time()


async def sleep_until(deadline_s: float) -> None:
    """Sleep until `now()` reaches `deadline_s`; returns at once (but yields) if it has passed."""
    await asyncio.sleep(max(0.0, deadline_s - now()))


class Stalled(RuntimeError):
    """In virtual time every task waits for something that can no longer happen: a deadlock."""


class _JumpingSelector(selectors.SelectSelector):
    """A selector that advances virtual time where a real one would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.time_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stalled("nothing is scheduled: all tasks wait for each other")
        if timeout > 0:
            self.time_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps from timer to timer and starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        # Two timers closer than this fire in one turn of the loop; float sums stay well below it.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.time_s

    def _write_to_self(self) -> None:
        """Called when a thread schedules something: refused, as it would arrive at no particular moment."""
        if asyncio._get_running_loop() is not self:
            raise RuntimeError("a thread called into virtual time")


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in virtual time and return its result.

    Raises `Stalled` when all tasks wait and no timer is left.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
