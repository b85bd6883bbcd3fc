"""The seams of turn-taking: is somebody speaking, and have they finished."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, Protocol

from msgspec import Meta

from edge_audio.audio.frame import Frame, Samples
from edge_audio.settings import AdapterConfig, Milliseconds, Probability, Shared


class SpeechSession(Protocol):
    """Voice activity of one conversation, window by window."""

    window_samples: int
    """Samples at 16 kHz that one probability covers."""

    @abstractmethod
    async def feed(self, frame: Frame) -> tuple[float, ...]:
        """Take the next frame; return the speech probability of each window that it completed."""
        ...


class SpeechDetector(Protocol):
    """A loaded voice activity detector. Any number of conversations may share it, with a session each."""

    @abstractmethod
    def session(self) -> SpeechSession:
        """Begin to follow one conversation's sound. Cheap; there is nothing to close."""
        ...

    async def close(self) -> None:
        """Free the model; returns at once even if a call is running."""
        return


class EndOfTurnModel(Protocol):
    """Judges by sound whether a speaker who paused has finished. Any number of conversations may share it."""

    @abstractmethod
    async def probability(self, pcm: Samples) -> float:
        """Return the probability in [0, 1] that the turn ends here; `pcm` is the turn so far, at 16 kHz."""
        ...

    async def close(self) -> None:
        """Free the model; returns at once even if a call is running."""
        return


class SpeechDetectorConfig(AdapterConfig, frozen=True):
    """``[vad]``: whether somebody is speaking."""

    renamed: ClassVar[Mapping[str, str]] = {"pause_ms": "min_silence_ms"}

    threshold: Probability = 0.5
    """Probability from which a window is speech, while nobody speaks."""
    release: Probability = 0.35
    """Probability below which a window is silence, while somebody speaks; lower than `threshold`."""
    onset_ms: Milliseconds = 64
    """How long speech must last to count."""
    min_silence_ms: Milliseconds = 128
    """How long silence must last to be a pause: the moment of speculation."""

    def load(self, shared: Shared) -> SpeechDetector:
        """Load the detector. Blocks. Raises `UserError` if it can't be loaded."""
        raise NotImplementedError


class EndOfTurnConfig(AdapterConfig, frozen=True):
    """``[end_of_turn]``: whether they have finished."""

    renamed: ClassVar[Mapping[str, str]] = {"threshold": "p_end", "pause_ms": "mean_pause_ms"}

    p_end: Probability = 0.5
    """Probability from which a turn sounds complete."""
    certainty: Annotated[float, Meta(gt=0.5, lt=1.0)] = 0.9
    """How likely it must be that the turn is over, by its sound, words and silence together, to answer."""
    mean_pause_ms: Annotated[float, Meta(ge=50.0, le=5000.0)] = 400.0
    """How long people pause in the middle of a turn, on average; learnt for each speaker from there on."""

    def load(self, shared: Shared) -> EndOfTurnModel:
        """Load the model. Blocks. Raises `UserError` if it can't be loaded."""
        raise NotImplementedError
