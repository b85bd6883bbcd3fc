"""The maker: runs the making of replies, and the chat model's prefill, as tasks of their own."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

from edge_audio.dialogue.context import Context
from edge_audio.dialogue.reply import Reply
from edge_audio.llm.chat_model import ChatModel, TextDelta, Transcriber
from runtime.actor import Actor, ActorGroup
from runtime.newest import Newest


class ReplyMaker:
    """Starts and cancels replies; owns their tasks through the session's actor group."""

    def __init__(
        self, group: ActorGroup, chat: ChatModel, context: Context, transcriber: Transcriber | None = None
    ) -> None:
        """`transcriber` tells the words of turns where no recognizer does."""
        self._group = group
        self._chat = chat
        self._context = context
        self._transcriber = transcriber
        self._transcripts = 0
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._prefilling = Newest()

    def actor(self) -> Actor:
        """What must run for `prefill`."""
        return Actor("prefill", self._prefilling.run)

    @property
    def busy(self) -> bool:
        """Whether a reply is being made that may be wanted."""
        return bool(self._tasks)

    def start(self, reply: Reply, deltas: AsyncGenerator[TextDelta, None]) -> None:
        """Run `reply.make(deltas)`."""
        self._prefilling.drop()
        task = self._group.start(Actor(f"reply {reply.epoch}", lambda: reply.make(deltas)))
        self._tasks[reply.epoch] = task
        task.add_done_callback(lambda _: self._tasks.pop(reply.epoch, None))

    def cancel(self, reply: Reply) -> None:
        """Stop the making; frees chat model and voice. Harmless if it has ended."""
        if task := self._tasks.pop(reply.epoch, None):
            task.cancel()

    def transcribe(self, audio_ids: tuple[int, ...], told: Callable[[str], None]) -> None:
        """See `Maker.transcribe`. Where it fails, the words stay unknown: replies tell of failures."""
        if (transcriber := self._transcriber) is None:
            return

        async def transcribe() -> None:
            text = None
            with suppress(Exception):
                text = (await transcriber.transcribe(audio_ids)).text
            if text is not None:
                told(text)

        self._transcripts += 1
        self._group.start(Actor(f"transcript {self._transcripts}", transcribe))

    def prefill(self, heard: str = "", judged: Callable[[float | None], None] | None = None) -> None:
        """See `Maker.prefill`. Does nothing while a reply is being made."""

        async def prefill() -> None:
            whole = None
            with suppress(Exception):  # the reply will tell of it
                whole = await self._chat.prefill(self._context.messages(), heard)
            if judged is not None:
                judged(whole)

        if not self.busy:
            self._prefilling.ask(prefill)
