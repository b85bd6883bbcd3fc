"""The user's open turn: what is known of it so far."""

from dataclasses import dataclass, field

from edge_audio.dialogue.announcement import Announcement
from edge_audio.dialogue.reply import Reply
from edge_audio.events import Outcome, SpeechPaused, Stage, TurnReport
from edge_audio.llm.chat_model import UserTurn
from edge_audio.text.words import normalised
from edge_audio.turns.policy import Evidence

_NOTHING = UserTurn("")


@dataclass(slots=True)
class OpenTurn:
    """A turn that has begun and is not over. Times in session seconds."""

    before: UserTurn | None = None
    """What the user had said already when an unheard reply was withdrawn: the turn goes on from there."""
    said: UserTurn | None = None
    """The whole turn at the latest pause; None while the user speaks."""
    partial: UserTurn = _NOTHING
    """The latest partial transcript while the user speaks."""
    judged: tuple[str, float | None] | None = None
    """Words of it, normalised, and the chat model's probability that they are all."""
    speaking: bool = True
    forced_end: bool = False
    """True if the user said by key that they have finished."""
    pause: int | None = None
    """The pause that the turn is in; None while the user speaks."""
    speech_end_s: float | None = None
    paused_s: float | None = None
    """When the pause was noticed."""
    heard_s: float | None = None
    """When the transcript was there."""
    p_end: float | None = None
    """The end-of-turn model's answer for this pause."""
    outcomes: dict[str, int] = field(
        default_factory=lambda: {"started": 0, Outcome.COMMITTED: 0, Outcome.CANCELLED: 0}
    )
    """Speculations started, and how they ended."""

    def is_judged(self, words: str) -> bool:
        """Return whether the chat model has judged `words`."""
        return self.judged is not None and self.judged[0] == normalised(words)

    def evidence(self, heard: UserTurn) -> Evidence:
        """Return what is known of whether the turn is over with what was `heard`."""
        words, p_complete = heard.transcript, None
        if words is not None and self.judged and self.is_judged(words):
            p_complete = self.judged[1]
        return Evidence(self.p_end, words, p_complete, heard.language)

    def after(self, said: UserTurn) -> UserTurn:
        """Return `said` with what was said before it."""
        return said if self.before is None else self.before.followed_by(said)

    def paused(self, pause: SpeechPaused) -> None:
        """The user is silent; whether they have finished is to be found out."""
        self.speaking = False
        self.pause, self.speech_end_s, self.paused_s = pause.pause, pause.end_s, pause.at_s

    def went_on(self) -> None:
        """The user speaks again: what was worked out for the pause is void."""
        self.speaking = True
        self.forced_end = False
        self.said = None
        self.pause = self.speech_end_s = self.paused_s = self.heard_s = self.p_end = None

    def count(self, outcome: Outcome) -> None:
        """Count a speculation's end."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


@dataclass(slots=True)
class Exchange:
    """A turn that is over and the reply that answers it, or an announcement, which answers none."""

    turn: OpenTurn
    said: UserTurn | None
    """The turn's content, None for an announcement; its transcript may come later."""
    reply: Reply
    turn_end_s: float
    announcement: Announcement | None = None
    first_sample_s: float | None = None
    first_audio_s: float | None = None
    """Its first audible sample."""

    def report(self, heard_text: str, *, interrupted: bool) -> TurnReport:
        """Sum the exchange up."""
        turn, reply = self.turn, self.reply
        gap_ms = None
        if turn.speech_end_s is not None and self.first_audio_s is not None:
            gap_ms = round((self.first_audio_s - turn.speech_end_s) * 1000, 1)
        return TurnReport(
            user_text=(self.said and self.said.transcript) or "",
            reply_text=reply.text,
            heard_text=heard_text,
            speech_end_s=_rounded(turn.speech_end_s),
            turn_end_s=_rounded(self.turn_end_s),
            first_audio_s=_rounded(self.first_audio_s),
            response_gap_ms=gap_ms,
            speculations=dict(turn.outcomes),
            interrupted=interrupted,
            stages_ms=self._stages_ms(),
            lead_ms=self._lead_ms(),
            commit_to_first_sample_ms=self._commit_to_first_sample_ms(),
            error=reply.error,
            error_part=reply.error_part,
        )

    def _lead_ms(self) -> float | None:
        ready_s = self.reply.times.first_audio_s
        return None if ready_s is None else round((self.turn_end_s - ready_s) * 1000, 1)

    def _commit_to_first_sample_ms(self) -> float | None:
        ready_s = self.reply.times.first_audio_s
        if ready_s is None or self.first_sample_s is None:
            return None
        return round((self.first_sample_s - max(ready_s, self.turn_end_s)) * 1000, 1)

    def _stages_ms(self) -> dict[str, float]:
        """Latency from the end of speech to the first audible sample, cut where one stage met the next.

        See `Stage`; they add up to the response gap.
        """
        turn, times = self.turn, self.reply.times
        ready_s = times.first_audio_s
        released_s = None if ready_s is None else max(ready_s, self.turn_end_s)
        marks = (
            (Stage.PAUSE, turn.paused_s),
            (Stage.ASR, turn.heard_s),
            (Stage.WAIT, times.started_s),
            (Stage.LLM, times.first_clause_s),
            (Stage.TTS, ready_s),
            (Stage.HOLD, released_s),
            (Stage.OUT, self.first_audio_s),
        )
        stages: dict[str, float] = {}
        since_s = turn.speech_end_s if turn.speech_end_s is not None else times.started_s
        for stage, at_s in marks:
            if at_s is not None:
                # The speaker's time line may be some ms ahead of the clock; no stage takes less than nothing.
                stages[stage] = round(max(0.0, at_s - since_s) * 1000, 1)
                since_s = max(since_s, at_s)
        return stages


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
