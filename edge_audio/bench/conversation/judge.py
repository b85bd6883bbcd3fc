"""The judge: what was said and when is known, what was answered is heard in the recorded output.

The assistant's own events only tell which reply belongs to what; every time is measured in the recording.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge_audio.audio.frame import AUDIBLE, Samples
from edge_audio.bench.conversation.performance import Performed
from edge_audio.events import (
    Event,
    ReplyPaused,
    SpeculationEnded,
    SpeculationStarted,
    TurnEnded,
    TurnFinished,
    TurnReport,
)
from edge_audio.text.words import normalised

LASTING_S = 0.35
"""A silence of this length is no pause between two sentences: those of the voices are 0.26 s at most."""

GOES_ON_S = 0.4
"""A reply that stopped for nothing must go on within this time after the sound's end."""

_EDGE_S = 0.15
"""What is audible so shortly before the end of a turn, and after it, talks over that end."""

_STOPS_FOR_S, _ENDS_FOR_S = 1.0, 3.0
"""So long after somebody was heard a reply may have stopped for them, and a turn that ends be theirs."""


class Output:
    """What the speaker played. Times in session seconds."""

    def __init__(self, pcm: Samples, rate_hz: int) -> None:
        self._audible_s = np.flatnonzero(np.abs(pcm) >= AUDIBLE) / rate_hz

    def first_audible(self, after_s: float, before_s: float = float("inf")) -> float | None:
        """Return when the first sample from `after_s` on is audible; None if none is before `before_s`."""
        index = int(np.searchsorted(self._audible_s, after_s))
        if index == len(self._audible_s) or self._audible_s[index] >= before_s:
            return None
        return float(self._audible_s[index])

    def audible(self, start_s: float, end_s: float) -> bool:
        """Whether anything is audible in between."""
        return self.first_audible(start_s, end_s) is not None

    def silences(self, start_s: float, end_s: float) -> Iterator[tuple[float, float]]:
        """Yield the lasting silences that begin in between: from the last audible sample to the next one."""
        first = int(np.searchsorted(self._audible_s, start_s))
        for index in range(first, len(self._audible_s)):
            begin_s = float(self._audible_s[index])
            if begin_s > end_s:
                return
            last = index + 1 == len(self._audible_s)
            until_s = float("inf") if last else float(self._audible_s[index + 1])
            if until_s - begin_s >= LASTING_S:
                yield begin_s, until_s


@dataclass(frozen=True, slots=True)
class Heard:
    """One part of the script, as it was held."""

    part: str
    echo: bool
    performed: Sequence[Performed]
    missed: int
    """Sounds that were left out, as the reply to be heard over was too short."""
    events: Sequence[tuple[float, Event]]
    """With the times at which they were told."""
    output: Output


@dataclass(frozen=True, slots=True)
class TurnRow:
    """What came of one turn."""

    part: str
    clip: str
    said: str
    heard: str | None
    """What the assistant understood; None if it did not answer."""
    reply: str | None
    paused: bool
    """Whether the turn has a pause inside."""
    gap_ms: float | None
    """From the true end of speech to the first audible sample of the answer."""
    cut_off: bool
    """Whether it was answered before its end, or as more than one turn."""
    ended_early: bool
    """Whether its end was decided before its true end, heard or repaired unheard."""
    speculated: bool
    """Whether a speculation answered it."""
    lead_ms: float | None
    """How long before the turn's end that speculation's first sound was ready."""
    head_start_ms: float | None
    """How long before the turn's end it was begun."""
    silence_ms: float | None
    """An interruption: from its true onset to the last audible sample of the reply."""
    talked_over: bool
    """Whether the reply that was interrupted went on before the interruption's end."""
    stages_ms: dict[str, float] | None


@dataclass(frozen=True, slots=True)
class SoundRow:
    """What came of a sound over a reply."""

    part: str
    clip: str
    over: str
    """The turn whose reply it was heard over."""
    length_ms: float
    """Of the sound itself."""
    stopped_ms: float | None
    """From its true onset to the last audible sample before the reply stopped; None if it did not stop."""
    back_ms: float | None
    """From its true end until the reply goes on after that; None if it did not stop, or never went on."""
    false_stop: bool
    """Whether the reply does not go on within `GOES_ON_S`."""
    taken_for_a_turn: bool


def judge_turns(heard: Heard) -> list[TurnRow]:
    """Judge the turns of a part."""
    rows = []
    for index, performed in enumerate(heard.performed):
        if not performed.cue.is_sound:
            following = heard.performed[index + 1 :]
            rows.append(_judge_turn(heard, performed, following[0].began_s if following else float("inf")))
    return rows


