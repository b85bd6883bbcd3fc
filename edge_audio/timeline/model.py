"""What a picture of a conversation shows: stretches of time, from a report or a recording."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.dialogue.report import SCHEMA_VERSION, Report
from edge_audio.events import (
    Notice,
    Outcome,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    SpeculationEnded,
    SpeculationStarted,
    SpeechPaused,
    SpeechStarted,
    State,
    StateChanged,
    TurnEnded,
    TurnFinished,
    TurnReport,
)
from edge_audio.recording.folder import RecordedConversation
from edge_audio.recording.lines import ByHand, TimedEvent
from runtime.errors import UserError

LEVELS_PER_S = 50
"""How many values of loudness there are for a second of sound."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of session time, in seconds."""

    start_s: float | None
    """None where it is not known when it began."""
    end_s: float | None
    """None where it is not known when it ended."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A speculation."""

    start_s: float
    end_s: float
    outcome: Outcome
    text: str
    """What it answers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, as it was heard."""

    start_s: float
    end_s: float | None
    """When it was over, or given up; None where that is not known."""
    held: tuple[tuple[float, float], ...]
    """Start and end of each silence in which it waited to see whether somebody interrupts."""
    report: TurnReport


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was shown to the user."""

    at_s: float
    text: str
    is_error: bool


@dataclass(slots=True)
class Timeline:
    """A conversation."""

    title: str
    models: dict[str, str]
    turns: list[TurnReport]
    begins_s: list[float] = field(default_factory=list)
    """When the user began each turn; where that is not known, its end."""
    speech: list[Stretch] = field(default_factory=list)
    """When the user spoke."""
    ahead: list[Ahead] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    taken_back_s: list[float] = field(default_factory=list)
    """When a turn was taken to be over but then went on."""
    remarks: list[Remark] = field(default_factory=list)
    heard: NDArray[np.float32] | None = None
    """Loudness at the microphone, `LEVELS_PER_S`, in [0, 1]; None where there is no recording."""
    played: NDArray[np.float32] | None = None
    """Likewise of the speaker."""
    complete: bool = True
    """True if it is known when speech started, what was made ahead, and when replies were over."""


class _ReportFile(msgspec.Struct):
    schema_version: int
    turns: list[TurnReport]
    models: dict[str, str] = {}


def from_report(path: Path) -> Timeline:
    """Read what `talk --report` wrote. Raises `UserError`."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_ReportFile)
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}).", "Check the path.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not a report: {error}.", "Name what `talk --report` wrote.") from None
    if file.schema_version > SCHEMA_VERSION:
        raise UserError(f"{path} was written by a later version of Edge Audio.", "Draw it with that one.")
    timeline = Timeline(path.name, file.models, file.turns, complete=False)
    for turn in file.turns:
        timeline.begins_s.append(turn.speech_end_s or turn.turn_end_s or 0.0)
        if turn.speech_end_s is not None:
            timeline.speech.append(Stretch(None, turn.speech_end_s))
        if turn.first_audio_s is not None:
            timeline.answers.append(Answer(turn.first_audio_s, None, (), turn))
    return timeline


def from_recording(recording: RecordedConversation) -> Timeline:
    """Return the timeline of a recording, with the loudness of its sound. Raises `UserError`."""
    session = recording.session
    timeline = from_events(recording.events)
    timeline.title = f"{recording.folder.resolve().name}, {session.recorded_at[:16].replace('T', ' ')}"
    timeline.models = session.models
    if recording.events:
        timeline.heard = loudness(recording.heard(), INPUT_RATE_HZ)
        timeline.played = loudness(recording.played(), session.output_rate_hz)
    return timeline


def from_events(events: list[TimedEvent]) -> Timeline:
    """Return the timeline of a conversation's events."""
    report = Report({})
    timeline = Timeline("", {}, report.turns)
    end_s = events[-1].at_s if events else 0.0
    speaking_s: float | None = None
    begun_s: float | None = None
    making: dict[int, tuple[float, str]] = {}
    owed: dict[int, tuple[float, float]] = {}
    saying: dict[int, _Saying] = {}
    for happened in events:
        at_s, event = happened.at_s, happened.event
        match event:
            case SpeechStarted(start_s=start_s):
                speaking_s = start_s if speaking_s is None else speaking_s
                begun_s = start_s if begun_s is None else begun_s
            case SpeechPaused(end_s=speech_end_s):
                timeline.speech.append(Stretch(speaking_s, speech_end_s))
                speaking_s = None
            case StateChanged(state=State.SILENCE):
                begun_s = None  # it was no turn
            case SpeculationStarted(epoch=epoch, user_text=text):
                making[epoch] = (at_s, text or "")
            case SpeculationEnded(epoch=epoch, outcome=outcome) if epoch in making:
                start_s, text = making.pop(epoch)
                timeline.ahead.append(Ahead(start_s, at_s, outcome, text))
            case TurnEnded(epoch=epoch):
                began_s = at_s if begun_s is None else begun_s
                for ended_s, before_s in owed.values():  # a turn that had ended, and had no reply, went on
                    timeline.taken_back_s.append(ended_s)
                    began_s = min(began_s, before_s)
                owed, begun_s = {epoch: (at_s, began_s)}, None
            case ReplyStarted(epoch=epoch, at_s=audible_s):
                saying[epoch] = _Saying(audible_s)
            case ReplyPaused(epoch=epoch) if epoch in saying:
                saying[epoch].held_since_s = at_s
            case ReplyResumed(epoch=epoch):
                if speaking_s is None:
                    begun_s = None  # it was no turn either; else the hold may just have lasted too long
                if epoch in saying:
                    saying[epoch].goes_on(at_s)
            case TurnFinished(epoch=epoch, report=turn):
                timeline.begins_s.append(owed.pop(epoch, (at_s, at_s))[1])
                if (said := saying.pop(epoch, None)) is not None:
                    timeline.answers.append(said.over(at_s, turn))
            case Notice(text=text, is_error=is_error):
                timeline.remarks.append(Remark(at_s, text, is_error))
            case _:
                pass
        if not isinstance(event, ByHand):
            report.watch(event)
    if speaking_s is not None:
        timeline.speech.append(Stretch(speaking_s, end_s))
    for start_s, text in making.values():
        timeline.ahead.append(Ahead(start_s, end_s, Outcome.CANCELLED, text))
    return timeline


@dataclass(slots=True)
class _Saying:
    """A reply that is being heard."""

    start_s: float
    held_since_s: float | None = None
    held: list[tuple[float, float]] = field(default_factory=list)

    def goes_on(self, at_s: float) -> None:
        if self.held_since_s is not None:
            self.held.append((self.held_since_s, at_s))
            self.held_since_s = None

    def over(self, at_s: float, turn: TurnReport) -> Answer:
        self.goes_on(at_s)
        return Answer(self.start_s, at_s, tuple(self.held), turn)


def loudness(pcm: Samples, rate_hz: int) -> NDArray[np.float32]:
    """Return the peak of each 1/`LEVELS_PER_S` of a second."""
    count = rate_hz // LEVELS_PER_S
    whole = np.abs(pcm[: len(pcm) - len(pcm) % count])
    peaks: NDArray[np.float32] = whole.reshape(-1, count).max(axis=1, initial=0.0)
    return peaks
