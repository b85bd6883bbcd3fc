"""Channels: bounded queues between actors, each with a stated policy for when it is full."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Policy = Literal["wait", "drop-oldest"]
"""What a full channel does: make the sender wait, or drop its oldest item and count it."""


class Closed(Exception):
    """The channel is closed: nothing can be put, or all that was put has been taken."""


class Channel(Generic[T]):
    """A bounded first-in-first-out queue for one event loop.

    Any number of tasks may put and get; items keep their order. `close()` lets what is queued be
    taken and then ends every `async for`.
    """

    __slots__ = (
        "__weakref__",
        "_closed",
        "_getters",
        "_items",
        "_putters",
        "capacity",
        "dropped",
        "high_water",
        "policy",
    )

    def __init__(self, capacity: int, policy: Policy = "wait") -> None:
        """`capacity` is the number of items held at most, at least 1."""
        if capacity < 1:
            raise ValueError(f"a channel holds at least one item, not {capacity}")
        self.capacity = capacity
        self.policy: Policy = policy
        self.dropped = 0
        """Items dropped because the channel was full (policy `drop-oldest`)."""
        self.high_water = 0
        """The most items ever queued at once."""
        self._items: deque[T] = deque()
        self._getters: deque[asyncio.Future[None]] = deque()
        self._putters: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        """Whether `close()` was called; queued items can still be taken."""
        return self._closed

    async def put(self, item: T) -> None:
        """Queue `item`, waiting for room under the policy `wait`. Raises `Closed`."""
        if self.policy == "wait":
            while len(self._items) >= self.capacity and not self._closed:
                await self._wait_in(self._putters)
        self.put_nowait(item)

    def put_nowait(self, item: T) -> None:
        """Queue `item` at once. Raises `Closed`, or `asyncio.QueueFull` under the policy `wait`."""
        if self._closed:
            raise Closed
        items = self._items
        if len(items) >= self.capacity:
            if self.policy == "wait":
                raise asyncio.QueueFull
            items.popleft()
            self.dropped += 1
        items.append(item)
        if len(items) > self.high_water:
            self.high_water = len(items)
        self._wake(self._getters)

    async def get(self) -> T:
        """Take the oldest item, waiting for one. Raises `Closed` once closed and empty."""
        while not self._items:
            if self._closed:
                raise Closed
            await self._wait_in(self._getters)
        return self._take()

    def get_nowait(self) -> T:
        """Take the oldest item at once. Raises `asyncio.QueueEmpty`, or `Closed` when closed and empty."""
        if not self._items:
            raise Closed if self._closed else asyncio.QueueEmpty
        return self._take()

    def drain(self) -> Iterator[T]:
        """Take everything that is queued now, oldest first."""
        while self._items:
            yield self._take()

    def close(self) -> None:
        """Refuse further items; waiting senders get `Closed`, receivers once the queue is empty."""
        self._closed = True
        for waiters in (self._getters, self._putters):
            while waiters:
                self._wake(waiters)

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.get()
        except Closed:
            raise StopAsyncIteration from None

    def _take(self) -> T:
        item = self._items.popleft()
        self._wake(self._putters)
        return item

    async def _wait_in(self, waiters: deque[asyncio.Future[None]]) -> None:
        waiter = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                # We were woken and cancelled in one turn of the loop: pass the wake-up on.
                self._wake(waiters)
            elif waiter in waiters:  # not if we were cancelled and then passed over by a wake-up
                waiters.remove(waiter)
            raise

    @staticmethod
    def _wake(waiters: deque[asyncio.Future[None]]) -> None:
        while waiters:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
