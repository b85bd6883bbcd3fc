from typing import Any

import numpy as np
import pytest

from edge_audio.audio.frame import FILE_RATE_HZ
from edge_audio.bench.conversation.judge import (
    HeldPart,
    Output,
    SoundRow,
    TurnRow,
    judge_sounds,
    judge_turns,
    unprovoked,
)
from edge_audio.bench.conversation.material import Clip, Pause, SpokenTurn
from edge_audio.bench.conversation.performance import Cue, Performed
from edge_audio.events import (
    Event,
    ReplyPaused,
    SpeculationEnded,
    SpeculationStarted,
    TurnEnded,
    TurnFinished,
    TurnReport,
)

QUESTION = Clip("question.flac", "Where do penguins live?", 0.3, 2.3)
HESITANT = Clip("hesitant.flac", "Where do penguins live?", 0.3, 2.3, pauses=(Pause(1.0, 1.8),))
COUGH = Clip("cough.flac", "a cough", 0.3, 0.6)


def output(*sounds: tuple[float, float], length_s: float = 20.0) -> Output:
    """A recording in which something is audible from the begin to the end of each of `sounds`."""
    pcm = np.zeros(round(length_s * FILE_RATE_HZ), np.float32)
    for start_s, end_s in sounds:
        pcm[round(start_s * FILE_RATE_HZ) : round(end_s * FILE_RATE_HZ)] = 0.1
    return Output(pcm, FILE_RATE_HZ)


def turn(began_s: float, clip: Clip = QUESTION, into_reply_s: float | None = None) -> Performed:
    return Performed(Cue(SpokenTurn(clip.name), clip, False, into_reply_s), began_s)


def sound(began_s: float) -> Performed:
    return Performed(Cue(SpokenTurn("question", sound="cough"), COUGH, True, 0.5), began_s)


def heard(
    played: Output, performed: list[Performed], *events: tuple[float, Event], echo: bool = False
) -> HeldPart:
    return HeldPart("part", echo, performed, 0, events, played)


def ended(at_s: float, epoch: int, text: str = "Where do penguins live?") -> tuple[float, Event]:
    return at_s, TurnEnded(text, at_s, epoch)


def finished(at_s: float, epoch: int, interrupted: bool = False, **report: Any) -> tuple[float, Event]:
    return at_s, TurnFinished(epoch, TurnReport("", interrupted=interrupted, **report))


def only_turn(*arguments: Any, **options: Any) -> TurnRow:
    (row,) = judge_turns(heard(*arguments, **options))
    return row


def only_sound(*arguments: Any, **options: Any) -> SoundRow:
    (row,) = judge_sounds(heard(*arguments, **options))
    return row


def test_the_gap_is_from_the_true_end_of_speech_to_the_first_audible_sample() -> None:
    row = only_turn(output((3.8, 6.0)), [turn(1.0)], ended(3.6, 1), finished(6.1, 1))
    assert row.gap_ms == pytest.approx(500.0, abs=0.1)
    assert not row.cut_off
    assert not row.speculated
    assert row.heard == "Where do penguins live?"


def test_what_the_report_says_of_the_gap_does_not_count() -> None:
    reported = finished(6.1, 1, response_gap_ms=10.0)
    assert only_turn(output((3.8, 6.0)), [turn(1.0)], ended(3.6, 1), reported).gap_ms == pytest.approx(500.0)


def test_without_an_answer_there_is_no_gap() -> None:
    row = only_turn(output(), [turn(1.0)])
    assert (row.gap_ms, row.heard, row.cut_off) == (None, None, False)


def test_an_answer_to_the_next_turn_is_none_to_this_one() -> None:
    rows = judge_turns(heard(output((8.0, 9.0)), [turn(1.0), turn(5.0)], ended(7.5, 1)))
    assert [row.gap_ms for row in rows] == [None, pytest.approx(700.0, abs=0.1)]


