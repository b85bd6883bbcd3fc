"""A timer that can be set again and stopped."""

import asyncio
from collections.abc import Callable


class Timer:
    """Calls back once, on the event loop's clock, unless stopped or set anew before."""

    __slots__ = ("_callback", "_handle")

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether it is set and has not rung."""
        return self._handle is not None

    def start(self, delay_s: float) -> None:
        """Ring after `delay_s` seconds; replaces what was set before."""
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(delay_s, self._ring)

    def stop(self) -> None:
        """Ring no more; harmless if it isn't set."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _ring(self) -> None:
        self._handle = None
        self._callback()
