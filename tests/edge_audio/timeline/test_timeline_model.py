"""What a picture shows is what the events, or the report, tell."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_audio.dialogue.report import Report
from edge_audio.events import (
    Event,
    ReplyPaused,
    ReplyStarted,
    SpeechPaused,
    SpeechStarted,
    StateChanged,
    TurnEnded,
    TurnFinished,
    TurnReport,
    TurnTranscribed,
)
from edge_audio.recording.lines import ByHand, TimedEvent
from edge_audio.timeline.model import Ahead, Stretch, from_events, from_report, loudness
from runtime.errors import UserError
from tests.support.spoken_turn import HALF_SAID, REPORT, SAID, TURN


def told(*happened: tuple[float, Event | ByHand]) -> list[TimedEvent]:
    return [TimedEvent(at_s, event) for at_s, event in happened]


def test_speech_speculations_holds_and_replies_are_told_with_their_times() -> None:
    timeline = from_events(
        told(
            *TURN,
            (5.5, TurnTranscribed(2, "hello")),
            (5.5, ByHand("mute")),
            (6.0, SpeechStarted(6.0, 5.9)),
            (7.0, StateChanged("user_speaking")),
        )
    )
    assert timeline.speech == [Stretch(1.0, 2.0), Stretch(2.9, 3.1), Stretch(5.9, 7.0)]
    assert timeline.ahead == [Ahead(1.3, 1.7, "superseded", HALF_SAID), Ahead(2.2, 2.3, "committed", SAID)]
    (answer,) = timeline.answers
    assert (answer.start_s, answer.end_s, answer.held) == (2.45, 5.0, ((3.0, 3.4),))
    assert timeline.begins_s == [1.0]
    assert timeline.taken_back_s == []
    assert [remark.text for remark in timeline.remarks] == [SAID]
    assert timeline.turns == [replace(REPORT, user_text="hello")]


def test_a_reply_that_was_given_up_while_held_ends_with_the_hold() -> None:
    timeline = from_events(
        told(
            (1.0, TurnEnded("go on", 1.0, 1)),
            (1.2, ReplyStarted(1, 1.2, 1.2)),
            (2.0, ReplyPaused(1)),
            (2.6, TurnFinished(1, TurnReport("go on", interrupted=True))),
        )
    )
    assert timeline.answers[0].held == ((2.0, 2.6),)
    assert timeline.answers[0].end_s == 2.6


def test_a_turn_that_went_on_begins_where_it_first_began_and_shows_the_false_end() -> None:
    timeline = from_events(
        told(
            (1.1, SpeechStarted(1.1, 1.0)),
            (2.0, SpeechPaused(2.0, 1.9, 1)),
            (2.2, TurnEnded("a", 2.2, 1)),
            (2.4, SpeechStarted(2.4, 2.3)),
            (3.0, SpeechPaused(3.0, 2.9, 2)),
            (3.2, TurnEnded("a b", 3.2, 2)),
            (4.0, TurnFinished(2, TurnReport("a b", turn_end_s=3.2))),
        )
    )
    assert timeline.taken_back_s == [2.2]
    assert timeline.begins_s == [1.0]


def test_speech_that_was_no_turn_is_not_the_next_turns_begin() -> None:
    timeline = from_events(
        told(
            (1.1, SpeechStarted(1.1, 1.0)),
            (1.1, StateChanged("user_speaking")),
            (1.5, SpeechPaused(1.5, 1.4, 1)),
            (1.7, StateChanged("silence")),
            (9.1, SpeechStarted(9.1, 9.0)),
            (9.9, SpeechPaused(9.9, 9.8, 2)),
            (9.9, TurnEnded("a", 9.9, 1)),
            (10.0, TurnFinished(1, TurnReport("a", turn_end_s=9.9))),
        )
    )
    assert timeline.begins_s == [9.0]


def test_a_report_tells_what_it_holds_and_no_more(tmp_path: Path) -> None:
    report = Report({"asr": "a"})
    report.turns += [REPORT, TurnReport("typed", turn_end_s=9.0)]
    (tmp_path / "report.json").write_text(report.as_json({}))
    timeline = from_report(tmp_path / "report.json")
    assert timeline.speech == [Stretch(None, 2.0)]
    assert [(answer.start_s, answer.end_s) for answer in timeline.answers] == [(2.45, None)]
    assert timeline.begins_s == [2.0, 9.0]
    assert timeline.models == {"asr": "a"}
    assert not timeline.complete


@pytest.mark.parametrize("content", [None, "x", "{}", '{"schema_version": 99, "turns": []}', '{"turns": 3}'])
def test_what_is_no_report_is_told(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(UserError, match=r"report\.json"):
        from_report(tmp_path / "report.json")


def test_loudness_is_the_peak_of_each_fiftieth_of_a_second() -> None:
    pcm = np.zeros(700, np.float32)
    pcm[319], pcm[320] = -0.5, 0.25
    assert loudness(pcm, 16_000).tolist() == [0.5, 0.25]
    assert loudness(pcm[:10], 16_000).tolist() == []
