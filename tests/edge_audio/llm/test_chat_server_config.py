"""A chat model on a server is loaded as its table in the config says, for every protocol."""

import asyncio

import pytest

from edge_audio.llm.chat_model import ChatModelError, UserTurn
from edge_audio.llm.openai_server import OpenAIConfig
from edge_audio.llm.step_chat_config import StepChatConfig
from edge_audio.settings import Shared
from tests.edge_audio.llm.chat_server import ChatServer, chat_server, chunk, silence, stream_head, text


@pytest.mark.parametrize("table", [OpenAIConfig, StepChatConfig])
@pytest.mark.parametrize(
    ("words", "waits"), [(b"", "0.1"), (chunk(text("Yes, I ")), "0.2")], ids=["begin", "go on"]
)
def test_all_that_the_table_says_holds(
    monkeypatch: pytest.MonkeyPatch, table: type[OpenAIConfig | StepChatConfig], words: bytes, waits: str
) -> None:
    monkeypatch.setenv("CHAT_KEY", "sesame")

    async def main() -> ChatServer:
        async with chat_server(silence(stream_head() + words)) as server:
            llm = table(
                url=server.url,
                model="tiny",
                api_key_env="CHAT_KEY",
                max_reply_tokens=7,
                temperature=0.3,
                first_token_timeout_s=0.1,
                token_timeout_s=0.2,
            )
            model = llm.load(Shared())
            with pytest.raises(ChatModelError, match=f"wrote nothing for {waits} seconds"):
                async for _ in model.reply((), UserTurn("Hi.")):
                    pass
            await model.close()
            return server

    server = asyncio.run(main())
    assert "authorization: bearer sesame" in server.heads[0].lower()
    [body] = server.bodies
    assert {"model": "tiny", "max_tokens": 7, "temperature": 0.3, "stream": True}.items() <= body.items()
