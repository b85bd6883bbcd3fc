"""Turns are paired by the input that they answer."""

import pytest

from edge_audio.events import TurnReport
from edge_audio.timeline.comparison import pair_turns
from edge_audio.timeline.figures import figures
from edge_audio.timeline.model import Answer, Timeline


def conversation(*spans: tuple[float, float]) -> Timeline:
    turns = [TurnReport(f"{begin_s}", speech_end_s=end_s) for begin_s, end_s in spans]
    return Timeline("", {}, turns, [begin_s for begin_s, _ in spans])


def paired(then: Timeline, now: Timeline) -> list[tuple[str | None, str | None]]:
    return [
        (pair.then and pair.then.user_text, pair.now and pair.now.user_text) for pair in pair_turns(then, now)
    ]


def test_the_same_turns_are_paired_though_they_end_at_other_moments() -> None:
    then, now = conversation((1.0, 2.0), (5.0, 6.0)), conversation((1.1, 1.8), (5.05, 6.5))
    assert paired(then, now) == [("1.0", "1.1"), ("5.0", "5.05")]


def test_a_turn_that_falls_in_two_or_is_missed_stands_alone() -> None:
    then = conversation((1.0, 3.0), (5.0, 6.0), (8.0, 9.0))
    now = conversation((1.0, 1.8), (2.4, 3.0), (8.0, 9.0), (12.0, 13.0))
    expected = [("1.0", "1.0"), (None, "2.4"), ("5.0", None), ("8.0", "8.0"), (None, "12.0")]
    assert paired(then, now) == expected
    assert paired(now, then) == [(b, a) for a, b in expected]


def test_typed_turns_are_paired_by_their_moment() -> None:
    typed = Timeline("", {}, [TurnReport("typed", turn_end_s=4.0)], [4.0])
    later = Timeline("", {}, [TurnReport("typed", turn_end_s=4.1)], [4.1])
    assert paired(typed, later) == [("typed", "typed")]


def test_figures_count_what_happened() -> None:
    cut = TurnReport(
        "a", response_gap_ms=400.0, speculations={"started": 2, "committed": 1}, interrupted=True
    )
    whole = TurnReport("b", response_gap_ms=200.0, speculations={"started": 1, "committed": 1}, lead_ms=50.0)
    timeline = Timeline("", {}, [cut, whole], [1.0, 5.0], taken_back_s=[3.0])
    timeline.answers += [
        Answer(2.0, 3.0, ((2.1, 2.3), (2.8, 3.0)), cut),
        Answer(6.0, 7.0, ((6.1, 6.2),), whole),
    ]
    found = figures(timeline)
    assert (found.turns, found.speculations, found.committed) == (2, 3, 2)
    assert found.response_gap_p50_ms == pytest.approx(300.0)
    assert found.lead_p50_ms == 50.0
    assert (found.interruptions, found.false_stops, found.false_ends) == (1, 2, 1)
    nothing = figures(Timeline("", {}, [], complete=False))
    assert nothing.response_gap_p50_ms is nothing.false_stops is nothing.false_ends is None
