"""Worker lanes: blocking compute off the event loop, one owner per model, cancellable.

A lane runs one call at a time: the most urgent one (see `runtime.urgency`), then that of the owner who was
served longest ago, then the one that came first. Every call is handed a `CancelToken`; the code that
computes asks it, or registers what stops the computation (`RunOptions.terminate`, a callback's return
value). Cancelling the task that waits for a call cancels its token and returns at once: the loop never
waits for a computation to notice.
"""

import asyncio
import atexit
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from runtime.channel import Channel
from runtime.urgency import UrgentQueue, current_urgency

T = TypeVar("T")

_EXIT_WAIT_S = 2.0
"""How long the interpreter's exit waits for a lane's last call."""


class Cancelled(Exception):
    """Raised inside a call, on the lane's thread, when its token was cancelled."""


class CancelToken:
    """Says, across threads, that a computation is no longer wanted."""

    __slots__ = ("_callbacks", "_cancelled", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """Cancel, once and for all; runs the registered callbacks on the calling thread."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` upon cancellation (at once if it has happened); returns what unregisters it."""
        with self._lock:
            if not self._cancelled:
                self._callbacks.append(callback)
                return lambda: self._forget(callback)
        callback()
        return lambda: None

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` if `cancel` was called."""
        if self._cancelled:
            raise Cancelled

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


Emit = Callable[[T], None]
"""Hands one item from a lane's thread to the loop; waits while the receiver is behind."""


class Lane(Protocol):
    """Where blocking calls run, one at a time."""

    name: str

    async def run(self, call: Callable[[CancelToken], T]) -> T:
        """Run `call` with the present task's urgency, and return its result."""
        ...

    def stream(
        self, call: Callable[[CancelToken, Emit[T]], None], *, capacity: int
    ) -> AsyncGenerator[T, None]:
        """Run `call` and yield what it emits; at most `capacity` items wait in between.

        Closing the iterator cancels the call.
        """
        ...

    def close(self) -> None:
        """Cancel what runs and refuse what comes."""
        ...


class _Job:
    """One call on its way through a lane."""

    __slots__ = ("body", "done", "loop", "token")

    def __init__(self, body: Callable[[CancelToken], Any]) -> None:
        self.body = body
        self.token = CancelToken()
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Any] = self.loop.create_future()

    def execute(self) -> None:
        """On the lane's thread."""
        result: Any = None
        error: BaseException | None = None
        try:
            self.token.raise_if_cancelled()
            result = self.body(self.token)
        except BaseException as caught:  # handed to whoever waits, never lost
            error = caught
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._settle, result, error)
        # The error's traceback holds this frame and the call's, arrays and all: were the error, or the job
        # that is settled with it, held here in turn, all that would wait for a garbage collection.
        del self, error

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(error)


class ThreadLane:
    """A lane with a thread of its own, started with the first call."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._wake = threading.Condition()
        self._queue: UrgentQueue[_Job] = UrgentQueue()
        self._running: _Job | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a call is running or waiting."""
        return self._running is not None or bool(self._queue)

    async def run(self, call: Callable[[CancelToken], T]) -> T:
        """See `Lane.run`."""
        job = _Job(call)
        self._submit(job)
        try:
            result: T = await job.done
            return result
        finally:
            job.token.cancel()
            del job  # as in `_Job.execute`

    async def stream(
        self, call: Callable[[CancelToken, Emit[T]], None], *, capacity: int
    ) -> AsyncGenerator[T, None]:
        """See `Lane.stream`."""
        loop = asyncio.get_running_loop()
        items: Channel[T] = Channel(capacity)
        room = threading.Semaphore(capacity)

        def deliver(item: T) -> None:
            if not items.closed:
                items.put_nowait(item)  # never full: the thread took its place in `room` first

        def body(token: CancelToken) -> None:
            forget = token.on_cancel(room.release)

            def emit(item: T) -> None:
                room.acquire()
                token.raise_if_cancelled()
                loop.call_soon_threadsafe(deliver, item)

            try:
                call(token, emit)
            finally:
                forget()

        job = _Job(body)
        job.done.add_done_callback(lambda _: items.close())
        self._submit(job)
        try:
            async for item in items:
                room.release()
                yield item
            job.done.result()
        finally:
            job.done.cancel()
            job.token.cancel()
            del job  # as in `_Job.execute`

    def close(self) -> None:
        """See `Lane.close`. Does not wait: the thread is a daemon and ends after its last call."""
        with self._wake:
            self._closed = True
            jobs = list(self._queue)
            if self._running is not None:
                jobs.append(self._running)
            self._wake.notify()
        for job in jobs:
            job.token.cancel()

    def _submit(self, job: _Job) -> None:
        with self._wake:
            if self._closed:
                raise RuntimeError(f"the lane {self.name} is closed")
            self._queue.put(job, current_urgency())
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"lane-{self.name}", daemon=True)
                self._thread.start()
                # Native code that comes back to an interpreter in its exit aborts the process.
                atexit.register(self._end)
            self._wake.notify()

    def _end(self) -> None:
        """At the interpreter's exit: cancel what runs, and let it come to its end."""
        self.close()
        if self._thread is not None:
            self._thread.join(_EXIT_WAIT_S)

    def _work(self) -> None:
        while True:
            with self._wake:
                self._running = None
                while not self._queue:
                    if self._closed:
                        atexit.unregister(self._end)
                        return
                    self._wake.wait()
                job = self._queue.take()
                self._running = job
            job.execute()
            del job  # what it computed with and its result are the caller's alone, not the next job's to free
