"""What the user did by hand is done again in a replay, at its time."""

from pathlib import Path

import numpy as np

from edge_audio.config import Config
from edge_audio.events import Level, SpeechStarted, TurnEnded, TurnFinished
from edge_audio.recording.folder import RecordedConversation
from edge_audio.recording.lines import ByHand, TimedEvent
from edge_audio.recording.replay import replay
from edge_audio.recording.session import describe
from edge_audio.testing import models
from runtime import clock


def again(deeds: list[tuple[float, ByHand]], heard: np.ndarray) -> list[TimedEvent]:
    config = Config()
    session = describe(config, {}, device="test", rate_hz=24_000, latency_s=0.0, treated=False)
    recording = RecordedConversation(Path(), session, [TimedEvent(at_s, deed) for at_s, deed in deeds])
    nothing = np.zeros(0, np.float32)
    return clock.run_virtual(replay(config, models(), recording, heard.astype(np.float32), nothing))


def test_a_line_is_typed_and_its_reply_stopped_when_it_was_then() -> None:
    told = again([(1.0, ByHand("type", "hello")), (30.0, ByHand("stop"))], np.zeros(16_000))
    (ended,) = [happened for happened in told if isinstance(happened.event, TurnEnded)]
    assert ended.event.user_text == "hello"
    assert abs(ended.at_s - 1.0) < 0.05
    assert sum(isinstance(happened.event, TurnFinished) for happened in told) == 1
    assert told[-1].at_s > 30.0, "the replay ends after the last deed"


def test_what_was_said_while_muted_is_not_heard() -> None:
    speech = np.ones(3 * 16_000)
    assert any(isinstance(happened.event, SpeechStarted) for happened in again([], speech))
    muted = again([(0.0, ByHand("mute")), (3.5, ByHand("unmute"))], speech)
    started_s = [happened.at_s for happened in muted if isinstance(happened.event, SpeechStarted)]
    assert started_s == []
    assert any(isinstance(happened.event, Level) for happened in muted)
