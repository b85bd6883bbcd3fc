"""A device without hardware."""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from edge_audio.audio.device import AudioDevice
from edge_audio.audio.frame import FILE_RATE_HZ, FRAME_S, FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.events import Event
from runtime import clock
from runtime.channel import Channel

_LOUD = 0.5
"""The samples of a stretch."""


class ScriptedDevice(AudioDevice):
    """Hears what a script says at its times, and keeps what is played; in real time or in virtual time."""

    name = "scripted"

    def __init__(
        self,
        speech: Sequence[tuple[float, float | Samples]] = (),
        *,
        length_s: float | None = None,
        rate_hz: int = FILE_RATE_HZ,
        output_latency_s: float = 0.0,
    ) -> None:
        """`speech` holds where each stretch begins, and its end or its samples; in seconds, and at 16 kHz.

        The conversation ends after `length_s`; where that is None, once all is said and answered; without
        `speech`, it goes on in silence.
        """
        self.output_rate_hz = rate_hz
        self.output_latency_s = output_latency_s
        self.played: list[tuple[float, Samples]] = []
        """Each 20 ms that were played, with the time at which they were handed out."""
        self._clips = [(round(begin_s * INPUT_RATE_HZ), _clip(sound, begin_s)) for begin_s, sound in speech]
        self._length_s = length_s
        self._said = asyncio.Event()

    @property
    def sound(self) -> Samples:
        """All that was played, on the input's time line."""
        blocks = [block for _, block in self.played]
        return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)

    async def run(self, frames: Channel[Frame], playout: Playout, notify: Callable[[Event], None]) -> None:
        """See `AudioDevice.run`."""
        began_s = clock.now()
        index = 0
        while self._length_s is None or index * FRAME_S < self._length_s:
            block = np.zeros(round(self.output_rate_hz * FRAME_S), np.float32)
            playout.read_into(block)
            self.played.append((clock.now() - began_s, block))
            pcm = self._heard(index * FRAME_SAMPLES)
            index += 1
            await clock.sleep_until(began_s + index * FRAME_S)
            await frames.put(Frame(pcm, (index - 1) * FRAME_SAMPLES))
            if self._clips and all(at + len(clip) <= index * FRAME_SAMPLES for at, clip in self._clips):
                self._said.set()

    async def input_ended(self) -> None:
        """See `AudioDevice.input_ended`."""
        if self._length_s is not None:
            await asyncio.Event().wait()
        await self._said.wait()

    def _heard(self, start: int) -> Samples:
        """Return the frame that begins at sample `start`."""
        pcm = np.zeros(FRAME_SAMPLES, np.float32)
        for at, clip in self._clips:
            first, last = max(start, at), min(start + FRAME_SAMPLES, at + len(clip))
            if first < last:
                pcm[first - start : last - start] += clip[first - at : last - at]
        return pcm


def _clip(sound: float | Samples, begin_s: float) -> Samples:
    """Return `sound` as samples: a stretch up to a time is a constant."""
    if isinstance(sound, np.ndarray):
        return sound
    return np.full(round((sound - begin_s) * INPUT_RATE_HZ), _LOUD, np.float32)
