import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from edge_audio.llm.chat_model import ChatModel, Message, TextDelta, UserTurn


class Echo(ChatModel):
    """The least that a chat model is."""

    name = "echo"

    def __init__(self) -> None:
        self.closed = False

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        yield TextDelta(turn.transcript or "")

    async def close(self) -> None:
        self.closed = True


def test_a_model_that_remembers_nothing_serves_every_conversation_and_outlives_them() -> None:
    async def main() -> None:
        model = Echo()
        sessions = [model.session(), model.session()]
        for session in sessions:
            assert (session.name, session.hears, session.transcriber) == ("echo", "text", None)
            assert await session.prefill((), "Hello") is None
            await session.close()
        assert [delta.text async for delta in sessions[0].reply((), UserTurn("Hello."))] == ["Hello."]
        assert not model.closed

    asyncio.run(main())


@pytest.mark.parametrize(
    ("first", "more", "whole"),
    [
        (
            UserTurn("What is", None, "en"),
            UserTurn("that?", None, "en"),
            UserTurn("What is that?", None, "en"),
        ),
        (UserTurn("现在", None, "zh"), UserTurn("几点？"), UserTurn("现在几点？", None, "zh")),
        (UserTurn(None, (1,), "de"), UserTurn(None, (2,)), UserTurn(None, (1, 2), "de")),
    ],
)
def test_a_turn_that_goes_on_is_one_turn(first: UserTurn, more: UserTurn, whole: UserTurn) -> None:
    assert first.followed_by(more) == whole
