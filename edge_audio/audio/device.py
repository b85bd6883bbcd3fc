"""The seam to the world's sound: a microphone and a speaker on one time line."""

from typing import Protocol

from edge_audio.audio.frame import Frame
from edge_audio.audio.playout import Playout
from runtime.channel import Channel


class AudioDevice(Protocol):
    """Hears and plays: sound hardware, or files that stand in for it."""

    name: str
    """For reports and messages."""
    output_rate_hz: int
    """Rate at which it takes samples from the playout."""
    output_latency_s: float
    """Time from handing a sample to the device until it is heard."""

    async def run(self, frames: Channel[Frame], playout: Playout) -> None:
        """Put what is heard into `frames` and hand out `playout` until cancelled, or the input ends.

        An actor's body. Closes `frames` when the input has ended (files only).
        """
        ...
