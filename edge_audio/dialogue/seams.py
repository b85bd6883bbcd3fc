"""What the controller asks of those who listen and of those who make replies."""

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from edge_audio.dialogue.reply import Reply
from edge_audio.llm.chat_model import TextDelta


class Ears(Protocol):
    """What the controller asks of the listener."""

    def end_turn(self) -> None:
        """Forget the turn's audio; the next speech begins a new one."""
        ...

    def pause_now(self) -> None:
        """Take the user to have paused at this moment."""
        ...


class Maker(Protocol):
    """Runs the making of replies as tasks."""

    def start(self, reply: Reply, deltas: AsyncGenerator[TextDelta, None]) -> None:
        """Run `reply.make(deltas)`."""
        ...

    def prefill(self, heard: str = "") -> None:
        """Bring the context, and what was `heard` of the next turn, into the chat model's cache."""
        ...

    def transcribe(self, audio_ids: tuple[int, ...], told: Callable[[str], None]) -> None:
        """Find out beside all else which words were said, and call `told` with them if there is an answer."""
        ...

    def cancel(self, reply: Reply) -> None:
        """Stop the making; frees chat model and voice."""
        ...
