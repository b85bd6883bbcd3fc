"""Reports tell what interrupting took and what was computed in vain."""

from edge_audio.dialogue.turn_meter import TurnMeter
from edge_audio.events import (
    Event,
    ReplyPaused,
    ReplyResumed,
    SpeculationEnded,
    SpeculationStarted,
    SpeechStarted,
    TurnEnded,
    TurnFinished,
    TurnReport,
)


def measured(
    *happened: tuple[float, Event], output_latency_s: float = 0.0
) -> tuple[list[TurnReport], TurnMeter]:
    """Return the reports as they come out of a meter, and the meter."""
    now_s = 0.0
    meter = TurnMeter(lambda: now_s, output_latency_s)
    reports = []
    for now_s, event in happened:  # noqa: B007 (the meter's clock)
        told = meter.measure(event)
        if isinstance(told, TurnFinished):
            reports.append(told.report)
        else:
            assert told is event
    return reports, meter


def test_an_interruption_is_timed_from_its_onset_to_silence_at_the_ear() -> None:
    reports, meter = measured(
        (1.0, TurnEnded("a", 1.0, 1)),
        (2.0, SpeechStarted(2.0, 1.9)),
        (2.0, ReplyPaused(1)),
        (2.5, ReplyResumed(1)),
        (3.08, SpeechStarted(3.08, 3.0)),
        (3.08, ReplyPaused(1)),
        (3.6, TurnFinished(1, TurnReport("a", interrupted=True))),
        output_latency_s=0.04,
    )
    assert [report.interruption_ms for report in reports] == [120.0]
    assert meter.totals["replies_held_and_gone_on"] == 1
    assert meter.totals["interruptions"] == 1


def test_a_reply_that_was_held_in_vain_or_stopped_by_key_has_no_time_of_interruption() -> None:
    reports, _ = measured(
        (1.0, TurnEnded("a", 1.0, 1)),
        (2.0, SpeechStarted(2.0, 1.9)),
        (2.0, ReplyPaused(1)),
        (2.5, ReplyResumed(1)),
        (3.0, TurnFinished(1, TurnReport("a", interrupted=True))),
        (4.0, TurnEnded("b", 4.0, 2)),
        (5.0, SpeechStarted(5.0, 4.9)),
        (5.0, ReplyPaused(2)),
        (5.1, TurnFinished(2, TurnReport("b"))),
    )
    assert [report.interruption_ms for report in reports] == [None, None]


def test_what_discarded_speculations_took_counts_for_their_turn() -> None:
    reports, meter = measured(
        (1.0, SpeculationStarted(1, "a")),
        (1.3, SpeculationEnded(1, "superseded")),
        (1.3, SpeculationStarted(2, "a b")),
        (1.8, SpeculationEnded(2, "committed")),
        (1.8, TurnEnded("a b", 1.8, 2)),
        (2.0, SpeculationStarted(3, "a b c")),  # the turn goes on before anything was heard
        (2.2, SpeculationEnded(3, "cancelled")),
        (2.9, TurnEnded("a b c", 2.9, 4)),
        (4.0, SpeculationStarted(5, "d")),  # during the reply
        (4.7, SpeculationEnded(5, "failed")),
        (5.0, TurnFinished(4, TurnReport("a b c"))),
        (6.0, TurnEnded("d", 6.0, 6)),
        (7.0, TurnFinished(6, TurnReport("d"))),
    )
    assert [report.wasted_compute_s for report in reports] == [0.5, 0.7]
    assert meter.totals == {
        "speculations_started": 4,
        "speculations_superseded": 1,
        "speculations_committed": 1,
        "speculations_cancelled": 1,
        "speculations_failed": 1,
        "wasted_compute_ms": 1200,
        "interruptions": 0,
    }
