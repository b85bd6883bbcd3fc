"""The delivery: a committed reply on its way to the user's ears and eyes, to its end or interrupted."""

from collections.abc import Callable
from dataclasses import replace

from edge_audio.dialogue.announcement import Announcement
from edge_audio.dialogue.context import Context
from edge_audio.dialogue.player import Audience
from edge_audio.dialogue.replies import Replies
from edge_audio.dialogue.reply import Reply, ReplyWatcher
from edge_audio.dialogue.reporter import Reporter
from edge_audio.dialogue.seams import ReplyPlayer
from edge_audio.dialogue.turn import Exchange, OpenTurn
from edge_audio.events import (
    Announced,
    Code,
    Notice,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    ReplyText,
    TurnEnded,
    TurnFinished,
    TurnTranscribed,
)
from edge_audio.llm.chat_model import UserTurn
from edge_audio.text.own_voice import is_own_voice


class Delivery(Audience, ReplyWatcher):
    """Says one reply at a time, keeps the context true, and reports each exchange."""

    def __init__(
        self,
        replies: Replies,
        player: ReplyPlayer,
        context: Context,
        reporter: Reporter,
        *,
        regret_ms: int,
    ) -> None:
        """A reply of which no more than `regret_ms` was heard when the user goes on began too early.

        Their turn is then taken up again, as if it had not been answered.
        """
        self.on_end: Callable[[], None] = lambda: None
        """Called when a reply was heard to its end."""
        self._replies = replies
        self._player = player
        self._context = context
        self._regret_ms = regret_ms
        self._time_s = reporter.time_s
        self._report = reporter.report
        self._exchange: Exchange | None = None

    @property
    def active(self) -> bool:
        """True while a reply is owed or being said."""
        return self._exchange is not None

    @property
    def asked(self) -> bool:
        """True if what the user heard last is a question."""
        return self._context.asks

    @property
    def audible(self) -> bool:
        """True once a sample of the reply has been handed out."""
        return self._exchange is not None and self._player.audible

    def answer(self, turn: OpenTurn, said: UserTurn, reply: Reply | None) -> None:
        """Answer `turn`, in which the user said `said`, with `reply` if one was made ahead."""
        made_ahead = reply is not None
        if reply is None:
            reply = self._replies.new(self)
            self._replies.begin(reply, said)
        self._begin(Exchange(turn, said, reply, self._time_s()), said)
        if made_ahead and reply.text:
            self._report(ReplyText(reply.epoch, reply.text))

    def announce(self, announcement: Announcement) -> None:
        """Say what nobody asked for; none may be said at the time."""
        reply = self._replies.new(self)
        self._replies.recite(reply, announcement.text)
        reply.commit()
        self._exchange = Exchange(OpenTurn(speaking=False), None, reply, self._time_s(), announcement)
        self._player.start(reply, self)

    def _begin(self, exchange: Exchange, said: UserTurn) -> None:
        reply = exchange.reply
        reply.commit()
        self._exchange = exchange
        self._report(TurnEnded(said.transcript, exchange.turn_end_s, reply.epoch))

        def transcribed(text: str) -> None:
            exchange.said = replace(said, transcript=text)
            self._report(TurnTranscribed(reply.epoch, text))

        self.remember(said, transcribed)
        self._player.start(reply, self)

    def remember(self, said: UserTurn, on_text: Callable[[str], None] = lambda text: None) -> None:
        """Put what the user said into the context; its words follow later where they are not known yet."""
        message = self._context.user_said(said.transcript)

        def transcribed(text: str) -> None:
            self._context.transcribed(message, text)
            on_text(text)

        if said.transcript is None and said.audio_ids is not None:
            self._replies.transcribe(said.audio_ids, transcribed)

    def is_own_voice(self, text: str, *, partial: bool = False) -> bool:
        """Return whether `text`, just heard, is what the reply said, or may become that if `partial`."""
        if self._exchange is None:
            return False
        return is_own_voice(text, self._exchange.reply.saying(self._player.heard_ms), partial=partial)

    def hold(self) -> None:
        """Fall silent, ready to go on; harmless if it is held already."""
        if self._exchange is not None and not self._player.paused:
            self._player.pause()
            self._report(ReplyPaused(self._exchange.reply.epoch))

    def release(self) -> None:
        """Go on; harmless if it isn't held."""
        if self._exchange is not None and self._player.paused:
            self._player.resume()
            self._report(ReplyResumed(self._exchange.reply.epoch))

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
        self._replies.cancel(exchange.reply)
        regretted = goes_on and heard_ms <= self._regret_ms
        unanswered = None
        said = exchange.said
        if said and (regretted or not heard) and joins(said) and self._context.take_back():
            unanswered = said
        else:
            self._context.assistant_said(heard)
        if audible or exchange.announcement is not None:
            self._report_end(exchange, heard, interrupted=True)
        return unanswered

    def stop(self) -> None:
        """Fall silent because the user wants it: their turn counts as answered."""
        exchange, audible = self._exchange, self._player.audible
        self.give_up(joins=lambda said: False)
        if exchange is not None and exchange.announcement is None and not audible:
            self._report_end(exchange, "", interrupted=True)

    def _report_end(self, exchange: Exchange, heard: str, *, interrupted: bool) -> None:
        reply, announcement = exchange.reply, exchange.announcement
        if announcement is None:
            report = exchange.report(heard, interrupted=interrupted)
            self._report(TurnFinished(reply.epoch, report))
        else:
            announcement.on_end(heard)
            self._report(Announced(reply.epoch, announcement.text, heard, interrupted, reply.error))

    # How replies get on, those made ahead too: of these nothing is heard or shown.

    def reply_text(self, reply: Reply) -> None:
        """See `ReplyWatcher`."""
        if reply.committed and self._replies.is_current(reply):
            self._report(ReplyText(reply.epoch, reply.text))

    def reply_audio(self, reply: Reply) -> None:
        """See `ReplyWatcher`."""
        self._player.top_up()

    def reply_made(self, reply: Reply) -> None:
        """See `ReplyWatcher`."""
        self._player.top_up()
        if reply.committed and reply.error is not None and self._replies.is_current(reply):
            self._report(Notice(reply.error, True, reply.error_part, Code.FAILED))

    def reply_started(self, reply: Reply, sample_s: float, audible_s: float) -> None:
        """See `Audience`."""
        if self._exchange is not None and self._exchange.reply is reply:
            self._exchange.first_sample_s = sample_s
            self._exchange.first_audio_s = audible_s
            self._report(ReplyStarted(reply.epoch, audible_s, sample_s))

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
        self._report_end(exchange, heard, interrupted=False)
        self.on_end()
