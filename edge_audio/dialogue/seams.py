"""What the controller asks of those who listen and of those who make replies."""

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from edge_audio.dialogue.player import Audience
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


class ReplyPlayer(Protocol):
    """What plays one committed reply at a time: `Player`."""

    @property
    def audible(self) -> bool:
        """Whether a sample of the present reply has been handed out."""
        ...

    @property
    def heard_ms(self) -> float:
        """How much of the present reply was heard."""
        ...

    @property
    def paused(self) -> bool:
        """Whether playback waits for `resume`."""
        ...

    def start(self, reply: Reply, audience: Audience) -> None:
        """Play `reply`, which must be committed, as it comes."""
        ...

    def top_up(self) -> None:
        """There is more held audio."""
        ...

    def pause(self) -> None:
        """Fall silent, ready to go on."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...

    def stop(self) -> str:
        """Fall silent, forget the reply, and return the text of it that was heard."""
        ...


class Maker(Protocol):
    """Runs the making of replies as tasks."""

    def start(self, reply: Reply, deltas: AsyncGenerator[TextDelta, None]) -> None:
        """Run `reply.make(deltas)`."""
        ...

    def prefill(self, heard: str = "", judged: Callable[[float | None], None] | None = None) -> None:
        """Bring the context, and what was `heard` of the next turn, into the chat model's cache.

        `judged` is told how likely the model finds it that the turn ends there, see `ChatModel.prefill`,
        unless something else comes up before.
        """
        ...

    def transcribe(self, audio_ids: tuple[int, ...], told: Callable[[str], None]) -> None:
        """Find out beside all else which words were said, and call `told` with them if there is an answer."""
        ...

    def cancel(self, reply: Reply) -> None:
        """Stop the making; frees chat model and voice."""
        ...
