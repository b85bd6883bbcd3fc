"""Chat models behind OpenAI's protocol: any server with ``POST {url}/chat/completions``."""

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Literal

from edge_audio.llm.chat_model import Message, TextDelta, UserTurn
from edge_audio.llm.completion_server import CompletionServer


class OpenAIServer:
    """A `ChatModel` on another machine, or in another process of this one."""

    hears: Literal["text", "codes"] = "text"

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key_env: str | None = None,
        max_reply_tokens: int = 200,
        temperature: float = 0.7,
        connect_timeout_s: float = 5.0,
        first_token_timeout_s: float = 20.0,
        token_timeout_s: float = 10.0,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`url` and `api_key_env` as for `CompletionServer`, `model` by the server's name for it.

        Raises `UserError` for an address or a key that can't be used.
        """
        self.name = model
        self._max_reply_tokens = max_reply_tokens
        self._temperature = temperature
        self._server = CompletionServer(
            url,
            api_key_env=api_key_env,
            connect_timeout_s=connect_timeout_s,
            first_token_timeout_s=first_token_timeout_s,
            token_timeout_s=token_timeout_s,
            environ=environ,
        )

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`. Closing the iterator closes the connection, which stops the server."""
        messages = [{"role": m.role, "content": m.text} for m in context]
        messages.append({"role": "user", "content": turn.transcript or ""})
        request = {
            "model": self.name,
            "messages": messages,
            "stream": True,
            "max_tokens": self._max_reply_tokens,
            "temperature": self._temperature,
        }
        async with aclosing(self._server.write("/chat/completions", request)) as deltas:
            async for delta in deltas:
                yield delta

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        """Nothing: the server keeps its own cache."""
        return None

    async def warm_up(self) -> None:
        """See `CompletionServer.warm_up`."""
        await self._server.warm_up()

    async def close(self) -> None:
        """See `ChatModel.close`."""
        await self._server.close()
