"""The figures of a conversation."""

from dataclasses import dataclass

from edge_audio.percentiles import percentile
from edge_audio.timeline.model import Timeline


@dataclass(frozen=True, slots=True)
class Figures:
    """What is worth comparing; None where there was nothing to measure."""

    turns: int
    response_gap_p50_ms: float | None
    response_gap_p95_ms: float | None
    speculations: int
    """Started for turns that were answered."""
    committed: int
    lead_p50_ms: float | None
    """How long before the turn's end the first sound of committed speculations was ready."""
    interruptions: int
    false_stops: int | None
    """Holds after which the reply went on; None where it isn't known."""
    false_ends: int | None
    """Turns that were taken to be over but went on; None where it isn't known."""


def figures(timeline: Timeline) -> Figures:
    """Return the figures of a conversation."""
    turns = timeline.turns
    gaps_ms = [turn.response_gap_ms for turn in turns if turn.response_gap_ms is not None]
    ahead = [turn for turn in turns if turn.speculations.get("committed")]
    held = sum(max(0, len(answer.held) - answer.report.interrupted) for answer in timeline.answers)
    return Figures(
        turns=len(turns),
        response_gap_p50_ms=percentile(gaps_ms, 50),
        response_gap_p95_ms=percentile(gaps_ms, 95),
        speculations=sum(turn.speculations.get("started", 0) for turn in turns),
        committed=len(ahead),
        lead_p50_ms=percentile([turn.lead_ms for turn in ahead if turn.lead_ms is not None], 50),
        interruptions=sum(turn.interrupted for turn in turns),
        false_stops=held if timeline.complete else None,
        false_ends=len(timeline.taken_back_s) if timeline.complete else None,
    )
