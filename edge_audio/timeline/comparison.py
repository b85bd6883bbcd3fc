"""The same input twice: which turn of one conversation matches which of the other."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_audio.events import TurnReport
from edge_audio.timeline.model import Timeline

_SLACK_S = 0.25
"""Turns that start and end this close to each other are the same."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What came of the same stretch of input then and now; None where it was not a turn by itself."""

    begin_s: float
    then: TurnReport | None
    now: TurnReport | None


@dataclass(frozen=True, slots=True)
class _Span:
    begin_s: float
    end_s: float
    turn: TurnReport


def pair_turns(then: Timeline, now: Timeline) -> Iterator[Pair]:
    """Pair the turns, in order, by the time in which the user said them.

    Where one turn then is two now, the first of them is paired, and the second stands alone.
    """
    before, after = _spans(then), _spans(now)
    while before and after:
        first, second = before[0], after[0]
        if first.begin_s < second.end_s + _SLACK_S and second.begin_s < first.end_s + _SLACK_S:
            yield Pair(min(first.begin_s, second.begin_s), first.turn, second.turn)
            before.pop(0)
            after.pop(0)
        elif first.begin_s < second.begin_s:
            yield Pair(first.begin_s, before.pop(0).turn, None)
        else:
            yield Pair(second.begin_s, None, after.pop(0).turn)
    yield from (Pair(span.begin_s, span.turn, None) for span in before)
    yield from (Pair(span.begin_s, None, span.turn) for span in after)


def _spans(timeline: Timeline) -> list[_Span]:
    spans = []
    for begin_s, turn in zip(timeline.begins_s, timeline.turns, strict=True):
        end_s = begin_s if turn.speech_end_s is None else max(begin_s, turn.speech_end_s)
        spans.append(_Span(begin_s, end_s, turn))
    return sorted(spans, key=lambda span: span.begin_s)
