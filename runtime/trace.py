"""What happened and how long it took: spans on a ring, and counters; rendered only when asked for."""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from runtime import clock


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of work."""

    name: str
    """The stage, such as `asr` or `llm.first_token`."""
    start_s: float
    """Begin, on the clock of `runtime.clock`."""
    end_s: float
    """End, on the same clock."""
    epoch: int | None = None
    """The reply that the work was for; None for work that belongs to none."""

    @property
    def duration_ms(self) -> float:
        """Length in milliseconds."""
        return (self.end_s - self.start_s) * 1000.0


class Trace:
    """A ring of the latest spans, and counters for what is only counted."""

    def __init__(self, capacity: int = 4096) -> None:
        """Keep the `capacity` latest spans."""
        self.spans: deque[Span] = deque(maxlen=capacity)
        self.counters: Counter[str] = Counter()

    def record(self, name: str, start_s: float, epoch: int | None = None) -> Span:
        """Add a span that ends now, and count it under its name."""
        span = Span(name, start_s, clock.now(), epoch)
        self.spans.append(span)
        self.counters[name] += 1
        return span

    @contextmanager
    def span(self, name: str, epoch: int | None = None) -> Iterator[None]:
        """Record the time that the block takes, also when it fails or is cancelled."""
        start_s = clock.now()
        try:
            yield
        finally:
            self.record(name, start_s, epoch)
