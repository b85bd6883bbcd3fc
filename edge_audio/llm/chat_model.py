"""The chat model seam."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from edge_audio.asr.recognizer import Recognizer, Transcript
from edge_audio.settings import AdapterConfig, Shared
from edge_audio.text.words import joined


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
    language: str | None = None
    """ISO 639-1 code of the transcript's language; None where it is not known."""

    def followed_by(self, more: "UserTurn") -> "UserTurn":
        """Return both as one turn, in the forms that both have."""
        transcript = audio_ids = None
        if self.transcript is not None and more.transcript is not None:
            transcript = joined(self.transcript, more.transcript).strip()
        if self.audio_ids is not None and more.audio_ids is not None:
            audio_ids = self.audio_ids + more.audio_ids
        return UserTurn(transcript, audio_ids, more.language or self.language)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the reply's text, spaces included."""

    text: str


class ChatModelError(Exception):
    """The chat model could not answer: refused, timed out, broke off. One sentence for the user."""


class Transcriber(Protocol):
    """Transcribes audio tokens, where no recognizer on the device hears the words."""

    @abstractmethod
    async def transcribe(self, audio_ids: tuple[int, ...]) -> Transcript:
        """Return what was said in a whole turn. Cancelling the call stops it. Raises `ChatModelError`."""
        ...


class ChatModel(Protocol):
    """Answers a turn in the light of what was said before.

    Any number of conversations may share it, with a session each; a session belongs to one conversation.
    """

    name: str
    """Model name for reports."""
    hears: Literal["text", "codes"] = "text"
    """Which part of a `UserTurn` it takes."""

    @property
    def transcriber(self) -> Transcriber | None:
        """Return what transcribes audio tokens where no recognizer does; None if the model can't."""
        return None

    @abstractmethod
    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """Stream the reply. Closing the iterator, or cancelling its task, stops the computation.

        `context` is append-only between calls, so that a cached prompt prefix stays valid.
        Raises `ChatModelError`.
        """
        ...

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        """Bring the prompt up to the next user turn into the cache; does nothing where there is none.

        `heard` is what was heard of that turn so far. Returns the model's probability that the turn ends
        after these words, judged without their sound; None if it has no opinion.
        Gives way to `reply`; failures are left for `reply` to report.
        """
        return None

    def watch(self, report: Callable[[str], None]) -> None:
        """From now on, call `report` with one sentence when the user should know something about the model.

        For instance that another one answers in its place. Does nothing where there is nothing to report.
        """
        return

    def session(self) -> "ChatModel":
        """Return the model for one conversation, with a cache of its own where there is one.

        Close it when the conversation is over: that frees what is kept for it, and leaves the model alone.
        """
        return _Session(self)

    async def warm_up(self) -> None:
        """Load and compute something. Raises `ChatModelError` or `UserError` if it can't be used."""
        return

    async def close(self) -> None:
        """Free the model; returns at once even if a reply is running."""
        return


class _Session(ChatModel):
    """The session of a model that keeps nothing of a conversation."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.name = model.name
        self.hears = model.hears

    @property
    def transcriber(self) -> Transcriber | None:
        return self._model.transcriber

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        return self._model.reply(context, turn)

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        return await self._model.prefill(context, heard)

    def watch(self, report: Callable[[str], None]) -> None:
        self._model.watch(report)


class ChatModelConfig(AdapterConfig, frozen=True):
    """``[llm]``: what answers. All of its keys are the adapter's."""

    def load(self, shared: Shared) -> ChatModel:
        """Load the model, or make the client of a server. Blocks. Raises `UserError` if it can't be used."""
        raise NotImplementedError

    def hearing(self, words: Recognizer | None, shared: Shared) -> Recognizer | None:
        """Return what turns speech into what the model hears: `words`, the recognizer of ``[asr]``, if any.

        A model that hears audio tokens returns one that makes them, with `words` in it. Blocks. Raises
        `UserError` if it can't be loaded.
        """
        return words
