"""The summary of the bench: what the judge found in both runs, as figures."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edge_audio.bench.conversation.judge import (
    Heard,
    SoundRow,
    TurnRow,
    judge_sounds,
    judge_turns,
    unprovoked,
)
from edge_audio.bench.conversation.meter import Work
from edge_audio.percentiles import percentiles


@dataclass(frozen=True, slots=True)
class Held:
    """One run through the script."""

    parts: Sequence[Heard]
    works: Sequence[Work]


def summary(speculating: Held, plain: Held) -> dict[str, Any]:
    """Return the figures.

    Gaps, cut-offs and silences are those of the recorded output against the true times of the clips:

    - `response_gap_ms`: from the true end of speech to the first audible sample of the answer
    - `answered_from_speculation`: of all turns, those answered by a speculation; `lead_ms`: how long before
      the turn's end its first sound was ready, `head_start_ms`: it was begun
    - `commit_rate`: of all speculations started, those committed and heard
    - `wasted_compute_ratio`: of the time that chat model and voice worked for replies, that for speculations
      that were not heard
    - `cut_off_rate`: turns that were answered into, or in pieces
    - `onset_to_silence_ms`: from the true onset of an interruption to the last audible sample of the reply;
      `interruptions_talked_over`: those before whose end it went on all the same
    - `false_stop_rate`: sounds after which the reply did not go on within 400 ms of their end
    - `self_interruptions`: stops of a reply, and turns, for which nobody had been heard, with the echo;
      `unprovoked_stops` those in the other parts
    """
    turns, sounds = _turns(speculating), _sounds(speculating)
    without = _turns(plain)
    paused = [turn for turn in turns if turn.paused]
    speculations = [work for work in speculating.works if work.speculation]
    all_s = sum(work.seconds for work in speculating.works)
    wasted_s = sum(work.seconds for work in speculations if not work.of_use)
    silences = [turn.silence_ms for turn in turns if turn.silence_ms is not None]
    return {
        "response_gap_ms": percentiles(_gaps(turns)),
        "response_gap_without_speculation_ms": percentiles(_gaps(without)),
        "saved_ms": percentiles(_saved(turns, without)),
        "answered": len(_gaps(turns)),
        "answered_from_speculation": _share(turn.speculated for turn in turns),
        "speculations": len(speculations),
        "commit_rate": _share(work.of_use for work in speculations),
        "lead_ms": percentiles([turn.lead_ms for turn in turns if turn.lead_ms is not None]),
        "head_start_ms": percentiles([t.head_start_ms for t in turns if t.head_start_ms is not None]),
        "wasted_compute_ratio": round(wasted_s / all_s, 3) if all_s else None,
        "wasted_compute_s": round(wasted_s, 2),
        "cut_off_rate": _share(turn.cut_off for turn in turns),
        "cut_off_rate_with_pause": _share(turn.cut_off for turn in paused),
        "turns_with_pause": len(paused),
        "ended_early": sum(turn.ended_early for turn in turns),
        "onset_to_silence_ms": percentiles(silences),
        "interruptions": len(silences),
        "interruptions_talked_over": sum(turn.talked_over for turn in turns),
        "false_stop_rate": _share(sound.false_stop for sound in sounds),
        "sounds_over_replies": len(sounds),
        "sounds_that_missed_their_reply": _cued_sounds(speculating) - len(sounds),
        "self_interruptions": sum(unprovoked(part) for part in speculating.parts if part.echo),
        "unprovoked_stops": sum(unprovoked(part) for part in speculating.parts if not part.echo),
        "turns": len(turns),
        "rows": [_row(turn, other) for turn, other in zip(turns, without, strict=True)],
        "sounds": [asdict(sound) for sound in sounds],
    }


def _turns(held: Held) -> list[TurnRow]:
    return [row for part in held.parts for row in judge_turns(part)]


def _sounds(held: Held) -> list[SoundRow]:
    return [row for part in held.parts for row in judge_sounds(part)]


def _cued_sounds(held: Held) -> int:
    heard = sum(performed.cue.is_sound for part in held.parts for performed in part.performed)
    return heard + sum(part.missed for part in held.parts)


def _gaps(turns: Sequence[TurnRow]) -> list[float]:
    return [turn.gap_ms for turn in turns if turn.gap_ms is not None]


def _saved(turns: Sequence[TurnRow], without: Sequence[TurnRow]) -> list[float]:
    """What speculation saved of each gap: of the turns that were answered in both runs."""
    return [
        other.gap_ms - turn.gap_ms
        for turn, other in zip(turns, without, strict=True)
        if turn.gap_ms is not None and other.gap_ms is not None
    ]


def _share(found: Iterable[bool]) -> float | None:
    values = list(found)
    return round(sum(values) / len(values), 3) if values else None


def _row(turn: TurnRow, other: TurnRow) -> dict[str, Any]:
    return asdict(turn) | {"gap_without_speculation_ms": other.gap_ms}
