"""Events come back from a file as they were recorded."""

from pathlib import Path
from typing import get_args

import pytest

from edge_audio.events import (
    Announced,
    Code,
    Event,
    Heard,
    Level,
    Notice,
    Outcome,
    Part,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    ReplyText,
    SpeculationEnded,
    SpeculationStarted,
    SpeechPaused,
    SpeechStarted,
    State,
    StateChanged,
    TurnEnded,
    TurnEndJudged,
    TurnFinished,
    TurnReport,
    TurnTranscribed,
)
from edge_audio.recording.lines import ByHand, TimedEvent, read_lines, to_line
from runtime.errors import UserError

DATA = Path(__file__).parents[2] / "data"

EVERYTHING: list[Event | ByHand] = [
    Level(0.25, 0.75),
    SpeechStarted(1.0, 0.9),
    Heard("hel\nlo \u2028 😀"),
    SpeechPaused(2.0, 1.9, 3),
    Heard(None, 3, (1, 2, 3)),
    TurnEndJudged(3, 0.5),
    SpeculationStarted(4, None),
    SpeculationEnded(4, "superseded"),
    TurnEnded("hello", 2.5, 5),
    TurnTranscribed(5, "hello"),
    StateChanged("bot_speaking"),
    ReplyText(5, "Hi"),
    ReplyStarted(5, 2.6, 2.55),
    ReplyPaused(5),
    ReplyResumed(5),
    TurnFinished(5, TurnReport("hello", "Hi", speculations={"started": 1}, stages_ms={"asr": 3.5})),
    Announced(6, "Dinner is ready.", "Dinner", True),
    Notice("oh", is_error=True),
    Notice("The microphone is gone.", True, Part.AUDIO, Code.LOST),
    ByHand("type", "hello"),
]


def test_all_kinds_of_events_come_back_in_order(tmp_path: Path) -> None:
    assert {type(event) for event in EVERYTHING} >= set(get_args(Event))
    events = [TimedEvent(index / 8, event) for index, event in enumerate(EVERYTHING)]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(map(to_line, events)))
    assert read_lines(path) == events


def test_what_version_0_1_0_wrote_is_read() -> None:
    events = read_lines(DATA / "recordings" / "events-0.1.0.jsonl")
    assert len(events) == 18
    assert {type(happened.event) for happened in events} == {*get_args(Event), ByHand} - {Announced}
    (changed,) = [happened.event for happened in events if isinstance(happened.event, StateChanged)]
    assert changed.state is State.BOT_SPEAKING
    (ended,) = [happened.event for happened in events if isinstance(happened.event, SpeculationEnded)]
    assert ended.outcome is Outcome.SUPERSEDED


def test_a_line_that_was_cut_off_and_a_kind_that_is_no_more_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = to_line(TimedEvent(1.0, Level(0.1, 0.2)))
    path.write_bytes(line + b'{"at_s":2,"type":"Sneezed","event":{}}\n' + line[:-5])
    assert read_lines(path) == [TimedEvent(1.0, Level(0.1, 0.2))]


@pytest.mark.parametrize(
    "line", [b"hello", b'{"at_s":1}', b'{"at_s":1,"type":"Level","event":{"rms":"loud"}}', b"\xff\xfe"]
)
def test_what_is_no_event_is_told_with_its_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(to_line(TimedEvent(1.0, Level(0.1, 0.2))) + line + b"\n")
    with pytest.raises(UserError, match="line 2"):
        read_lines(path)
