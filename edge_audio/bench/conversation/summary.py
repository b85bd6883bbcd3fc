"""The summary of the bench: the metrics of both runs."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edge_audio.bench.conversation.judge import (
    HeldPart,
    SoundRow,
    TurnRow,
    judge_sounds,
    judge_turns,
    unprovoked,
)
from edge_audio.bench.conversation.meter import Work
from edge_audio.percentiles import percentiles


@dataclass(frozen=True, slots=True)
class Run:
    """One run through the script."""

    parts: Sequence[HeldPart]
    works: Sequence[Work]


def summary(speculating: Run, plain: Run) -> dict[str, Any]:
    """Return the metrics.

    Gaps, cut-offs and silences are measured in the recorded output, relative to the true times of the clips:

    - `response_gap_ms`: from the true end of speech to the first audible sample of the answer
    - `answered_from_speculation`: share of the turns that a speculation answered; `lead_ms`: time from its
      first sound to the turn's end, `head_start_ms`: from its start
    - `commit_rate`: share of the speculations that were committed and audible
    - `wasted_compute_ratio`: share of the time that chat model and voice worked for replies which went to
      speculations that were never audible
    - `cut_off_rate`: share of the turns that were answered before their end, or in pieces
    - `onset_to_silence_ms`: from the true onset of an interruption to the last audible sample of the reply;
      `interruptions_talked_over`: those before whose end the reply resumed
    - `false_stop_rate`: share of the sounds after which the reply didn't resume within 400 ms of their end
    - `self_interruptions`: stops of a reply, and turns, that no clip explains, in the parts with echo;
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


def _turns(held: Run) -> list[TurnRow]:
    return [row for part in held.parts for row in judge_turns(part)]


def _sounds(held: Run) -> list[SoundRow]:
    return [row for part in held.parts for row in judge_sounds(part)]


def _cued_sounds(held: Run) -> int:
    heard = sum(performed.cue.is_sound for part in held.parts for performed in part.performed)
    return heard + sum(part.missed for part in held.parts)


def _gaps(turns: Sequence[TurnRow]) -> list[float]:
    return [turn.gap_ms for turn in turns if turn.gap_ms is not None]


def _saved(turns: Sequence[TurnRow], without: Sequence[TurnRow]) -> list[float]:
    """Return the time that speculation saved in each turn that was answered in both runs."""
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
