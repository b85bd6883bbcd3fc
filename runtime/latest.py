"""Work of which only the latest request matters."""

import asyncio
from collections.abc import Awaitable, Callable


class LatestTask:
    """Runs one job at a time, always the latest asked for: asking anew cancels the one before.

    For answers that are worthless once the question has changed, such as a transcript of an utterance
    that has since gone on. `run` is an actor's body; a job's exception fails the actor.
    """

    def __init__(self) -> None:
        self._job: Callable[[], Awaitable[None]] | None = None
        self._task: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits to run."""
        return self._job is not None or self._task is not None

    def ask(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run `job` next, cancelling what runs now."""
        self.drop()
        self._job = job
        self._asked.set()

    def drop(self) -> None:
        """Cancel what runs or waits."""
        self._job = None
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Run jobs as they are asked for, until cancelled. Raises what a job raises."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await self._asked.wait()
                    self._asked.clear()
                    if (job := self._job) is None:
                        continue
                    self._job = None
                    self._task = group.create_task(_as_coroutine(job))
                    await asyncio.wait((self._task,))
                    self._task = None
        except BaseExceptionGroup as failures:
            first = failures.exceptions[0]  # there is but one job at a time
            raise first from first.__cause__


async def _as_coroutine(job: Callable[[], Awaitable[None]]) -> None:
    await job()
