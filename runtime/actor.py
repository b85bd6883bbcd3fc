"""Actors: one task, one job, owned by one group."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType

from runtime import clock


@dataclass(frozen=True, slots=True)
class Actor:
    """A job that runs as one task until it returns, fails or its group ends."""

    name: str
    """Shown in failures and traces; unique within a group."""
    body: Callable[[], Awaitable[None]]
    """The job. Called anew for each restart, so it opens what it needs inside."""
    restarts: int = 0
    """How many failures within `RESTART_WINDOW_S` are answered by a restart; 0 where restarting is unsafe."""


RESTART_WINDOW_S = 60.0
"""An actor that fails more than `Actor.restarts` times within this time ends the session."""

RESTART_DELAY_S = 0.2
"""Wait before a restart, so that a fault that persists doesn't spin."""


class ActorFailed(Exception):
    """An actor failed for good; its cause is `__cause__`."""

    def __init__(self, name: str, cause: BaseException) -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name


class ActorGroup:
    """Owns actors' tasks: leaving the block ends them all, and one failure for good ends the block.

    Use as ``async with ActorGroup() as group: group.start(actor); ...``. A failure for good cancels
    the block's body and leaves as `ActorFailed` (the first, when several fail).
    """

    def __init__(self, on_restart: Callable[[str, BaseException], None] = lambda name, cause: None) -> None:
        """`on_restart` hears the name and the failure of every actor that is restarted."""
        self._on_restart = on_restart
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "ActorGroup":
        await self._group.__aenter__()
        return self

    def start(self, actor: Actor) -> asyncio.Task[None]:
        """Run `actor` as a task of this group."""
        task = self._group.create_task(self._supervise(actor), name=actor.name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        try:
            await self._group.__aexit__(kind, error, traceback)
        except BaseExceptionGroup as failures:
            if error is not None and error in failures.exceptions:
                return  # the body's own error is why the actors ended: let it go on
            first = failures.exceptions[0]
            raise first from first.__cause__

    async def _supervise(self, actor: Actor) -> None:
        failures_s: list[float] = []
        while True:
            try:
                return await actor.body()
            except Exception as failure:
                failures_s = [t for t in failures_s if clock.now() - t < RESTART_WINDOW_S] + [clock.now()]
                if len(failures_s) > actor.restarts:
                    raise ActorFailed(actor.name, failure) from failure
                self._on_restart(actor.name, failure)
            await asyncio.sleep(RESTART_DELAY_S)
