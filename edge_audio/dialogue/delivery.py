"""The delivery: a committed reply on its way to the user's ears and eyes, to its end or interrupted."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_audio.dialogue.backchannel import is_own_voice
from edge_audio.dialogue.context import Context
from edge_audio.dialogue.player import Audience
from edge_audio.dialogue.reply import Reply, ReplyWatcher
from edge_audio.dialogue.seams import Maker, ReplyPlayer
from edge_audio.dialogue.turn import Exchange, OpenTurn
from edge_audio.events import (
    Event,
    Notice,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    ReplyText,
    TurnEnded,
    TurnFinished,
    TurnTranscribed,
)
from edge_audio.llm.chat_model import ChatModel, UserTurn
from runtime.epoch import Epoch


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How replies are interrupted; see `edge_audio.config.Conversation`."""

    hold_ms: int
    """How long a reply waits, after speech began over it, for words that confirm an interruption."""
    regret_ms: int
    """A reply that was heard for no longer than this when the user goes on began too early: their turn is
    taken up again, as if it had not been answered."""


class Delivery(Audience, ReplyWatcher):
    """Says one reply at a time, keeps the context true, and reports each exchange."""

    def __init__(
        self,
        *,
        chat: ChatModel,
        context: Context,
        player: ReplyPlayer,
        epoch: Epoch,
        maker: Maker,
        new_reply: Callable[[int, ReplyWatcher], Reply],
        settings: DeliverySettings,
        time_s: Callable[[], float],
        tell: Callable[[Event], None],
        over: Callable[[], None],
    ) -> None:
        """`new_reply` makes an empty reply for an epoch; `over` is called when one was heard to its end."""
        self._chat = chat
        self._context = context
        self._player = player
        self._epoch = epoch
        self._maker = maker
        self._new_reply = new_reply
        self._settings = settings
        self._time_s = time_s
        self._tell = tell
        self._over = over
        self._exchange: Exchange | None = None

    @property
    def active(self) -> bool:
        """Whether a reply is owed or being said."""
        return self._exchange is not None

    @property
    def audible(self) -> bool:
        """Whether a sample of the reply has been handed out."""
        return self._exchange is not None and self._player.audible

    def answer(self, turn: OpenTurn, said: UserTurn, reply: Reply | None) -> None:
        """Answer `turn`, in which the user said `said`: with `reply` if one was made ahead, else afresh."""
        deltas = None
        if reply is None:
            reply = self._new_reply(self._epoch.advance(), self)
            deltas = self._chat.reply(self._context.messages(), said)
        self._begin(Exchange(turn, said, reply, self._time_s()))
        if deltas is not None:
            self._maker.start(reply, deltas)
        elif reply.text:
            self._tell(ReplyText(reply.epoch, reply.text))

    def _begin(self, exchange: Exchange) -> None:
        said, reply = exchange.said, exchange.reply
        reply.commit()
        self._exchange = exchange
        self._tell(TurnEnded(said.transcript, exchange.turn_end_s, reply.epoch))

        def transcribed(text: str) -> None:
            exchange.said = replace(exchange.said, transcript=text)
            self._tell(TurnTranscribed(reply.epoch, text))

        self.remember(said, transcribed)
        self._player.start(reply, self)

    def remember(self, said: UserTurn, tell_words: Callable[[str], None] = lambda text: None) -> None:
        """Put what the user said into the context; its words follow later where they are not known yet."""
        message = self._context.user_said(said.transcript)

        def transcribed(text: str) -> None:
            self._context.transcribed(message, text)
            tell_words(text)

        if said.transcript is None and said.audio_ids is not None:
            self._maker.transcribe(said.audio_ids, transcribed)

    def is_own_voice(self, text: str, *, partial: bool = False) -> bool:
        """Whether `text`, just heard, is what the reply itself just said, or may become that if `partial`."""
        if self._exchange is None:
            return False
        return is_own_voice(text, self._exchange.reply.saying(self._player.heard_ms), partial=partial)

    def hold(self) -> None:
        """Fall silent, ready to go on; harmless if it is held already."""
        if self._exchange is not None and not self._player.paused:
            self._player.pause()
            self._tell(ReplyPaused(self._exchange.reply.epoch))

    def release(self) -> None:
        """Go on; harmless if it isn't held."""
        if self._exchange is not None and self._player.paused:
            self._player.resume()
            self._tell(ReplyResumed(self._exchange.reply.epoch))

    def give_up(self, *, joins: Callable[[UserTurn], bool], goes_on: bool = False) -> UserTurn | None:
        """Fall silent for good and keep what was heard of the reply; harmless if none is being said.

        Returns what the user said if it stays unanswered, because nothing was heard of the reply, or, where
        the user `goes_on`, next to nothing; and if what `joins` it has the same form. Else it stays in the
        context by itself.
        """
        exchange = self._exchange
        if exchange is None:
            return None
        audible, heard_ms = self._player.audible, self._player.heard_ms
        heard = self._player.stop()
        self._exchange = None
        self._epoch.advance()
        self._maker.cancel(exchange.reply)
        regretted = goes_on and heard_ms <= self._settings.regret_ms
        unanswered = None
        if (regretted or not heard) and joins(exchange.said) and self._context.take_back():
            unanswered = exchange.said
        else:
            self._context.assistant_said(heard)
        if audible:
            self._tell(TurnFinished(exchange.reply.epoch, exchange.report(heard, interrupted=True)))
        return unanswered

    def stop(self) -> None:
        """Fall silent because the user wants it: their turn counts as answered."""
        exchange, audible = self._exchange, self._player.audible
        self.give_up(joins=lambda said: False)
        if exchange is not None and not audible:
            self._tell(TurnFinished(exchange.reply.epoch, exchange.report("", interrupted=True)))

    # How replies get on, those made ahead too: of these nothing is heard or shown.

    def reply_text(self, reply: Reply) -> None:
        """See `ReplyWatcher`."""
        if reply.committed and not self._epoch.is_stale(reply.epoch):
            self._tell(ReplyText(reply.epoch, reply.text))

    def reply_audio(self, reply: Reply) -> None:
        """See `ReplyWatcher`."""
        self._player.top_up()

    def reply_made(self, reply: Reply) -> None:
        """See `ReplyWatcher`."""
        if reply.committed and reply.error is not None and not self._epoch.is_stale(reply.epoch):
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
        self._player.resume()  # it may have been held with nothing left to say; the next one must not be
        self._exchange = None
        heard = reply.text.strip()
        if reply.error is not None:
            heard = reply.spoken.heard(reply.text, reply.spoken.samples)
        self._context.assistant_said(heard)
        self._tell(TurnFinished(reply.epoch, exchange.report(heard, interrupted=False)))
        self._over()
