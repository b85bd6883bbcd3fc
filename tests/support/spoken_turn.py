"""A turn with a discarded speculation and an interruption: what is told of it while it goes on, and after."""

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

HALF_SAID = "xylo"
"""What was understood at first."""
SAID = "xylophone"
"""All that was said, by either side."""

REPORT = TurnReport(
    user_text=SAID,
    reply_text=SAID,
    heard_text=SAID,
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
    (1.3, SpeculationStarted(1, HALF_SAID)),
    (1.7, SpeculationEnded(1, "superseded")),
    (2.1, SpeechPaused(2.1, 2.0, 1)),
    (2.2, SpeculationStarted(2, SAID)),
    (2.3, SpeculationEnded(2, "committed")),
    (2.3, TurnEnded(SAID, 2.3, 2)),
    (2.4, ReplyStarted(2, 2.45, 2.4)),
    (3.0, SpeechStarted(3.0, 2.9)),
    (3.0, ReplyPaused(2)),
    (3.2, SpeechPaused(3.2, 3.1, 2)),
    (3.4, ReplyResumed(2)),
    (5.0, TurnFinished(2, REPORT)),
    (5.0, StateChanged("silence")),
    (5.0, Notice(SAID, is_error=True)),
)
"""Each event, with the session time in seconds at which it was told."""
