"""Files in place of a microphone and a speaker, at real-time pace and on one time line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge_audio.audio.capture import CaptureRing
from edge_audio.audio.files import WavWriter
from edge_audio.audio.frame import FILE_RATE_HZ, FRAME_S, FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.audio.resample import StreamResampler
from edge_audio.audio.room import Room
from runtime import clock
from runtime.channel import Channel

_BLOCKS_PER_FRAME = 2
"""The playout is read in 10-ms blocks, as a sound card would."""

_SETTLE_S = 1.0
"""The end of the input is silence of this length in which nobody speaks and nothing is owed."""

_PLAYED_SAMPLES = FRAME_SAMPLES * FILE_RATE_HZ // INPUT_RATE_HZ
"""What is played while a frame is heard."""


class Input(Protocol):
    """What is said into the microphone: a script, for instance."""

    @property
    def exhausted(self) -> bool:
        """Whether nothing but silence is to come."""
        ...

    def frame(self, start: int) -> Samples:
        """Return the `FRAME_SAMPLES` samples from index `start` on; each is asked for once, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Recording:
    """Where what passes through a `FileDevice` is written; what is None is not."""

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
        """Leave no files."""
        for writer in (self.reply, self.conversation):
            if writer is not None:
                writer.abort()


class FileDevice:
    """An `AudioDevice` that speaks an input, such as a script, and records what is answered.

    Each 20 ms it hands out the playout's next blocks and then puts the frame that a microphone would
    have finished by then. When the input is exhausted it goes on with silence until the conversation
    is idle, then closes the channel.
    """

    output_rate_hz = FILE_RATE_HZ
    output_latency_s = 0.0
    input_latency_s = FRAME_S

    def __init__(
        self,
        name: str,
        script: Input,
        idle: Callable[[], bool],
        recording: Recording,
        room: Room | None = None,
    ) -> None:
        """`idle` says whether nobody speaks and nothing is owed.

        In a `room` the microphone hears the speaker; without one it doesn't, as with headphones.
        """
        self.name = name
        self.reference = CaptureRing(FILE_RATE_HZ)
        """What was played, for an echo canceller."""
        self._script = script
        self._idle = idle
        self._recording = recording
        self._room = room
        self._mixer = _Mixer(recording.conversation) if recording.conversation else None

    async def run(self, frames: Channel[Frame], playout: Playout) -> None:
        """See `AudioDevice.run`."""
        began_s = clock.now()
        played = np.zeros(_PLAYED_SAMPLES, np.float32)
        blocks = np.split(played, _BLOCKS_PER_FRAME)
        idle_frames = 0
        index = 0
        while idle_frames * FRAME_S < _SETTLE_S:
            for number, block in enumerate(blocks):
                await clock.sleep_until(began_s + (index + number / _BLOCKS_PER_FRAME) * FRAME_S)
                playout.read_into(block)
            self.reference.write(played)
            start = index * FRAME_SAMPLES
            pcm = self._script.frame(start)
            if self._room is not None:
                pcm = pcm + self._room.echo(played)
            if self._recording.reply is not None:
                self._recording.reply.write(played)
            if self._mixer is not None:
                self._mixer.add(pcm, played)
            index += 1
            await clock.sleep_until(began_s + index * FRAME_S)
            await frames.put(Frame(pcm, start))
            idle_frames = idle_frames + 1 if self._script.exhausted and self._idle() else 0
        if self._mixer is not None:
            self._mixer.finish()
        frames.close()


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