def test_an_answer_into_the_pause_cuts_the_turn_off() -> None:
    events = ended(2.2, 1), finished(2.9, 1, interrupted=True), ended(3.5, 2)
    row = only_turn(output((2.4, 2.8), (3.8, 6.0)), [turn(1.0, HESITANT)], *events)
    assert row.cut_off
    assert row.ended_early
    assert row.paused
    assert row.gap_ms == pytest.approx(500.0, abs=0.1)


def test_an_end_that_is_repaired_unheard_cuts_nothing_off() -> None:
    events = ended(2.2, 1, "Where do penguins"), ended(3.5, 2, "Where do penguins live?")
    row = only_turn(output((3.8, 6.0)), [turn(1.0, HESITANT)], *events)
    assert not row.cut_off
    assert row.ended_early


def test_a_turn_answered_in_pieces_is_cut_off_though_nothing_was_heard_of_the_first() -> None:
    events = ended(2.2, 1, "Where do penguins"), ended(3.5, 2, "Live?")
    assert only_turn(output((3.8, 6.0)), [turn(1.0, HESITANT)], *events).cut_off


def test_an_answer_that_talks_over_the_end_leaves_no_gap() -> None:
    row = only_turn(output((3.0, 6.0)), [turn(1.0)], ended(2.9, 1))
    assert row.cut_off
    assert row.gap_ms is None


def test_a_committed_speculation_is_told_with_its_lead() -> None:
    begun = (3.2, SpeculationStarted(1, "Where do penguins live?"))
    events = begun, (3.5, SpeculationEnded(1, "committed")), ended(3.5, 1), finished(6.1, 1, lead_ms=120.0)
    row = only_turn(output((3.6, 6.0)), [turn(1.0)], *events)
    assert row.speculated
    assert row.lead_ms == 120.0
    assert row.head_start_ms == pytest.approx(300.0)


def test_a_lead_without_speculation_is_none() -> None:
    row = only_turn(output((3.6, 6.0)), [turn(1.0)], ended(3.5, 1), finished(6.1, 1, lead_ms=-80.0))
    assert not row.speculated
    assert row.lead_ms is None
    assert row.head_start_ms is None


def test_an_interruption_is_silenced_when_the_last_sample_was_audible() -> None:
    row = only_turn(output((0.5, 3.43)), [turn(3.0, into_reply_s=1.0)], finished(3.5, 1, interrupted=True))
    assert row.silence_ms == pytest.approx(130.0, abs=0.1)


def test_a_reply_that_goes_on_while_the_user_speaks_talks_over_them() -> None:
    interruption = turn(3.0, into_reply_s=1.0)
    row = only_turn(output((0.5, 3.4), (4.9, 5.4)), [interruption], finished(5.5, 1, interrupted=True))
    assert row.silence_ms == pytest.approx(100.0, abs=0.1)
    assert row.talked_over
    silenced = only_turn(output((0.5, 3.4), (5.6, 8.0)), [interruption], ended(5.5, 2))
    assert not silenced.talked_over


def test_a_gap_between_sentences_is_no_silence() -> None:
    row = only_turn(
        output((0.5, 3.35), (3.6, 3.9)), [turn(3.0, into_reply_s=1.0)], finished(4.0, 1, interrupted=True)
    )
    assert row.silence_ms == pytest.approx(600.0, abs=0.1)


def test_an_interruption_of_nothing_is_not_judged() -> None:
    assert only_turn(output((0.5, 2.0)), [turn(3.0, into_reply_s=1.0)]).silence_ms is None


def test_a_reply_that_was_between_two_sentences_and_stayed_silent_was_not_silenced() -> None:
    played = output((0.5, 3.2), (3.45, 3.5))
    interrupted = finished(3.6, 1, interrupted=True)
    assert only_turn(output((0.5, 3.2)), [turn(3.0, into_reply_s=1.0)], interrupted).silence_ms is None
    row = only_turn(played, [turn(3.0, into_reply_s=1.0)], interrupted)
    assert row.silence_ms == pytest.approx(200.0, abs=0.1)


def test_a_reply_that_ends_by_itself_was_not_silenced() -> None:
    row = only_turn(output((0.5, 3.43)), [turn(3.0, into_reply_s=1.0)], finished(3.5, 1))
    assert row.silence_ms is None


