"""The seams of turn-taking: is somebody speaking, and have they finished."""

from typing import Protocol

from edge_audio.audio.frame import Frame, Samples


class SpeechDetector(Protocol):
    """Voice activity, window by window."""

    window_samples: int
    """Samples at 16 kHz that one probability covers."""

    async def feed(self, frame: Frame) -> tuple[float, ...]:
        """Take the next frame; return the speech probability of each window that it completed."""
        ...

    async def close(self) -> None:
        """Free the model."""
        ...


class EndOfTurnModel(Protocol):
    """Judges by sound whether a speaker who paused has finished."""

    async def probability(self, pcm: Samples) -> float:
        """Probability in [0, 1] that the turn ends here; `pcm` is the turn so far, at 16 kHz."""
        ...

    async def close(self) -> None:
        """Free the model."""
        ...
