"""The recognizer seam."""

from abc import abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.settings import AdapterConfig, Milliseconds, Shared


@dataclass(frozen=True, slots=True)
class Word:
    """A recognized word with its place in the utterance."""

    text: str
    """The word with its punctuation, without spaces around it."""
    start_s: float
    """Start, in seconds from the utterance's first sample."""
    end_s: float
    """End, in seconds from the utterance's first sample."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in an utterance, as far as it has been heard."""

    text: str | None
    """Trimmed; empty when no words were found, None without a recognizer for words."""
    words: tuple[Word, ...] = ()
    """The words with their times; empty if the recognizer gives none."""
    language: str | None = None
    """ISO 639-1 code of the text's language; None where the recognizer doesn't know."""
    audio_ids: tuple[int, ...] | None = None
    """The utterance as audio tokens; None where the chat model doesn't hear them."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a recording with its text."""

    text: str
    """Trimmed; never empty."""
    start_s: float
    """Start, in seconds from the recording's first sample."""
    end_s: float
    words: tuple[Word, ...]
    """The words with their times; empty if the recognizer gives none."""
    language: str | None
    """As that of a `Transcript`."""


class Utterance(Protocol):
    """One stretch of speech on its way through a recognizer."""

    @abstractmethod
    def feed(self, pcm: Samples) -> None:
        """Append samples at 16 kHz. Cheap: computes nothing."""
        ...

    @abstractmethod
    async def transcribe(self, *, partial: bool = False) -> Transcript:
        """Recognize all that was fed so far as if the utterance ended here; it may go on afterwards.

        Called now and then while the user speaks (`partial`: only words are wanted, and as much as
        possible should be computed before the end) and at a pause, where only the tail is left to compute.
        Cancelling the call drops its result.
        """
        ...


class Recognizer(Protocol):
    """Turns speech into text. Any number of conversations may share it, with a session each."""

    name: str
    """Model name for reports."""

    @abstractmethod
    def open(self) -> Utterance:
        """Start an utterance, independent of all others: several may be open at once."""
        ...

    def session(self) -> "Recognizer":
        """Return what one conversation uses of it; it needs no closing.

        That is the recognizer itself, unless it learns from an utterance for the next one.
        """
        return self

    async def transcribe(self, pcm: Samples) -> AsyncGenerator[Segment, None]:
        """Recognize a whole recording at 16 kHz, yielding each segment as it is found.

        Conversations that share the recognizer may have to wait meanwhile. Closing the iterator stops the
        computation.
        """
        utterance = self.open()
        utterance.feed(pcm)
        heard = await utterance.transcribe()
        if heard.text:
            begin_s = heard.words[0].start_s if heard.words else 0.0
            end_s = heard.words[-1].end_s if heard.words else len(pcm) / INPUT_RATE_HZ
            yield Segment(heard.text, begin_s, end_s, heard.words, heard.language)

    async def warm_up(self) -> None:
        """Compute something, so that the first real call is as fast as the next."""
        return

    async def close(self) -> None:
        """Free the model; returns at once even if a call is running."""
        return


class RecognizerConfig(AdapterConfig, frozen=True):
    """``[asr]``: which words were said."""

    language: str = "en"
    """ISO 639-1 code of what is spoken, or `auto` where the recognizer finds it out."""
    partial_every_ms: Milliseconds = 300
    """Least time between partial transcripts while the user speaks; half of it where one reads complete."""

    def load(self, shared: Shared) -> Recognizer:
        """Load the recognizer. Blocks. Raises `UserError` if it can't be loaded."""
        raise NotImplementedError
