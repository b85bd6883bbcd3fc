"""What the controller asks of the listener and of the player."""

from typing import Protocol

from edge_audio.dialogue.player import Audience
from edge_audio.dialogue.reply import Reply


class TurnListener(Protocol):
    """Gathers the user's turn: `edge_audio.turns.listener.Listener`."""

    def end_turn(self) -> None:
        """Forget the turn's audio; the next speech begins a new one."""
        ...

    def pause_now(self) -> None:
        """Take the user to have paused at this moment."""
        ...


class ReplyPlayer(Protocol):
    """Plays one committed reply at a time: `Player`."""

    @property
    def audible(self) -> bool:
        """True once a sample of the present reply has been handed out."""
        ...

    @property
    def heard_ms(self) -> float:
        """How much of the present reply was heard."""
        ...

    @property
    def paused(self) -> bool:
        """True while playback waits for `resume`."""
        ...

    def start(self, reply: Reply, audience: Audience) -> None:
        """Play `reply`, which must be committed, as it comes."""
        ...

    def top_up(self) -> None:
        """Take more held audio: there is some, or all of it is there."""
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
