"""The session's time: the input's samples give it, and the loop's clock what passes between them."""

import math

from edge_audio.audio.frame import INPUT_RATE_HZ
from runtime import clock

_WINDOW_S = 10.0
"""On a busy machine all frames may be late for a while; if they are for so long, the clocks have drifted
apart. A microphone whose clock is 0.1 % slow loses 10 ms in this time, and 3.6 s in an hour."""


class SessionClock:
    """Tells session time: seconds since the input's first sample.

    Events say when something was said by its place in the input, and when it was noticed by the clock; the
    difference is how long it has been silent. A microphone has a clock of its own, and may be away for a
    while, so the one is held to the other: by the frames that were least late.
    """

    def __init__(self) -> None:
        self._origin_s: float | None = None
        self._least_late_s = math.inf
        self._window_end_s = 0.0

    def now_s(self) -> float:
        """Seconds since the input's first sample; 0 before the first frame."""
        return 0.0 if self._origin_s is None else clock.now() - self._origin_s

    def heard(self, end: int) -> None:
        """Take note that a frame has come whose last sample is before index `end`."""
        at_s = end / INPUT_RATE_HZ
        if self._origin_s is None:
            self._origin_s = clock.now() - at_s
            self._window_end_s = at_s + _WINDOW_S
            return
        late_s = clock.now() - self._origin_s - at_s
        if late_s < 0.0:  # nothing is heard before it was said
            self._origin_s += late_s
            late_s = 0.0
        self._least_late_s = min(self._least_late_s, late_s)
        if at_s >= self._window_end_s:
            self._origin_s += self._least_late_s
            self._least_late_s = math.inf
            self._window_end_s = at_s + _WINDOW_S
