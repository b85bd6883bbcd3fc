"""Replies: the chat model is asked for one thing at a time, and what is not wanted gives way at once."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from edge_audio.dialogue.context import Context
from edge_audio.dialogue.replies import Replies
from edge_audio.llm.chat_model import ChatModel, Message, TextDelta, UserTurn
from runtime import clock
from runtime.actor import ActorGroup
from tests.edge_audio.dialogue.reply_making import Watcher, speaking_with, voice_for


class Chat(ChatModel):
    """Never comes to an answer, and finds everything half said."""

    name = "test"

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        await asyncio.sleep(3600.0)
        yield TextDelta("Yes.")

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        await asyncio.sleep(0.02)
        return 0.5


def judged(*, cancelled: bool) -> list[float | None]:
    """What the chat model said of words that were heard while a reply was being made, or just given up."""

    async def session() -> list[float | None]:
        answers: list[float | None] = []
        chat = Chat()
        async with ActorGroup() as group:
            replies = Replies(group, chat, Context("Be kind.", 1000), speaking_with(voice_for()), clock.now)
            group.start(replies.actor())
            reply = replies.new(Watcher())
            replies.begin(reply, UserTurn("What"))
            await asyncio.sleep(0.1)
            if cancelled:
                replies.cancel(reply)
            replies.prefill("What time", answers.append)
            await asyncio.sleep(0.1)
        return answers

    return clock.run_virtual(session())


def test_words_that_supersede_a_speculation_are_judged_at_once() -> None:
    assert judged(cancelled=True) == [0.5]


def test_no_words_are_read_while_a_reply_is_being_made() -> None:
    assert judged(cancelled=False) == []
