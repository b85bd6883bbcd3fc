"""The controller: from what was heard and when, to what is said and when.

It follows the conversation through its states (`silence`, `user_speaking`, `user_paused`,
`bot_speaking`), and makes its three moves: at a pause it speculates, at the turn's end it commits, and
where the user goes on it cancels. It computes nothing and waits for nothing: each event is dealt with
at once, on the event loop, so that no queue stands between an interruption and the speaker.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from edge_audio.dialogue.backchannel import is_backchannel
from edge_audio.dialogue.context import Context
from edge_audio.dialogue.player import Audience, Player
from edge_audio.dialogue.reply import Reply, ReplyWatcher
from edge_audio.dialogue.seams import Ears, Maker
from edge_audio.dialogue.turn import Exchange, OpenTurn
from edge_audio.events import (
    Event,
    Heard,
    Notice,
    Outcome,
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
    TurnTranscribed,
)
from edge_audio.llm.chat_model import ChatModel, UserTurn
from edge_audio.turns.policy import EndOfTurnPolicy
from runtime.epoch import Epoch
from runtime.timer import Timer


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """How the controller behaves; see `edge_audio.config.Conversation`."""

    speculate: bool
    """Whether to make replies before the turn's end is known."""
    barge_in: bool
    """Whether speech may interrupt a reply."""
    hold_ms: int
    """How long a reply waits, after speech began over it, for words that confirm an interruption."""
    wordless_ms: int | None = None
    """Speech over a reply that lasts this long interrupts it, where no recognizer tells words; None where
    one does."""