def _judge_turn(heard: Heard, turn: Performed, until_s: float) -> TurnRow:
    clip, output = turn.cue.clip, heard.output
    ended = [
        event
        for at_s, event in heard.events
        if isinstance(event, TurnEnded) and turn.onset_s <= at_s < until_s
    ]
    early = [event for event in ended if event.at_s < turn.end_s]
    cut_off = any(output.audible(event.at_s, turn.end_s) for event in early) or _is_split(ended)
    answer = ended[-1] if ended else None
    gap_ms = report = None
    if answer is not None:
        report = _reports(heard).get(answer.epoch)
        # Whoever talks over the end of the turn has left no gap.
        if not output.audible(turn.end_s - _EDGE_S, turn.end_s + _EDGE_S / 3):
            first_s = output.first_audible(max(turn.end_s, answer.at_s), until_s)
            gap_ms = None if first_s is None else _ms(first_s - turn.end_s)
    silence = _silence(heard, turn)
    speculated = answer is not None and answer.epoch in _committed(heard)
    return TurnRow(
        part=heard.part,
        clip=clip.name,
        said=clip.text,
        heard=answer.user_text if answer else None,
        reply=report.reply_text if report else None,
        paused=bool(clip.pauses),
        gap_ms=gap_ms,
        cut_off=cut_off,
        ended_early=bool(early),
        speculated=speculated,
        lead_ms=report.lead_ms if report and speculated else None,
        head_start_ms=_head_start_ms(heard, answer) if answer and speculated else None,
        silence_ms=None if silence is None else _ms(silence[0] - turn.onset_s),
        talked_over=silence is not None and silence[1] < turn.end_s and not early,
        stages_ms=report.stages_ms if report else None,
    )


def _is_split(ended: Sequence[TurnEnded]) -> bool:
    """Whether a later part of the turn was answered without the earlier ones."""
    texts = [normalised(event.user_text or "") for event in ended]
    return any(not later.startswith(before) for before, later in pairwise(texts))


def _silence(heard: Heard, turn: Performed) -> tuple[float, float] | None:
    """When the reply fell silent for an interruption, and until when; None where none was audible."""
    onset_s = turn.onset_s
    if turn.cue.into_reply_s is None or not heard.output.audible(onset_s - LASTING_S, onset_s):
        return None
    silence = next(heard.output.silences(onset_s - LASTING_S, float("inf")))  # the end at the latest
    return None if silence[0] <= onset_s or _ended_naturally(heard, silence[0]) else silence


def judge_sounds(heard: Heard) -> list[SoundRow]:
    """Judge the sounds of a part: those that were heard while a reply was being said, to their end."""
    rows = []
    for index, performed in enumerate(heard.performed):
        onset_s, end_s = performed.onset_s, performed.end_s
        if not performed.cue.is_sound or not heard.output.audible(onset_s - LASTING_S, onset_s):
            continue
        silences = list(heard.output.silences(onset_s - LASTING_S, end_s + GOES_ON_S))
        stops = [silence for silence in silences if not _ended_naturally(heard, silence[0])]
        if not stops and silences and silences[0][0] < end_s:
            continue
        following = heard.performed[index + 1 :]
        next_s = following[0].began_s if following else float("inf")
        taken = any(isinstance(e, TurnEnded) and onset_s <= at_s < next_s for at_s, e in heard.events)
        back_s = stops[-1][1] if stops and stops[-1][1] < next_s and not taken else None
        rows.append(
            SoundRow(
                part=heard.part,
                clip=performed.cue.clip.name,
                over=performed.cue.turn.clip,
                length_ms=_ms(end_s - onset_s),
                stopped_ms=_ms(max(0.0, stops[0][0] - onset_s)) if stops else None,
                back_ms=None if back_s is None else _ms(back_s - end_s),
                false_stop=taken or (bool(stops) and (back_s is None or back_s > end_s + GOES_ON_S)),
                taken_for_a_turn=taken,
            )
        )
    return rows


def unprovoked(heard: Heard) -> int:
    """Count the stops of replies, however short, and the turns, for which nobody had been heard."""
    count = 0
    for at_s, event in heard.events:
        if isinstance(event, ReplyPaused | TurnEnded):
            limit_s = _STOPS_FOR_S if isinstance(event, ReplyPaused) else _ENDS_FOR_S
            count += not any(p.onset_s <= at_s <= p.end_s + limit_s for p in heard.performed)
    return count


def _head_start_ms(heard: Heard, answer: TurnEnded) -> float | None:
    for at_s, event in heard.events:
        if isinstance(event, SpeculationStarted) and event.epoch == answer.epoch:
            return _ms(answer.at_s - at_s)
    return None


def _reports(heard: Heard) -> dict[int, TurnReport]:
    return {event.epoch: event.report for _, event in heard.events if isinstance(event, TurnFinished)}


def _committed(heard: Heard) -> set[int]:
    return {
        event.epoch
        for _, event in heard.events
        if isinstance(event, SpeculationEnded) and event.outcome == "committed"
    }


def _ended_naturally(heard: Heard, begin_s: float) -> bool:
    """Whether the silence that begins then is the end of a reply that was said to its end."""
    return any(
        isinstance(event, TurnFinished) and not event.report.interrupted and 0 <= at_s - begin_s <= LASTING_S
        for at_s, event in heard.events
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
