"""A turn with a discarded speculation and an interruption, as its events tell it."""

from collections import Counter
from dataclasses import dataclass, field

from edge_audio.events import (
    Event,
    Notice,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    SpeculationEnded,
    SpeculationStarted,
    SpeechPaused,
    SpeechStarted,
    StateChanged,
    TurnEnded,
    TurnFinished,
    TurnReport,
)
from edge_audio.metrics.meters import Meter

SECRET = "xylophone"
"""A word that was said, and must not be told."""

REPORT = TurnReport(
    user_text=SECRET,
    reply_text=SECRET,
    heard_text=SECRET,
    speech_end_s=2.0,
    turn_end_s=2.3,
    first_audio_s=2.45,
    response_gap_ms=450.0,
    speculations={"started": 2, "committed": 1, "superseded": 1},
    interrupted=True,
    stages_ms={"pause": 150.0, "llm": 250.0, "hold": 0.0, "out": 50.0},
    lead_ms=-100.0,
    interruption_ms=120.0,
    wasted_compute_s=0.4,
)

TURN: tuple[tuple[float, Event], ...] = (
    (1.1, SpeechStarted(1.1, 1.0)),
    (1.3, SpeculationStarted(1, SECRET)),
    (1.7, SpeculationEnded(1, "superseded")),
    (2.1, SpeechPaused(2.1, 2.0, 1)),
    (2.2, SpeculationStarted(2, SECRET)),
    (2.3, SpeculationEnded(2, "committed")),
    (2.3, TurnEnded(SECRET, 2.3, 2)),
    (2.4, ReplyStarted(2, 2.45, 2.4)),
    (3.0, ReplyPaused(2)),
    (3.4, ReplyResumed(2)),
    (5.0, TurnFinished(2, REPORT)),
    (5.0, StateChanged("silence")),
    (5.0, Notice(SECRET, is_error=True)),
)


@dataclass
class HeldConversation:
    """What meters ask of a conversation."""

    time_s: float = 0.0
    counters: Counter[str] = field(default_factory=lambda: Counter(frames_dropped=3))

    def now_s(self) -> float:
        return self.time_s


def hold(meter: Meter) -> list[str]:
    """Let `meter` measure the turn; return what it says that the user should know."""
    conversation = HeldConversation()
    remarks = []
    for conversation.time_s, event in TURN:
        remarks.append(meter.measure(event, conversation))
    return [remark for remark in remarks if remark is not None]
