"""Replies: they are begun and cancelled here, and the chat model is kept ready for them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable

from edge_audio.dialogue.context import Context
from edge_audio.dialogue.reply import Reply, ReplyWatcher, Speaking
from edge_audio.llm.chat_model import ChatModel, TextDelta, Transcriber, UserTurn
from edge_audio.priority import Priority
from runtime.actor import Actor, ActorGroup
from runtime.epoch import Epoch
from runtime.latest import LatestTask
from runtime.urgency import Urgency

_log = logging.getLogger(__name__)


class Replies:
    """Begins and cancels replies to what the user said; owns the epoch.

    To begin a reply raises the epoch, so that all work for an earlier one is stale at once; so does to cancel
    it. The making of each reply is a task of the session's actor group.
    """

    def __init__(
        self,
        group: ActorGroup,
        chat: ChatModel,
        context: Context,
        speaking: Speaking,
        time_s: Callable[[], float],
        transcriber: Transcriber | None = None,
    ) -> None:
        """`time_s` is session time. `transcriber` finds the words of turns where no recognizer does."""
        self.epoch = Epoch()
        """That of the latest reply; older work must not be heard or shown."""
        self._group = group
        self._chat = chat
        self._context = context
        self._speaking = speaking
        self._time_s = time_s
        self._transcriber = transcriber
        self._transcripts = 0
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._prefilling = LatestTask()

    def actor(self) -> Actor:
        """Return what must run for `prefill`."""
        return Actor("prefill", self._prefilling.run)

    @property
    def busy(self) -> bool:
        """True while a reply is being made."""
        return bool(self._tasks)

    @property
    def hears_words(self) -> bool:
        """True where a transcript is enough to begin a reply."""
        return self._chat.hears == "text"

    def is_current(self, reply: Reply) -> bool:
        """Return False once another reply was begun, or this one cancelled."""
        return not self.epoch.is_stale(reply.epoch)

    def new(self, watcher: ReplyWatcher) -> Reply:
        """Return an empty reply under a new epoch; `watcher` follows it."""
        return Reply(self.epoch.advance(), self._speaking, self._time_s, watcher)

    def begin(self, reply: Reply, said: UserTurn) -> None:
        """Have the chat model answer `said` with `reply`, in the light of the context as it is now."""
        try:
            deltas = self._chat.reply(self._context.messages(), said)
        except Exception as failure:  # as if it had come with the first word
            deltas = _raising(failure)
        self._make(reply, deltas, said.language)

    def recite(self, reply: Reply, text: str) -> None:
        """Make `reply` of `text`, which no chat model wrote."""

        async def written() -> AsyncGenerator[TextDelta, None]:
            yield TextDelta(text)

        self._make(reply, written())

    def cancel(self, reply: Reply) -> None:
        """Make `reply` stale and stop its making, which frees chat model and voice.

        Harmless if it is complete, but whatever else was made is stale then, too.
        """
        self.epoch.advance()
        if task := self._tasks.pop(reply.epoch, None):
            task.cancel()

    def prefill(self, heard: str = "", judged: Callable[[float | None], None] | None = None) -> None:
        """Bring the context, and what was `heard` of the next turn, into the chat model's cache.

        Calls `judged` with the chat model's probability that the turn ends there, see `ChatModel.prefill`,
        unless something else comes up before. Does nothing while a reply is being made.
        """

        async def prefill() -> None:
            Urgency(Priority.PREFILL, self).use()
            p_complete = None
            try:
                p_complete = await self._chat.prefill(self._context.messages(), heard)
            except Exception:  # the reply will report it
                _log.debug("reading ahead failed", exc_info=True)
            if judged is not None:
                judged(p_complete)

        if not self.busy:
            self._prefilling.ask(prefill)

    def transcribe(self, audio_ids: tuple[int, ...], on_text: Callable[[str], None]) -> None:
        """Transcribe in the background and call `on_text` with the result, if there is any.

        Where it fails, the words stay unknown: replies report failures.
        """
        if (transcriber := self._transcriber) is None:
            return

        async def transcribe() -> None:
            try:
                text = (await transcriber.transcribe(audio_ids)).text
            except Exception:
                _log.debug("a turn could not be transcribed", exc_info=True)
                return
            if text is not None:
                on_text(text)

        self._transcripts += 1
        self._group.start(Actor(f"transcript {self._transcripts}", transcribe))

    def _make(
        self, reply: Reply, deltas: AsyncGenerator[TextDelta, None], asked_in: str | None = None
    ) -> None:
        self._prefilling.drop()
        reply.urgency.owner = self

        async def make() -> None:
            reply.urgency.use()
            await reply.make(deltas, asked_in)

        task = self._group.start(Actor(f"reply {reply.epoch}", make))
        self._tasks[reply.epoch] = task
        task.add_done_callback(lambda _: self._tasks.pop(reply.epoch, None))


async def _raising(failure: Exception) -> AsyncGenerator[TextDelta, None]:
    """Raise `failure` where text was to come."""
    raise failure
    yield
