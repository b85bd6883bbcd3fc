"""From speech probabilities to speech that starts and pauses."""

from dataclasses import dataclass
from typing import Literal

from edge_audio.audio.frame import INPUT_RATE_HZ


@dataclass(frozen=True, slots=True)
class Change:
    """The user started to speak, or paused."""

    kind: Literal["started", "paused"]
    sample: int
    """Start of the speech, or its end: the edge of the window where it was first or last heard."""


class SpeechTracker:
    """Hysteresis over a speech detector's probabilities.

    Speech starts when `onset_ms` of windows in a row reach `threshold`, and pauses when `pause_ms`
    of windows in a row stay below `release`.
    """

    def __init__(
        self, window_samples: int, *, threshold: float, release: float, onset_ms: int, pause_ms: int
    ) -> None:
        """`threshold` and `release` are probabilities, `release` the lower one."""
        self._window_ms = window_ms = window_samples * 1000 / INPUT_RATE_HZ
        self._window_samples = window_samples
        self._threshold = threshold
        self._release = release
        self._onset_windows = max(1, round(onset_ms / window_ms))
        self._pause_windows = max(1, round(pause_ms / window_ms))
        self._run = 0
        self.speaking = False
        """True while speech has started and not paused."""

    @property
    def silence_ms(self) -> float:
        """How long it has been silent within speech, not long enough yet for a pause; else 0."""
        return self._run * self._window_ms if self.speaking else 0.0

    def feed(self, probability: float, end_sample: int) -> Change | None:
        """Take the probability of the window that ends at `end_sample`; return what changed."""
        if self.speaking:
            self._run = self._run + 1 if probability < self._release else 0
            if self._run >= self._pause_windows:
                return self._turn("paused", end_sample)
        else:
            self._run = self._run + 1 if probability >= self._threshold else 0
            if self._run >= self._onset_windows:
                return self._turn("started", end_sample)
        return None

    def _turn(self, kind: Literal["started", "paused"], end_sample: int) -> Change:
        change = Change(kind, end_sample - self._run * self._window_samples)
        self.speaking = kind == "started"
        self._run = 0
        return change
