"""Files in place of a microphone and a speaker, at real-time pace and on one time line."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge_audio.audio.device import AudioDevice
from edge_audio.audio.files import WavWriter
from edge_audio.audio.frame import FILE_RATE_HZ, FRAME_S, FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.audio.resample import StreamResampler
from edge_audio.audio.room import Room
from edge_audio.audio.sample_ring import SampleRing
from edge_audio.events import Event
from runtime import clock
from runtime.channel import Channel

_BLOCKS_PER_FRAME = 2
"""The playout is read in 10-ms blocks, as a sound card would."""

_PLAYED_SAMPLES = FRAME_SAMPLES * FILE_RATE_HZ // INPUT_RATE_HZ
"""What is played while a frame is heard."""


class Input(Protocol):
    """What is said into the microphone: a script, for instance."""

    @property
    def exhausted(self) -> bool:
        """True once only silence follows."""
        ...

    def frame(self, start: int) -> Samples:
        """Return the `FRAME_SAMPLES` samples from index `start` on; each is asked for once, in order."""
        ...


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """The files that a `FileDevice` writes; None for one that is not wanted."""

    reply: WavWriter | None = None
    """What the speaker played, on the input's time line."""
    conversation: WavWriter | None = None
    """Both sides, mixed."""

    def close(self) -> None:
        """Complete the files."""
        for writer in (self.reply, self.conversation):
            if writer is not None:
                writer.close()

    def abort(self) -> None:
        """Discard the files."""
        for writer in (self.reply, self.conversation):
            if writer is not None:
                writer.abort()


class FileDevice(AudioDevice):
    """Plays an input, such as a script, to the assistant and records the answers.

    Each 20 ms it hands out the playout's next blocks and then puts the frame that a microphone would
    have finished by then. When the input is exhausted it goes on with silence.
    """

    output_rate_hz = FILE_RATE_HZ
    input_latency_s = FRAME_S

    def __init__(
        self, name: str, script: Input, output: OutputFiles | None = None, room: Room | None = None
    ) -> None:
        """Keep what is played in `output`, if there is one.

        In a `room` the microphone hears the speaker; without one it doesn't, as with headphones.
        """
        self.name = name
        self.echoes = room is not None
        self.reference: SampleRing | None = SampleRing(FILE_RATE_HZ)
        self._script = script
        self._output = output = output or OutputFiles()
        self._room = room
        self._exhausted = asyncio.Event()
        self._mixer = _Mixer(output.conversation) if output.conversation else None

    async def run(self, frames: Channel[Frame], playout: Playout, notify: Callable[[Event], None]) -> None:
        """See `AudioDevice.run`."""
        try:
            await self._run(frames, playout)
        finally:
            if self._mixer is not None:
                self._mixer.finish()

    async def input_ended(self) -> None:
        """See `AudioDevice.input_ended`."""
        await self._exhausted.wait()

    def _hand_out(self, played: Samples, start: int) -> None:
        """Keep `played`, heard with the input's sample `start`, for an echo canceller."""
        if self.reference is not None:
            self.reference.write(played)

    async def _run(self, frames: Channel[Frame], playout: Playout) -> None:
        began_s = clock.now()
        played = np.zeros(_PLAYED_SAMPLES, np.float32)
        blocks = np.split(played, _BLOCKS_PER_FRAME)
        index = 0
        while True:
            for number, block in enumerate(blocks):
                await clock.sleep_until(began_s + (index + number / _BLOCKS_PER_FRAME) * FRAME_S)
                playout.read_into(block)
            start = index * FRAME_SAMPLES
            self._hand_out(played, start)
            pcm = self._script.frame(start)
            if self._room is not None:
                pcm = pcm + self._room.echo(played)
            if self._output.reply is not None:
                self._output.reply.write(played)
            if self._mixer is not None:
                self._mixer.add(pcm, played)
            index += 1
            await clock.sleep_until(began_s + index * FRAME_S)
            await frames.put(Frame(pcm, start))
            if self._script.exhausted:
                self._exhausted.set()


class _Mixer:
    """Mixes input (16 kHz) and output (24 kHz) into one file, sample by sample on one time line."""

    def __init__(self, writer: WavWriter) -> None:
        self._writer = writer
        self._resampler = StreamResampler(INPUT_RATE_HZ, FILE_RATE_HZ)
        self._ahead: Samples = np.zeros(0, np.float32)

    def add(self, heard: Samples, played: Samples) -> None:
        """Add a frame of input and what was played in the same 20 ms."""
        self._ahead = np.concatenate((self._ahead, played))
        self._mix(self._resampler.push(heard))

    def finish(self) -> None:
        """Write what the resampler still holds."""
        self._mix(self._resampler.flush())

    def _mix(self, heard: Samples) -> None:
        count = min(len(heard), len(self._ahead))
        self._writer.write(heard[:count] + self._ahead[:count])
        self._ahead = self._ahead[count:]
