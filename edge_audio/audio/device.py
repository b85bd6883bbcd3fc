"""The seam to sound devices: a microphone and a speaker on one time line."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from edge_audio.audio.frame import Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.audio.sample_ring import SampleRing
from edge_audio.events import Event
from edge_audio.settings import AdapterConfig, Shared
from runtime.channel import Channel
from runtime.errors import UserError


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
        """Return once only silence follows, which `run` keeps putting; a microphone never returns."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Let go of the device; harmless if it isn't open."""
        return


class Speaker(Protocol):
    """Plays what it is given, in order, for speech that nobody interrupts."""

    def play(self, pcm: Samples) -> None:
        """Play mono samples; returns when they are taken. Blocks. Raises `UserError`."""
        ...


class AudioDeviceConfig(AdapterConfig, frozen=True):
    """``[audio]``: the sound devices."""

    echo_cancellation: bool = True
    """Whether to take the speaker's sound out of the microphone's; never done for files unless `--echo`."""
    noise_suppression: bool = False
    """Whether to reduce steady noise. All models that listen here do better without it (measured): with
    voices in the background 5 dB below the speaker, it makes the detector miss 6 of 10 onsets of speech and
    take the background for speech 15 times a minute (never without it); and in noise at 10 and 5 dB,
    `whisper-tiny.en` gets up to 7 more of 100 words wrong."""
    auto_gain: bool = False
    """Whether to level the microphone; for one so quiet that speech stays below -45 dBFS. There, speech is
    noticed sooner (measured: by 0.1 s at -45 dBFS, 0.2 s at -55, 0.3 s at -62), and words are recognized as
    well or better. Other microphones gain nothing, and the residual echo, which is raised too, is taken for
    speech four times as often."""

    @property
    def treats_the_microphone(self) -> bool:
        """True if anything is done to what the microphone hears."""
        return self.echo_cancellation or self.noise_suppression or self.auto_gain

    def load(self, shared: Shared) -> AudioDevice:
        """Return the device for one conversation, not opened yet."""
        raise NotImplementedError

    def speaker(self, rate_hz: int) -> AbstractContextManager[Speaker]:
        """Open the speaker alone, for samples at `rate_hz`. Blocks. Raises `UserError` if it can't be."""
        raise UserError(
            "The config's sound device works only in conversations.", "Write a file with --output."
        )
