"""The chat model seam."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from edge_audio.asr.recognizer import Transcript


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the conversation's text history."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class UserTurn:
    """What the user just said, in the form that the chat model hears."""

    transcript: str | None = None
    """The text; None where there is no recognizer."""
    audio_ids: tuple[int, ...] | None = None
    """The dual-codebook tokens; None where the chat model hears text."""

    def followed_by(self, more: "UserTurn") -> "UserTurn":
        """Return both as one turn, in the forms that both have."""
        transcript = audio_ids = None
        if self.transcript is not None and more.transcript is not None:
            transcript = f"{self.transcript} {more.transcript}".strip()
        if self.audio_ids is not None and more.audio_ids is not None:
            audio_ids = self.audio_ids + more.audio_ids
        return UserTurn(transcript, audio_ids)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the reply's text, spaces included."""

    text: str


class ChatModelError(Exception):
    """The chat model could not answer: refused, timed out, broke off. One sentence for the user."""


class Transcriber(Protocol):
    """Tells which words were said, where no recognizer on the device does."""

    async def transcribe(self, audio_ids: tuple[int, ...]) -> Transcript:
        """Return what was said in a whole turn. Cancelling the call stops it. Raises `ChatModelError`."""
        ...


class ChatModel(Protocol):
    """Answers a turn in the light of what was said before."""

    name: str
    """Model name for reports."""
    hears: Literal["text", "codes"]
    """Which part of a `UserTurn` it takes."""

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """Stream the reply. Closing the iterator, or cancelling its task, stops the computation.

        `context` is append-only between calls, so that a cached prompt prefix stays valid.
        Raises `ChatModelError`.
        """
        ...

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        """Bring the prompt up to the next user turn into the cache; does nothing where there is none.

        `heard` is what was heard of that turn so far. Returns how likely the model finds it that the turn
        ends with that word, without having heard its sound; None if it can't tell.
        Gives way to `reply`; failures are left for `reply` to report.
        """
        ...

    async def warm_up(self) -> None:
        """Load and compute something. Raises `ChatModelError` or `UserError` if it can't be used."""
        ...

    async def close(self) -> None:
        """Free the model; returns at once even if a reply is running."""
        ...