class Controller(ReplyWatcher, Audience):
    """The conversation's state and its decisions."""

    def __init__(
        self,
        *,
        chat: ChatModel,
        context: Context,
        player: Player,
        epoch: Epoch,
        maker: Maker,
        new_reply: Callable[[int, str, ReplyWatcher], Reply],
        ears: Ears,
        policy: EndOfTurnPolicy,
        settings: ControllerSettings,
        time_s: Callable[[], float],
        tell: Callable[[Event], None],
    ) -> None:
        """`new_reply` makes an empty reply from an epoch and the user's text; `time_s` is session time."""
        self._chat = chat
        self._context = context
        self._player = player
        self._epoch = epoch
        self._maker = maker
        self._new_reply = new_reply
        self._ears = ears
        self._policy = policy
        self._settings = settings
        self._time_s = time_s
        self._tell = tell
        self._state: State = "silence"
        self._turn: OpenTurn | None = None
        self._speculation: Reply | None = None
        self._exchange: Exchange | None = None
        self._end_timer = Timer(self._end_timer_rang)
        self._hold_timer = Timer(self._release_reply)
        self._wordless_timer = Timer(self._spoken_over_for_long)

    @property
    def idle(self) -> bool:
        """Whether nobody speaks and nothing is owed."""
        return self._turn is None and self._exchange is None

    # What is heard.

    def handle(self, event: Event) -> None:
        """Deal with what the listener tells."""
        match event:
            case SpeechStarted(_, start_s):
                self._speech_started(start_s)
            case SpeechPaused():
                self._speech_paused(event)
            case Heard(text, pause, audio_ids):
                if pause is None:
                    self._heard_partial(text or "")
                else:
                    self._heard_all(UserTurn(text, audio_ids), pause)
            case TurnEndJudged(pause, probability):
                self._judged(pause, probability)
            case _:
                pass
        self._show_state()

    def _speech_started(self, start_s: float) -> None:
        if self._turn is not None:
            self._end_speculation("cancelled")
            self._turn.went_on()
            return
        if self._exchange is not None:
            if not self._settings.barge_in:
                return
            self._turn = OpenTurn(into_reply=True, speech_start_s=start_s)
            self._hold_reply()
            return
        self._turn = OpenTurn(speech_start_s=start_s)
        self._maker.prefill()

    def _speech_paused(self, event: SpeechPaused) -> None:
        if (turn := self._turn) is None:
            self._ears.end_turn()
            return
        turn.speaking = False
        turn.pause = event.pause
        turn.speech_end_s = event.end_s
        turn.paused_s = event.at_s

    def _heard_partial(self, text: str) -> None:
        if (turn := self._turn) is None or not text:
            return
        if not turn.into_reply:
            # The last word may yet change.
            said = turn.after(UserTurn(text)).transcript or ""
            self._maker.prefill(said.rpartition(" ")[0])
        elif not is_backchannel(text):
            self._confirm_barge_in(turn)

    def _heard_all(self, heard: UserTurn, pause: int) -> None:
        turn = self._turn
        if turn is None or turn.pause != pause:
            return
        if turn.into_reply:
            if self._is_backchannel(turn, heard):
                self._release_reply()
                self._drop_turn()
                return
            self._confirm_barge_in(turn)
        said = turn.after(heard)
        if not said.transcript and (said.transcript is not None or not said.audio_ids):
            self._drop_turn()
            return
        turn.said = said
        turn.heard_s = self._time_s()
        # Codes of the same pause are the same; words are compared, as they may come again and differ.
        if self._speculation is not None and self._speculation.user_text != (said.transcript or ""):
            self._end_speculation("superseded")
        if self._settings.speculate and self._speculation is None:
            self._speculate(turn, said)
        self._consider_end()

    def _judged(self, pause: int, probability: float) -> None:
        if self._turn is not None and self._turn.pause == pause:
            self._turn.end_probability = probability
            self._consider_end()

    # The end of a turn.

    def _consider_end(self) -> None:
        """End the turn if its silence has lasted long enough; else look again when it will have."""
        self._end_timer.stop()
        turn = self._turn
        if turn is None or turn.pause is None or turn.speech_end_s is None or turn.said is None:
            return
        silence_ms = 0
        if not turn.forced_end:
            silence_ms = self._policy.silence_ms(turn.end_probability, turn.said.transcript)
        wait_s = turn.speech_end_s + silence_ms / 1000 - self._time_s()
        if wait_s <= 0:
            self._end_turn(turn, turn.said)
        else:
            self._end_timer.start(wait_s)

    def _end_timer_rang(self) -> None:
        if (turn := self._turn) is not None and turn.pause is not None and turn.said is not None:
            self._end_turn(turn, turn.said)
        self._show_state()

    def _end_turn(self, turn: OpenTurn, said: UserTurn) -> None:
        reply = self._speculation
        if reply is not None and reply.error is not None:
            self._end_speculation("failed")
            reply = None
        if reply is not None:
            self._speculation = None
            turn.count("committed")
            self._tell(SpeculationEnded(reply.epoch, "committed"))
        self._turn = None
        self._ears.end_turn()
        self._commit(turn, said, reply)

    def _commit(self, turn: OpenTurn, said: UserTurn, reply: Reply | None) -> None:
        """Answer `turn` aloud, with `reply` if one is in the making, else afresh."""
        deltas = None
        if reply is None:
            reply = self._new_reply(self._epoch.advance(), said.transcript or "", self)
            deltas = self._chat.reply(self._context.messages(), said)
        reply.committed = True
        self._exchange = exchange = Exchange(turn, said, reply, self._time_s())
        self._tell(TurnEnded(said.transcript, self._time_s(), reply.epoch))
        self._remember(said, partial(self._transcribed, exchange))
        self._player.start(reply, self)
        if deltas is not None:
            self._maker.start(reply, deltas)
        elif reply.text:
            self._tell(ReplyText(reply.epoch, reply.text))

    def _remember(self, said: UserTurn, tell_words: Callable[[str], None] = lambda text: None) -> None:
        """Put what the user said into the context; its words follow later where they are not known yet."""
        message = self._context.user_said(said.transcript)

        def transcribed(text: str) -> None:
            self._context.transcribed(message, text)
            tell_words(text)

        if said.transcript is None and said.audio_ids is not None:
            self._maker.transcribe(said.audio_ids, transcribed)

    def _transcribed(self, exchange: Exchange, text: str) -> None:
        exchange.said = replace(exchange.said, transcript=text)
        self._tell(TurnTranscribed(exchange.reply.epoch, text))

    def _drop_turn(self) -> None:
        """It was no turn: noise, or a backchannel."""
        self._end_speculation("cancelled")
        self._turn = None
        self._ears.end_turn()

    # Speculation.

    def _speculate(self, turn: OpenTurn, said: UserTurn) -> None:
        reply = self._new_reply(self._epoch.advance(), said.transcript or "", self)
        self._speculation = reply
        turn.outcomes["started"] += 1
        self._tell(SpeculationStarted(reply.epoch, said.transcript))
        self._maker.start(reply, self._chat.reply(self._context.messages(), said))

    def _end_speculation(self, outcome: Outcome) -> None:
        self._end_timer.stop()
        reply, self._speculation = self._speculation, None
        if reply is None:
            return
        self._epoch.advance()
        self._maker.cancel(reply)
        if self._turn is not None:
            self._turn.count(outcome)
        self._tell(SpeculationEnded(reply.epoch, outcome))

    # Barge-in: first the reply waits, then it goes on or is given up.

    def _hold_reply(self) -> None:
        if self._exchange is None:
            return
        self._player.pause()
        self._tell(ReplyPaused(self._exchange.reply.epoch))
        self._hold_timer.start(self._settings.hold_ms / 1000)
        if self._settings.wordless_ms is not None:
            self._wordless_timer.start(self._settings.wordless_ms / 1000)

    def _spoken_over_for_long(self) -> None:
        if self._turn is not None and self._turn.into_reply and self._turn.speaking:
            self._confirm_barge_in(self._turn)
        self._show_state()

    def _is_backchannel(self, turn: OpenTurn, heard: UserTurn) -> bool:
        """Whether what was said over a reply was nothing, or not meant to interrupt it."""
        if heard.transcript is not None:
            return is_backchannel(heard.transcript)
        if not heard.audio_ids or turn.speech_start_s is None or turn.speech_end_s is None:
            return True
        return (turn.speech_end_s - turn.speech_start_s) * 1000 < (self._settings.wordless_ms or 0)

    def _release_reply(self) -> None:
        """It was no interruption, or none so far: the reply goes on."""
        self._hold_timer.stop()
        if self._player.paused and self._exchange is not None:
            self._player.resume()
            self._tell(ReplyResumed(self._exchange.reply.epoch))

    def _confirm_barge_in(self, turn: OpenTurn) -> None:
        turn.into_reply = False
        turn.before = self._give_up_reply(typed=False)
        self._maker.prefill()

    def _give_up_reply(self, *, typed: bool) -> UserTurn | None:
        """Silence the reply and keep what was heard of it.

        Returns what the user said and remains unanswered because nothing of the reply was heard, if more of
        it, `typed` or spoken, can go on from there; else it stays in the context by itself.
        """
        self._hold_timer.stop()
        self._wordless_timer.stop()
        exchange = self._exchange
        if exchange is None:
            return None
        audible = self._player.audible
        heard = self._player.stop()
        self._exchange = None
        self._epoch.advance()
        self._maker.cancel(exchange.reply)
        self._context.assistant_said(heard)
        joins = self._settings.wordless_ms is None or typed == (exchange.said.audio_ids is None)
        unanswered = exchange.said if not heard and joins and self._context.take_back() else None
        if audible:
            report = exchange.report(heard, interrupted=True)
            self._tell(TurnFinished(exchange.reply.epoch, report))
        return unanswered

    # What the user does by hand.

    def type_line(self, text: str) -> None:
        """Take a typed line as a whole turn."""
        if not (text := text.strip()):
            return
        self._end_speculation("superseded")
        before = self._turn.before if self._turn is not None else None
        self._turn = None
        self._ears.end_turn()
        before = self._give_up_reply(typed=True) or before
        said = UserTurn(text)
        if before is not None and before.transcript is None:
            self._remember(before)  # of what is only sound and what is only text there is no one form
        elif before is not None:
            said = before.followed_by(said)
        self._commit(OpenTurn(speaking=False), said, None)
        self._show_state()

    def stop_reply(self) -> None:
        """Silence the reply, if there is one; the conversation goes on."""
        exchange, audible = self._exchange, self._player.audible
        self._give_up_reply(typed=True)
        if exchange is not None and not audible:
            report = exchange.report("", interrupted=True)
            self._tell(TurnFinished(exchange.reply.epoch, report))
        if self._turn is not None:
            self._turn.into_reply = False
        self._show_state()

    def end_turn_now(self) -> None:
        """The user says that they have finished (push-to-talk was let go)."""
        if self._turn is not None:
            self._turn.forced_end = True
            if self._turn.speaking:
                self._ears.pause_now()
            else:
                self._consider_end()
        self._show_state()

    # How replies get on.

    def reply_text(self, reply: Reply) -> None:
        """See `ReplyWatcher`."""
        if reply.committed and not self._epoch.is_stale(reply.epoch):
            self._tell(ReplyText(reply.epoch, reply.text))

    def reply_audio(self, reply: Reply) -> None:
        """See `ReplyWatcher`."""
        self._player.top_up()

    def reply_made(self, reply: Reply) -> None:
        """See `ReplyWatcher`."""
        if reply.error is None or self._epoch.is_stale(reply.epoch):
            return
        if reply.committed:
            self._tell(Notice(reply.error, is_error=True))

    def reply_started(self, reply: Reply, sample_s: float, audible_s: float) -> None:
        """See `Audience`."""
        if self._exchange is not None and self._exchange.reply is reply:
            self._exchange.first_sample_s = sample_s
            self._exchange.first_audio_s = audible_s
            self._tell(ReplyStarted(reply.epoch, audible_s, sample_s))

    def reply_finished(self, reply: Reply) -> None:
        """See `Audience`."""
        exchange = self._exchange
        if exchange is None or exchange.reply is not reply:
            return
        self._hold_timer.stop()
        self._exchange = None
        heard = reply.text.strip()
        if reply.error is not None:
            heard = reply.spoken.heard(reply.text, reply.spoken.samples)
        self._context.assistant_said(heard)
        self._tell(TurnFinished(reply.epoch, exchange.report(heard, interrupted=False)))
        if self._turn is not None:
            self._turn.into_reply = False
        self._show_state()

    def _show_state(self) -> None:
        turn = self._turn
        state: State = "silence"
        if turn is not None and not turn.into_reply:
            state = "user_speaking" if turn.speaking else "user_paused"
        elif self._exchange is not None:
            state = "bot_speaking"
        if state != self._state:
            self._state = state
            self._tell(StateChanged(state))
