"""The turn meter: what a turn's report says besides latency, gathered from the conversation's events."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from edge_audio.events import (
    Event,
    Outcome,
    ReplyPaused,
    ReplyResumed,
    SpeculationEnded,
    SpeculationStarted,
    SpeechStarted,
    TurnEnded,
    TurnFinished,
    TurnReport,
)


class TurnMeter:
    """Completes each turn's report on its way to those who watch, and keeps the conversation's totals."""

    def __init__(self, time_s: Callable[[], float], output_latency_s: float = 0.0) -> None:
        """`time_s` is session time, `output_latency_s` that from handing out a sample until it is heard."""
        self.totals: Counter[str] = Counter()
        """Speculations by how they ended, the milliseconds that the discarded ones took, interruptions, and
        the times that a reply was held and went on."""
        self._output_latency_s = output_latency_s
        self._time_s = time_s
        self._onset_s = 0.0
        self._silence_ms: float | None = None
        """From the onset of the latest speech over the present reply to silence."""
        self._making: dict[int, float] = {}
        self._wasted_s = 0.0
        """By discarded speculations since the turn before was over."""
        self._wasted_for: dict[int, float] = {}
        """For turns that are over, by the epoch of their reply."""

    def measure(self, event: Event) -> Event:
        """Take note of `event`, and return it with all that is known about it."""
        match event:
            case SpeechStarted(start_s=start_s):
                self._onset_s = start_s
            case SpeculationStarted(epoch=epoch):
                self._making[epoch] = self._time_s()
                self.totals["speculations_started"] += 1
            case SpeculationEnded(epoch=epoch, outcome=outcome):
                self._ended(outcome, self._time_s() - self._making.pop(epoch, self._time_s()))
            case TurnEnded(epoch=epoch):
                # What a turn wasted that had no reply, and so has no report, was wasted for this one too.
                self._wasted_for = {epoch: self._wasted_s + sum(self._wasted_for.values())}
                self._wasted_s = 0.0
            case ReplyPaused():
                silent_s = self._time_s() + self._output_latency_s
                self._silence_ms = round((silent_s - self._onset_s) * 1000, 1)
            case ReplyResumed():
                self._silence_ms = None
                self.totals["replies_held_and_gone_on"] += 1
            case TurnFinished(epoch=epoch, report=report):
                return TurnFinished(epoch, self._complete(epoch, report))
            case _:
                pass
        return event

    def _ended(self, outcome: Outcome, took_s: float) -> None:
        self.totals[f"speculations_{outcome}"] += 1
        if outcome != Outcome.COMMITTED:
            self._wasted_s += took_s
            self.totals["wasted_compute_ms"] += round(took_s * 1000)

    def _complete(self, epoch: int, report: TurnReport) -> TurnReport:
        silence_ms, self._silence_ms = self._silence_ms, None
        self.totals["interruptions"] += report.interrupted
        return replace(
            report,
            interruption_ms=silence_ms if report.interrupted else None,
            wasted_compute_s=round(self._wasted_for.pop(epoch, 0.0), 3),
        )
