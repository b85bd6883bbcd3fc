"""What the actors report to each other and to those who watch: one small frozen type each.

Times are seconds since the session's first input sample.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """The state of the conversation; `edge_audio.dialogue.controller` has the table of transitions."""

    SILENCE = "silence"
    USER_SPEAKING = "user_speaking"
    USER_PAUSED = "user_paused"
    BOT_SPEAKING = "bot_speaking"


class Outcome(StrEnum):
    """How a speculation ended: exactly one of these."""

    COMMITTED = "committed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    FAILED = "failed"


class Stage(StrEnum):
    """A stage of a reply's latency, in the order in which they follow each other.

    They add up to the response gap.
    """

    PAUSE = "pause"
    """Until the silence after the user's last word was noticed."""
    ASR = "asr"
    """Until the transcript was there."""
    WAIT = "wait"
    """Until the turn's end, where no speculation ran."""
    LLM = "llm"
    """Until the first clause was written."""
    TTS = "tts"
    """Until its sound was there."""
    HOLD = "hold"
    """While a reply that was ready early waited for the turn's end."""
    OUT = "out"
    """On the way to the speaker."""


class Part(StrEnum):
    """A part of the assistant that a notice is about."""

    AUDIO = "audio"
    VAD = "vad"
    END_OF_TURN = "end_of_turn"
    ASR = "asr"
    LLM = "llm"
    TTS = "tts"
    RECORDING = "recording"
    METRICS = "metrics"


class Code(StrEnum):
    """What a notice says, for programs."""

    FAILED = "failed"
    """It could not do one piece of work; the conversation goes on."""
    RESTARTED = "restarted"
    """It failed and was started again."""
    LOST = "lost"
    """It is gone; the program looks for it."""
    RESTORED = "restored"
    """It is back."""
    REPLACED = "replaced"
    """Another one does its work."""
    ENDED = "ended"
    """It failed for good; the conversation goes on without it."""
    INCOMPLETE = "incomplete"
    """A part of its work is missing."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user started to speak, or went on after a pause."""

    at_s: float
    """When it was noticed."""
    start_s: float
    """Start of speech, back-dated to its first frame."""


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The user fell silent; whether the turn is over is not known yet."""

    at_s: float
    """When it was noticed."""
    end_s: float
    """End of speech, back-dated to its last frame."""
    pause: int
    """Number of this pause in the session, to match what was computed for it."""


@dataclass(frozen=True, slots=True)
class Level:
    """How loud the input is, ten times a second, for the live view."""

    rms: float
    """Root mean square of the latest frames, in [0, 1]."""
    speech: float
    """The detector's latest speech probability, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The recognizer's view of the utterance so far."""

    text: str | None
    """None without a recognizer for words."""
    pause: int | None = None
    """The pause at which it was taken; None for a partial transcript while the user speaks."""
    audio_ids: tuple[int, ...] | None = None
    """At a pause: the utterance as audio tokens, where the chat model hears them."""
    language: str | None = None
    """ISO 639-1 code of the text's language; None where it is not known."""


@dataclass(frozen=True, slots=True)
class TurnEndJudged:
    """The end-of-turn model's answer at a pause."""

    pause: int
    probability: float


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The conversation's state."""

    state: State


@dataclass(frozen=True, slots=True)
class SpeculationStarted:
    """A reply is being made before the turn's end is known."""

    epoch: int
    user_text: str | None
    """None where the words are not known."""


@dataclass(frozen=True, slots=True)
class SpeculationEnded:
    """What became of it; nothing but a committed one is ever heard or remembered."""

    epoch: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The user's turn is over: this is what they said."""

    user_text: str | None
    """None where the words are not known yet: `TurnTranscribed` brings them."""
    at_s: float
    epoch: int
    """The epoch of its reply."""


@dataclass(frozen=True, slots=True)
class TurnTranscribed:
    """The words of a turn, transcribed after it ended; they may come after its reply."""

    epoch: int
    """The epoch of its reply."""
    text: str


@dataclass(frozen=True, slots=True)
class ReplyText:
    """More text of the committed reply."""

    epoch: int
    text: str
    """All of the reply's text so far."""


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """The first audible sample of a reply is out."""

    epoch: int
    at_s: float
    """When that sample is heard."""
    sample_s: float
    """When the reply's very first sample is heard."""


@dataclass(frozen=True, slots=True)
class ReplyPaused:
    """Playback waits until it is known whether the user interrupts."""

    epoch: int


@dataclass(frozen=True, slots=True)
class ReplyResumed:
    """It was no interruption: playback resumes where it stopped."""

    epoch: int


@dataclass(frozen=True, slots=True)
class TurnReport:
    """One exchange, as the report has it; what did not happen is None."""

    user_text: str
    """Empty where the words were not known."""
    reply_text: str = ""
    """All that the chat model wrote."""
    heard_text: str = ""
    """The part of it that was played."""
    speech_end_s: float | None = None
    """The user's last speech frame; None for a typed turn."""
    turn_end_s: float | None = None
    """When the turn was judged to be over."""
    first_audio_s: float | None = None
    """First audible sample of the reply."""
    response_gap_ms: float | None = None
    """From `speech_end_s` to `first_audio_s`."""
    speculations: dict[str, int] = field(default_factory=dict)
    """How many were started, committed and cancelled for this turn."""
    interrupted: bool = False
    """True if the user spoke over the reply, or stopped it."""
    stages_ms: dict[str, float] = field(default_factory=dict)
    """Latency by `Stage`, in milliseconds; the stages add up to the response gap."""
    lead_ms: float | None = None
    """How long before the turn's end the reply's first sound was ready; negative if it came later."""
    commit_to_first_sample_ms: float | None = None
    """From when a reply was both committed and ready to its first sample at the speaker."""
    interruption_ms: float | None = None
    """From the onset of the speech that interrupted it to silence; None for a reply stopped by key."""
    wasted_compute_s: float = 0.0
    """How long this turn's discarded speculations ran."""
    error: str | None = None
    """What went wrong, in the words shown to the user."""
    error_part: Part | None = None
    """Where it went wrong: the chat model or the voice."""


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """A reply was played to its end, or stopped."""

    epoch: int
    report: TurnReport


@dataclass(frozen=True, slots=True)
class Announced:
    """What the assistant said by itself was played to its end, or stopped."""

    epoch: int
    text: str
    heard_text: str
    """The part of it that was played."""
    interrupted: bool
    error: str | None = None
    """What went wrong, in the words shown to the user."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should see: an error, a device that went away or came back."""

    text: str
    is_error: bool = False
    part: Part | None = None
    """What it is about; None where it is about the conversation as a whole."""
    code: Code | None = None
    """What happened to it; None for a remark."""


Hearing = SpeechStarted | SpeechPaused | Heard | TurnEndJudged
"""What the listener reports to the controller."""

Event = (
    Hearing
    | Level
    | StateChanged
    | SpeculationStarted
    | SpeculationEnded
    | TurnEnded
    | TurnTranscribed
    | ReplyText
    | ReplyStarted
    | ReplyPaused
    | ReplyResumed
    | TurnFinished
    | Announced
    | Notice
)
"""Everything that can be reported. The classes' names are the kinds in a recording's file: keep them."""
