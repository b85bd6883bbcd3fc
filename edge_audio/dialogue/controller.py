"""The controller: from what was heard and when, to what is said and when.

It follows the conversation through its states and makes its three moves: it speculates where the turn may be
complete, it commits at the turn's end, and it cancels where the user goes on. It computes nothing and waits
for nothing: each event is dealt with at once, on the event loop, so that no queue stands between an
interruption and the speaker.

    silence ──────▶ user_speaking ◀───▶ user_paused ──────▶ silence       (it was no turn)
       ▲ │                ▲ │                ▲ │
       │ │ typed, say     │ │ typed          │ │ turn's end, typed
       │ ▼                │ ▼                │ ▼
    bot_speaking ◀────────┴─┴────────────────┴─┘

Barge-in leads back from `bot_speaking`, and may be over as soon as it is understood. `NEXT` is the table.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, TypeVar, assert_never, cast

from edge_audio.dialogue.announcement import Announcement
from edge_audio.dialogue.delivery import Delivery
from edge_audio.dialogue.interruption import Interruptions
from edge_audio.dialogue.reporter import Reporter
from edge_audio.dialogue.seams import TurnListener
from edge_audio.dialogue.speculation import Moment, Speculations
from edge_audio.dialogue.turn import OpenTurn
from edge_audio.events import (
    Heard,
    Hearing,
    Outcome,
    SpeechPaused,
    SpeechStarted,
    State,
    StateChanged,
    TurnEndJudged,
)
from edge_audio.llm.chat_model import UserTurn
from edge_audio.text.script import language_of
from edge_audio.text.words import normalised
from edge_audio.turns.policy import EndOfTurnPolicy
from runtime.timer import Timer

NEXT: Mapping[State, frozenset[State]] = {
    State.SILENCE: frozenset((State.USER_SPEAKING, State.BOT_SPEAKING)),
    State.USER_SPEAKING: frozenset((State.USER_PAUSED, State.BOT_SPEAKING)),
    State.USER_PAUSED: frozenset((State.USER_SPEAKING, State.BOT_SPEAKING, State.SILENCE)),
    State.BOT_SPEAKING: frozenset((State.SILENCE, State.USER_SPEAKING, State.USER_PAUSED)),
}
"""The states that may follow each state while the conversation is held."""

_JUDGE_S = 0.08
"""So long the chat model's view of the last words is waited for, at most; by itself it takes 20 to 60 ms."""

_ANNOUNCEMENTS_WAITING = 16
"""Texts that may wait to be said until the user and the reply are done. The oldest goes first, and is given
up for one more."""

Method = TypeVar("Method", bound=Callable[..., None])


def _changes_state(method: Method) -> Method:
    """Wrap a way into the controller: what it does may change the state, which is reported after it.

    Once the conversation is closed, it does nothing.
    """

    @wraps(method)
    def changed(self: "Controller", *arguments: Any, **options: Any) -> None:
        if not self._closed:
            method(self, *arguments, **options)
            self._show_state()

    return cast(Method, changed)


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """How the controller behaves; see `edge_audio.config.Conversation`."""

    barge_in: bool = True
    """Whether speech may interrupt a reply that has begun; before, the turn just goes on."""
    turns_without_words: bool = False
    """True where a turn may come as audio tokens alone, without a transcript."""
    language: str | None = None
    """ISO 639-1 code of what is typed, where its script doesn't show it; None if unknown."""


