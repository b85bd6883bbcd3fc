"""Chat models that speak OpenAI's protocol: any server with ``POST {url}/chat/completions``."""

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from edge_audio.llm.chat_model import ChatModel, Message, TextDelta, UserTurn
from edge_audio.llm.chat_server import ChatServerConfig
from edge_audio.settings import Shared

if TYPE_CHECKING:
    from edge_audio.llm.completion_server import CompletionServer


class OpenAIServer(ChatModel):
    """A `ChatModel` on another machine, or in another process of this one."""

    def __init__(
        self, server: "CompletionServer", model: str, *, max_reply_tokens: int = 200, temperature: float = 0.7
    ) -> None:
        """`model` is the server's name for it; `server` is this model's own, and is closed with it."""
        self.name = model
        self._server = server
        self._max_reply_tokens = max_reply_tokens
        self._temperature = temperature

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`. Closing the iterator closes the connection, which stops the server."""
        messages = [{"role": m.role, "content": m.text} for m in context]
        messages.append({"role": "user", "content": turn.transcript or ""})
        request = {
            "model": self.name,
            "messages": messages,
            "max_tokens": self._max_reply_tokens,
            "temperature": self._temperature,
        }
        return self._server.write("/chat/completions", request)

    async def warm_up(self) -> None:
        """See `CompletionServer.warm_up`."""
        await self._server.warm_up()

    async def close(self) -> None:
        """See `ChatModel.close`."""
        await self._server.close()


class OpenAIConfig(ChatServerConfig, frozen=True, kw_only=True):
    """A chat model on a server that speaks OpenAI's protocol."""

    packages = ("httpx",)

    model: str
    """The model's name on that server."""

    def load(self, shared: Shared) -> OpenAIServer:
        """See `ChatModelConfig.load`."""
        return OpenAIServer(
            self.server(),
            self.model,
            max_reply_tokens=self.max_reply_tokens,
            temperature=self.temperature,
        )