def test_a_turn_in_silence_is_no_interruption() -> None:
    assert only_turn(output((0.5, 3.43)), [turn(3.0)]).silence_ms is None


def test_a_reply_that_goes_on_all_the_time_did_not_stop() -> None:
    row = only_sound(output((0.5, 6.0)), [sound(2.0)], finished(6.1, 1))
    assert (row.stopped_ms, row.back_ms, row.false_stop) == (None, None, False)
    assert row.length_ms == pytest.approx(300.0, abs=0.1)


def test_a_reply_that_is_back_in_time_did_not_stop_for_nothing() -> None:
    row = only_sound(output((0.5, 2.4), (2.99, 6.0)), [sound(2.0)], finished(6.1, 1))
    assert row.stopped_ms == pytest.approx(100.0, abs=0.1)
    assert row.back_ms == pytest.approx(390.0, abs=0.1)
    assert not row.false_stop


def test_a_reply_that_is_back_too_late_stopped_for_nothing() -> None:
    row = only_sound(output((0.5, 2.4), (3.01, 6.0)), [sound(2.0)], finished(6.1, 1))
    assert row.back_ms == pytest.approx(410.0, abs=0.1)
    assert row.false_stop


def test_a_stop_that_begins_only_after_the_sound_counts() -> None:
    assert only_sound(output((0.5, 2.9), (3.4, 6.0)), [sound(2.0)], finished(6.1, 1)).false_stop


def test_a_reply_that_never_goes_on_stopped_for_nothing() -> None:
    row = only_sound(output((0.5, 2.4)), [sound(2.0)], finished(2.5, 1, interrupted=True))
    assert row.back_ms is None
    assert row.false_stop


def test_the_next_reply_is_not_the_one_that_stopped() -> None:
    played = output((0.5, 2.4), (7.0, 8.0))
    row, *_ = judge_sounds(heard(played, [sound(2.0), turn(4.0)], finished(2.5, 1, interrupted=True)))
    assert row.back_ms is None
    assert row.false_stop


def test_a_sound_that_is_answered_stopped_the_reply_for_nothing() -> None:
    row = only_sound(output((0.5, 2.4), (2.7, 5.0)), [sound(2.0)], ended(2.6, 2, "Huh?"))
    assert row.taken_for_a_turn
    assert row.false_stop


def test_a_reply_that_ends_by_itself_under_a_sound_tells_nothing() -> None:
    assert judge_sounds(heard(output((0.5, 2.5)), [sound(2.0)], finished(2.6, 1))) == []


def test_a_reply_that_ends_by_itself_after_a_sound_did_not_stop() -> None:
    row = only_sound(output((0.5, 2.7)), [sound(2.0)], finished(2.8, 1))
    assert (row.stopped_ms, row.false_stop) == (None, False)


def test_a_sound_in_silence_is_not_judged() -> None:
    assert judge_sounds(heard(output((0.5, 1.0)), [sound(2.0)])) == []


def test_stops_and_turns_are_unprovoked_where_nobody_was_heard() -> None:
    part = heard(
        output((3.8, 9.0)),
        [turn(1.0)],
        ended(3.5, 1),
        (4.0, ReplyPaused(1)),  # within a second of the turn's end: its echo, maybe
        (5.0, ReplyPaused(1)),
        ended(7.0, 2, "Penguins live."),
    )
    assert unprovoked(part) == 2


def test_an_empty_recording_is_silent() -> None:
    silent = output()
    assert silent.first_audible(0.0) is None
    assert not silent.audible(0.0, 20.0)
    assert list(silent.silences(0.0, 20.0)) == []


def test_a_lasting_silence_is_told_from_its_last_audible_sample_to_the_next() -> None:
    ((begin_s, end_s),) = output((1.0, 2.0), (2.2, 3.0), (3.5, 4.0)).silences(0.0, 3.5)
    assert begin_s == pytest.approx(3.0, abs=1e-4)
    assert end_s == pytest.approx(3.5, abs=1e-4)
