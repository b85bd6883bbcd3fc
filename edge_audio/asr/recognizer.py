"""The recognizer seam."""

from dataclasses import dataclass
from typing import Protocol

from edge_audio.audio.frame import Samples


@dataclass(frozen=True, slots=True)
class Word:
    """A recognized word with its place in the utterance."""

    text: str
    """The word with its punctuation, without spaces around it."""
    start_s: float
    """Begin, in seconds from the utterance's first sample."""
    end_s: float
    """End, in seconds from the utterance's first sample."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in an utterance, as far as it has been heard."""

    text: str | None
    """Trimmed; empty when no words were found, None where nobody here can tell words."""
    words: tuple[Word, ...] = ()
    """The words with their times; empty where the recognizer doesn't tell them."""
    language: str = "en"
    """ISO 639-1 code."""
    audio_ids: tuple[int, ...] | None = None
    """The utterance as audio tokens; None where the chat model doesn't hear them."""


class Utterance(Protocol):
    """One stretch of speech on its way through a recognizer."""

    def feed(self, pcm: Samples) -> None:
        """Append samples at 16 kHz. Cheap: computes nothing."""
        ...

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        """Recognize all that was fed so far as if the utterance ended here; it may go on afterwards.

        Called now and then while the user speaks (`partial`: only words are wanted, and that as much as
        possible is computed by the end) and at a pause, where only the tail is left to compute.
        Cancelling the call drops its result.
        """
        ...


class Recognizer(Protocol):
    """Turns speech into text."""

    name: str
    """Model name for reports."""

    def open(self) -> Utterance:
        """Begin an utterance. Only the latest one is used."""
        ...

    async def warm_up(self) -> None:
        """Compute something, so that the first real call is as fast as the next."""
        ...

    async def close(self) -> None:
        """Free the model; returns at once even if a call is running."""
        ...