class Controller:
    """The conversation's state and its decisions."""

    def __init__(
        self,
        listener: TurnListener,
        delivery: Delivery,
        interruptions: Interruptions,
        speculations: Speculations,
        end_of_turn: EndOfTurnPolicy,
        reporter: Reporter,
        settings: ControllerSettings,
    ) -> None:
        """Take over `delivery` and `interruptions`: their ends are reported here. See `open_dialogue`."""
        self._listener = listener
        self._delivery = delivery
        self._interruptions = interruptions
        self._speculations = speculations
        self._end_of_turn = end_of_turn
        self._settings = settings
        self._time_s = reporter.time_s
        self._report = reporter.report
        self._closed = False
        self._state = State.SILENCE
        self._turn: OpenTurn | None = None
        self._silence_timer = Timer(self._silence_lasts)
        self._announcements: deque[Announcement] = deque()
        delivery.on_end = self._reply_over
        interruptions.on_lasting_sound = self._spoken_over_for_long

    @property
    def idle(self) -> bool:
        """True when no one is speaking and no reply is pending."""
        return self._turn is None and not self._delivery.active

    # What is heard.

    @_changes_state
    def handle(self, event: Hearing) -> None:
        """Deal with what the listener reports."""
        match event:
            case SpeechStarted(start_s=start_s):
                self._speech_started(start_s)
            case SpeechPaused():
                self._speech_paused(event)
            case Heard(pause=None):
                self._heard_partial(event.text or "", event.language)
            case Heard(pause=pause):
                self._heard_all(UserTurn(event.text, event.audio_ids, event.language), pause)
            case TurnEndJudged(pause=pause, probability=probability):
                self._judged(pause, probability)
            case _:
                assert_never(event)

    def _speech_started(self, start_s: float) -> None:
        self._silence_timer.stop()
        if (turn := self._turn) is not None:
            self._go_on(turn, start_s)
        elif not self._delivery.active:
            self._turn = OpenTurn()
            self._end_of_turn.turn_begins(asked=self._delivery.asked)
            self._speculations.prefill()
        elif self._settings.barge_in or not self._delivery.audible:
            self._turn = OpenTurn()
            self._end_of_turn.turn_begins(asked=False)
            self._interruptions.speech_started(start_s)

    def _go_on(self, turn: OpenTurn, start_s: float) -> None:
        """The user had only paused."""
        if turn.speech_end_s is not None:
            pause_ms = (start_s - turn.speech_end_s) * 1000
            self._end_of_turn.went_on(pause_ms, turn.evidence(turn.said or turn.partial))
        self._speculations.end(Outcome.CANCELLED)
        turn.went_on()
        if self._interruptions.possible:
            self._interruptions.speech_started(start_s)

    def _speech_paused(self, event: SpeechPaused) -> None:
        if (turn := self._turn) is None:
            self._listener.end_turn()
            return
        turn.paused(event)
        self._interruptions.speech_paused(event.end_s)

    def _heard_partial(self, text: str, language: str | None) -> None:
        if (turn := self._turn) is None:
            return
        heard = UserTurn(text, language=language)
        if self._interruptions.possible:
            turn.partial = heard if text else turn.partial
            if self._interruptions.heard_partial(text, language):
                self._give_way(turn)
            return
        if not text:
            return
        said = turn.after(heard)
        words = said.transcript or ""
        before = turn.partial.transcript or ""
        moment: Moment = "settled" if normalised(words) == normalised(before) else "changed"
        turn.partial = said
        self._speculations.end_unless_it_answers(said)
        self._speculations.prefill(words, partial(self._words_judged, turn, said, moment))

    @_changes_state
    def _words_judged(self, turn: OpenTurn, said: UserTurn, moment: Moment, p_complete: float | None) -> None:
        """The chat model has read what was heard so far; `p_complete` is its probability that this is all."""
        if self._turn is not turn:
            return
        turn.judged = (normalised(said.transcript or ""), p_complete)
        if not turn.speaking:
            self._look_at_pause()
        elif self._speculations.hears_words and turn.partial == said:
            likely = self._end_of_turn.all_said(turn.evidence(said))
            self._speculations.consider(turn, said, moment, likely)

    def _heard_all(self, heard: UserTurn, pause: int | None) -> None:
        turn = self._turn
        if turn is None or turn.pause != pause:
            return
        if self._interruptions.possible:
            if not self._interruptions.heard_all(heard):
                self._drop_turn()
                return
            self._give_way(turn)
        said = turn.after(heard)
        if not said.transcript and (said.transcript is not None or not said.audio_ids):
            self._drop_turn()
            return
        turn.said = said
        turn.heard_s = self._time_s()
        self._speculations.end_unless_it_answers(said)
        words = said.transcript
        if words is None or self._speculations.running or turn.is_judged(words):
            self._look_at_pause()
        else:
            self._silence_timer.start(_JUDGE_S)
            self._speculations.prefill(words, partial(self._words_judged, turn, said, "pause"))

    def _judged(self, pause: int, probability: float) -> None:
        if self._turn is not None and self._turn.pause == pause:
            self._turn.p_end = probability
            self._look_at_pause()

    # A pause: is it worth a speculation, is it the end of the turn?

    def _look_at_pause(self) -> None:
        """Do what the silence so far makes likely enough; look again when it has lasted longer."""
        self._silence_timer.stop()
        turn = self._turn
        if turn is None or turn.pause is None or turn.speech_end_s is None or turn.said is None:
            return
        evidence = turn.evidence(turn.said)
        silent_ms = (self._time_s() - turn.speech_end_s) * 1000
        end_ms = 0.0 if turn.forced_end else self._end_of_turn.silence_ms(evidence)
        next_ms = end_ms
        if (least := self._speculations.worth_a_pause) is not None:
            likely_ms = self._end_of_turn.silence_ms(evidence, certainty=least)
            start_ms = self._speculations.start_ms(likely_ms, end_ms)
            if silent_ms >= start_ms:
                likely = self._end_of_turn.probability(silent_ms, evidence)
                self._speculations.consider(turn, turn.said, "pause", max(likely, least))
            else:
                next_ms = min(start_ms, end_ms)
        if silent_ms >= end_ms:
            self._end_turn(turn, turn.said)
        else:
            self._silence_timer.start(max(next_ms - silent_ms, 1.0) / 1000)

    @_changes_state
    def _silence_lasts(self) -> None:
        self._look_at_pause()

    def _end_turn(self, turn: OpenTurn, said: UserTurn) -> None:
        reply = self._speculations.commit()
        self._turn = None
        self._listener.end_turn()
        self._delivery.answer(turn, said, reply)

    def _drop_turn(self) -> None:
        """It was no turn: noise, or a backchannel."""
        self._speculations.end(Outcome.CANCELLED)
        self._turn = None
        self._listener.end_turn()

    # Barge-in.

    @_changes_state
    def _spoken_over_for_long(self) -> None:
        if self._turn is not None:
            self._give_way(self._turn)

    def _give_way(self, turn: OpenTurn) -> None:
        """The user interrupts with `turn`, which takes up the one before if that stays unanswered."""
        turn.before = self._give_up_reply(typed=False)
        self._speculations.prefill()

    def _give_up_reply(self, *, typed: bool) -> UserTurn | None:
        """Return what the user had said and must be said again with what comes now, `typed` or spoken."""
        self._interruptions.end()

        def joins(said: UserTurn) -> bool:
            # Of what is only sound and what is only text there is no one form.
            return not self._settings.turns_without_words or typed == (said.audio_ids is None)

        return self._delivery.give_up(joins=joins, goes_on=not typed)

    # What is done by hand, or by a program.

    def announce(self, announcement: Announcement) -> None:
        """Say a text as soon as no one is speaking and no reply is pending; it can be interrupted."""
        if self._closed:
            announcement.on_end("")
        else:
            self._announce_next(announcement)

    @_changes_state
    def _announce_next(self, announcement: Announcement) -> None:
        if len(self._announcements) == _ANNOUNCEMENTS_WAITING:
            self._announcements.popleft().on_end("")
        self._announcements.append(announcement)

    @_changes_state
    def type_line(self, text: str) -> None:
        """Take a typed line as a whole turn."""
        if not (text := text.strip()):
            return
        self._silence_timer.stop()
        self._speculations.end(Outcome.SUPERSEDED)
        before = self._turn.before if self._turn is not None else None
        self._turn = None
        self._listener.end_turn()
        before = self._give_up_reply(typed=True) or before
        said = UserTurn(text, language=language_of(text, self._settings.language))
        if before is not None and before.transcript is None:
            self._delivery.remember(before)
        elif before is not None:
            said = before.followed_by(said)
        self._delivery.answer(OpenTurn(speaking=False), said, None)

    @_changes_state
    def stop_reply(self) -> None:
        """Silence the reply, if there is one; the conversation goes on."""
        self._interruptions.end()
        self._delivery.stop()

    @_changes_state
    def close(self) -> None:
        """The conversation ends: fall silent, and give up what was made ahead."""
        self._silence_timer.stop()
        self._speculations.end(Outcome.CANCELLED)
        self._turn = None
        while self._announcements:
            self._announcements.popleft().on_end("")
        self.stop_reply()
        self._closed = True

    @_changes_state
    def end_turn_now(self) -> None:
        """The user says that they have finished (push-to-talk was let go)."""
        if self._turn is not None:
            self._turn.forced_end = True
            if self._turn.speaking:
                self._listener.pause_now()
            else:
                self._look_at_pause()

    @_changes_state
    def _reply_over(self) -> None:
        self._interruptions.end()

    def _show_state(self) -> None:
        if self._announcements and self.idle:
            self._delivery.announce(self._announcements.popleft())
        turn = self._turn
        state = State.SILENCE
        if turn is not None and not self._interruptions.possible:
            state = State.USER_SPEAKING if turn.speaking else State.USER_PAUSED
        elif self._delivery.active:
            state = State.BOT_SPEAKING
        if state != self._state:
            self._state = state
            self._report(StateChanged(state))
