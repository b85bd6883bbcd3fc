"""The judge: compares the known times of the clips with the recorded output of the assistant.

The assistant's events only show which reply belongs to which turn; every time is measured in the recording.
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
"""A silence of this length is no pause between two sentences, which is 0.26 s at most in these voices."""

RESUMES_S = 0.4
"""A reply that was stopped by a mere sound must resume within this time after the sound's end."""

_EDGE_S = 0.15
"""Output that is audible so shortly before the end of a turn, and after it, talks over that end."""

_STOPS_FOR_S = 1.0
"""A reply that stops within this time after a clip was stopped by it."""

_ENDS_FOR_S = 3.0
"""A turn that ends within this time after a clip belongs to it."""


class Output:
    """The recorded output of the speaker. Times in session seconds."""

    def __init__(self, pcm: Samples, rate_hz: int) -> None:
        self._audible_s = np.flatnonzero(np.abs(pcm) >= AUDIBLE) / rate_hz

    def first_audible(self, after_s: float, before_s: float = float("inf")) -> float | None:
        """Return when the first sample from `after_s` on is audible; None without any before `before_s`."""
        index = int(np.searchsorted(self._audible_s, after_s))
        if index == len(self._audible_s) or self._audible_s[index] >= before_s:
            return None
        return float(self._audible_s[index])

    def audible(self, start_s: float, end_s: float) -> bool:
        """Return True if any sample in between is audible."""
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
class HeldPart:
    """One part of the script, with its clips, events and output."""

    part: str
    echo: bool
    performed: Sequence[Performed]
    missed: int
    """Sounds that were left out because the reply they belong over was too short."""
    events: Sequence[tuple[float, Event]]
    """With the times at which they were reported."""
    output: Output


@dataclass(frozen=True, slots=True)
class TurnRow:
    """The results of one turn."""

    part: str
    clip: str
    said: str
    heard: str | None
    """The text that the assistant answered; None if it didn't answer."""
    reply: str | None
    paused: bool
    """True if the turn contains a pause."""
    gap_ms: float | None
    """From the true end of speech to the first audible sample of the answer."""
    cut_off: bool
    """True if it was answered before its end, or in several turns."""
    ended_early: bool
    """True if its end was decided before its true end, even if nothing of the reply was audible."""
    speculated: bool
    """True if a speculation answered it."""
    lead_ms: float | None
    """Time from the speculation's first sound to the end of the turn."""
    head_start_ms: float | None
    """Time from the speculation's start to the end of the turn."""
    silence_ms: float | None
    """For an interruption: from its true onset to the last audible sample of the reply."""
    talked_over: bool
    """True if the interrupted reply resumed before the end of the interruption."""
    stages_ms: dict[str, float] | None


@dataclass(frozen=True, slots=True)
class SoundRow:
    """The results of a sound over a reply."""

    part: str
    clip: str
    over: str
    """The turn whose reply it was played over."""
    length_ms: float
    """Length of the sound."""
    stopped_ms: float | None
    """From its true onset to the last audible sample before the reply stopped; None if it didn't stop."""
    back_ms: float | None
    """From its true end until the reply resumes; None if it didn't stop, or never resumed."""
    false_stop: bool
    """True if the reply stopped and didn't resume within `RESUMES_S`."""
    taken_for_a_turn: bool


def judge_turns(held: HeldPart) -> list[TurnRow]:
    """Judge the turns of a part."""
    rows = []
    for index, performed in enumerate(held.performed):
        if not performed.cue.is_sound:
            following = held.performed[index + 1 :]
            rows.append(_judge_turn(held, performed, following[0].began_s if following else float("inf")))
    return rows


