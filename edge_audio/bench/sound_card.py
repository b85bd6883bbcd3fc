"""A simulated sound card, to measure everything between the models and the hardware."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from edge_audio.audio.device import AudioDevice
from edge_audio.audio.frame import FILE_RATE_HZ, FRAME_S, FRAME_SAMPLES, Frame
from edge_audio.audio.playout import Playout
from edge_audio.events import Event
from runtime import clock
from runtime.channel import Channel

_BLOCK_S = 0.010
"""The speaker asks for 10 ms at a time, as `edge_audio.audio.portaudio` sets it."""


class SoundCard(AudioDevice):
    """A device that records silence, and asks for blocks on a thread of its own, as hardware does."""

    name = "stand-in"
    output_rate_hz = FILE_RATE_HZ

    def __init__(self) -> None:
        self.running = asyncio.Event()
        self._playout: Playout | None = None
        self._block = round(FILE_RATE_HZ * _BLOCK_S)
        self._handed_out_s: deque[float] = deque(maxlen=1000)
        """When the latest blocks were handed out, on `time.perf_counter`."""
        self._blocks = 0

    async def run(self, frames: Channel[Frame], playout: Playout, notify: Callable[[Event], None]) -> None:
        """See `AudioDevice.run`."""
        self._playout = playout
        stop = threading.Event()
        threading.Thread(target=self._read, args=(playout, stop), daemon=True).start()
        began_s, index = clock.now(), 0
        self.running.set()
        try:
            while True:
                await frames.put(Frame(np.zeros(FRAME_SAMPLES, np.float32), index * FRAME_SAMPLES))
                index += 1
                await clock.sleep_until(began_s + index * FRAME_S)
        finally:
            stop.set()

    def silent_s(self) -> float:
        """Return when the latest sound ended: the time of its block, plus its place in the block."""
        assert self._playout is not None
        number, offset = divmod(self._playout.last_sound_at, self._block)
        back = self._blocks - number
        return self._handed_out_s[-back] + offset / FILE_RATE_HZ

    def _read(self, playout: Playout, stop: threading.Event) -> None:
        block = np.zeros(self._block, np.float32)
        next_s = time.perf_counter()
        while not stop.is_set():
            playout.read_into(block)
            self._handed_out_s.append(time.perf_counter())
            self._blocks += 1
            next_s += _BLOCK_S
            time.sleep(max(0.0, next_s - time.perf_counter()))
