"""What the tables of all chat models on servers hold."""

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from edge_audio.llm.chat_model import ChatModelConfig
from edge_audio.settings import Seconds

if TYPE_CHECKING:
    from edge_audio.llm.completion_server import CompletionServer


class ChatServerConfig(ChatModelConfig, frozen=True, kw_only=True):
    """A chat model on a server: where it is, and how long to wait for it."""

    url: str
    """Base address, such as `http://127.0.0.1:8000/v1`."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; the key itself is never in a file."""
    max_reply_tokens: Annotated[int, Meta(ge=1, le=4096)] = 200
    """Longest reply in tokens."""
    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] = 0.7
    """Randomness of the reply."""
    connect_timeout_s: Seconds = 5.0
    """How long to wait for a connection."""
    first_token_timeout_s: Seconds = 20.0
    """How long to wait for the reply to begin."""
    token_timeout_s: Seconds = 10.0
    """How long to wait for the reply to go on."""

    def server(self) -> "CompletionServer":
        """Return the server; nothing is sent yet. Raises `UserError` for an unusable address or key."""
        from edge_audio.llm.completion_server import CompletionServer

        return CompletionServer(
            self.url,
            api_key_env=self.api_key_env,
            connect_timeout_s=self.connect_timeout_s,
            first_token_timeout_s=self.first_token_timeout_s,
            token_timeout_s=self.token_timeout_s,
        )