def _judge_turn(held: HeldPart, turn: Performed, until_s: float) -> TurnRow:
    clip, output = turn.cue.clip, held.output
    ended = [
        event
        for at_s, event in held.events
        if isinstance(event, TurnEnded) and turn.onset_s <= at_s < until_s
    ]
    early = [event for event in ended if event.at_s < turn.end_s]
    cut_off = any(output.audible(event.at_s, turn.end_s) for event in early) or _is_split(ended)
    answer = ended[-1] if ended else None
    gap_ms = report = None
    if answer is not None:
        report = _reports(held).get(answer.epoch)
        # A reply that talks over the end of the turn leaves no gap.
        if not output.audible(turn.end_s - _EDGE_S, turn.end_s + _EDGE_S / 3):
            first_s = output.first_audible(max(turn.end_s, answer.at_s), until_s)
            gap_ms = None if first_s is None else _ms(first_s - turn.end_s)
    silence = _silence(held, turn)
    speculated = answer is not None and answer.epoch in _committed(held)
    return TurnRow(
        part=held.part,
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
        head_start_ms=_head_start_ms(held, answer) if answer and speculated else None,
        silence_ms=None if silence is None else _ms(silence[0] - turn.onset_s),
        talked_over=silence is not None and silence[1] < turn.end_s and not early,
        stages_ms=report.stages_ms if report else None,
    )


def _is_split(ended: Sequence[TurnEnded]) -> bool:
    """Return True if a later part of the turn was answered without the earlier ones."""
    texts = [normalised(event.user_text or "") for event in ended]
    return any(not later.startswith(before) for before, later in pairwise(texts))


def _silence(held: HeldPart, turn: Performed) -> tuple[float, float] | None:
    """Return the silence of a reply after an interruption; None if no reply was audible."""
    onset_s = turn.onset_s
    if turn.cue.into_reply_s is None or not held.output.audible(onset_s - LASTING_S, onset_s):
        return None
    silence = next(held.output.silences(onset_s - LASTING_S, float("inf")))  # the end at the latest
    return None if silence[0] <= onset_s or _ended_naturally(held, silence[0]) else silence


def judge_sounds(held: HeldPart) -> list[SoundRow]:
    """Judge the sounds of a part that were played over a reply up to their end."""
    rows = []
    for index, performed in enumerate(held.performed):
        onset_s, end_s = performed.onset_s, performed.end_s
        if not performed.cue.is_sound or not held.output.audible(onset_s - LASTING_S, onset_s):
            continue
        silences = list(held.output.silences(onset_s - LASTING_S, end_s + RESUMES_S))
        stops = [silence for silence in silences if not _ended_naturally(held, silence[0])]
        if not stops and silences and silences[0][0] < end_s:
            continue
        following = held.performed[index + 1 :]
        next_s = following[0].began_s if following else float("inf")
        taken = any(isinstance(e, TurnEnded) and onset_s <= at_s < next_s for at_s, e in held.events)
        back_s = stops[-1][1] if stops and stops[-1][1] < next_s and not taken else None
        rows.append(
            SoundRow(
                part=held.part,
                clip=performed.cue.clip.name,
                over=performed.cue.turn.clip,
                length_ms=_ms(end_s - onset_s),
                stopped_ms=_ms(max(0.0, stops[0][0] - onset_s)) if stops else None,
                back_ms=None if back_s is None else _ms(back_s - end_s),
                false_stop=taken or (bool(stops) and (back_s is None or back_s > end_s + RESUMES_S)),
                taken_for_a_turn=taken,
            )
        )
    return rows


def unprovoked(held: HeldPart) -> int:
    """Count the stops of replies, however short, and the turns, that no clip explains."""
    count = 0
    for at_s, event in held.events:
        if isinstance(event, ReplyPaused | TurnEnded):
            limit_s = _STOPS_FOR_S if isinstance(event, ReplyPaused) else _ENDS_FOR_S
            count += not any(p.onset_s <= at_s <= p.end_s + limit_s for p in held.performed)
    return count


def _head_start_ms(held: HeldPart, answer: TurnEnded) -> float | None:
    for at_s, event in held.events:
        if isinstance(event, SpeculationStarted) and event.epoch == answer.epoch:
            return _ms(answer.at_s - at_s)
    return None


def _reports(held: HeldPart) -> dict[int, TurnReport]:
    return {event.epoch: event.report for _, event in held.events if isinstance(event, TurnFinished)}


def _committed(held: HeldPart) -> set[int]:
    return {
        event.epoch
        for _, event in held.events
        if isinstance(event, SpeculationEnded) and event.outcome == "committed"
    }


def _ended_naturally(held: HeldPart, begin_s: float) -> bool:
    """Return True if the silence at `begin_s` is the end of a reply that was spoken completely."""
    return any(
        isinstance(event, TurnFinished) and not event.report.interrupted and 0 <= at_s - begin_s <= LASTING_S
        for at_s, event in held.events
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
