"""The seam to the world's sound: a microphone and a speaker on one time line."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from edge_audio.audio.frame import Frame
from edge_audio.audio.playout import Playout
from edge_audio.audio.sample_ring import SampleRing
from edge_audio.events import Event
from runtime.channel import Channel


class AudioDevice(Protocol):
    """Hears and plays: sound hardware, a file, a socket.

    It belongs to one conversation. A subclass needs a name, a rate and `run`; the rest has defaults.
    """

    name: str
    """For reports and messages."""
    output_rate_hz: int
    """Rate at which it takes samples from the playout; known once it is open."""
    input_latency_s: float = 0.0
    """Time from a sound at the microphone until its samples are put into the channel."""
    output_latency_s: float = 0.0
    """Time from handing a sample to the device until it is heard."""
    echoes: bool = False
    """True if its microphone may hear its speaker, so that an echo canceller is of use."""
    reference: SampleRing | None = None
    """What the speaker was handed, at `output_rate_hz`, for the echo canceller; None where there is none."""

    async def open(self) -> None:
        """Get hold of the device, so that rate and latencies are known; harmless if it is open.

        Raises `UserError` where there is no such device.
        """
        return

    async def run(self, frames: Channel[Frame], playout: Playout, notify: Callable[[Event], None]) -> None:
        """Put what is heard into `frames` and hand out `playout` until cancelled.

        An actor's body. The conversation ends when it returns. `notify` takes a `Notice` of what the user
        should know, such as a device that is gone.
        """
        ...

    async def input_ended(self) -> None:
        """Return once nothing but silence is to come, which `run` goes on to put; never for a microphone."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Let go of the device; harmless if it isn't open."""
        return
