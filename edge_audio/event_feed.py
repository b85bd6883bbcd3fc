"""The feed of a conversation's events: to functions at once, to readers at their own pace."""

import asyncio
from collections.abc import Callable
from weakref import WeakSet

from edge_audio.events import Event
from runtime.channel import Channel

_EVENTS_WAITING = 4096
"""Events that wait at most for a slow reader, some minutes' worth; older ones are dropped and counted."""


class EventFeed:
    """Hands each event to all watchers and readers, in one order for all of them."""

    def __init__(self) -> None:
        self.dropped = 0
        """Events that slow readers missed."""
        self.failure: Exception | None = None
        """What a watcher raised first; it keeps no event from the others."""
        self._failed = asyncio.Event()
        self._watchers: list[Callable[[Event], None]] = []
        self._readers: WeakSet[Channel[Event]] = WeakSet()
        """A reader that nobody holds any more gets nothing, and costs nothing."""
        self._publishing = False
        self._closed = False

    def watch(self, watcher: Callable[[Event], None]) -> None:
        """Call `watcher` with every event from now on."""
        self._watchers.append(watcher)

    def reader(self) -> Channel[Event]:
        """Return a channel of all events from now on, which is closed with the feed."""
        reader: Channel[Event] = Channel(_EVENTS_WAITING, "drop-oldest")
        self._readers.add(reader)
        if self._closed:
            reader.close()
        return reader

    def publish(self, event: Event) -> None:
        """Hand out `event`; raises nothing, whatever watchers raise."""
        self._publishing = True
        for watcher in tuple(self._watchers):
            try:
                watcher(event)
            except Exception as failure:
                self.failure = self.failure or failure
                self._failed.set()
        self._publishing = False
        if not self._closed:
            for reader in tuple(self._readers):
                self.dropped += len(reader) == reader.capacity
                reader.put_nowait(event)

    def after_event(self, act: Callable[[], None]) -> None:
        """Call `act` now; or, where a watcher asks for it, once what led to its event is done.

        So no watcher changes what is being decided, and none sees an event after one that follows from it.
        """
        if self._publishing:
            asyncio.get_running_loop().call_soon(act)
        else:
            act()

    async def watchers_fail(self) -> None:
        """Wait until a watcher fails, and raise what it raised. An actor's body."""
        await self._failed.wait()
        assert self.failure is not None
        raise self.failure

    def close(self) -> None:
        """End all readers; watchers still see what comes."""
        self._closed = True
        for reader in tuple(self._readers):
            reader.close()
