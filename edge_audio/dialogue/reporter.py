"""Where the conversation reports what happens, and when."""

from collections.abc import Callable
from dataclasses import dataclass

from edge_audio.events import Event


@dataclass(frozen=True, slots=True)
class Reporter:
    """Session time, and who is notified of events."""

    time_s: Callable[[], float]
    """Seconds since the session's first input sample."""
    report: Callable[[Event], None]
    """Takes each event at once, on the event loop, and must not wait."""
