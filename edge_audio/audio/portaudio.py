"""The sound hardware as an `AudioDevice`: whatever microphone and speaker PortAudio reaches."""

import asyncio
import itertools
import re
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import numpy as np

from edge_audio.audio.catalogue import DeviceInfo, find_device, list_devices, rescan
from edge_audio.audio.device import AudioDevice, AudioDeviceConfig
from edge_audio.audio.duplex import BLOCK_MS, Duplex
from edge_audio.audio.frame import INPUT_RATE_HZ, Frame
from edge_audio.audio.framer import Framer
from edge_audio.audio.playout import Playout
from edge_audio.audio.sample_ring import SampleRing
from edge_audio.audio.speaker import PortAudioSpeaker
from edge_audio.events import Code, Event, Notice, Part
from edge_audio.settings import Shared
from runtime import clock
from runtime.channel import Channel
from runtime.errors import UserError
from runtime.worker import Lane, ThreadLane

_TICK_S = 0.01
"""How often the loop fetches what was captured."""

_STALL_S = 2.0
"""A stream that has not called back for this long is gone; a busy machine delays it by tenths of that."""

_RETRY_S = 1.0
"""Time between two attempts to bring a lost device back."""

_PATIENCE = 5
"""The attempt at which the user is shown why the device does not come back."""

_JUMP_S = 0.1
"""Misalignment of the time lines that is too large to be the jitter of blocks."""

_FOLLOW = 0.01
"""Share of a smaller misalignment that is corrected at each tick: a time constant of 1 s."""

_CLOSE_S = 0.5
"""How long the end of a session waits for a driver to let go."""

_REFERENCE_S = 1.0
"""Most sound handed out that waits for the echo canceller."""


class PortAudioDevice(AudioDevice):
    """A microphone and a speaker that may go away and come back.

    While one of them is away, silence is heard and what is played goes nowhere, so that time goes on and
    nobody waits for ever; the loss and the return are reported as `Notice`. Microphone and speaker have
    clocks of their own: `Playout.offset_s` is kept up to date, so that both sides' times compare.

    Call `open` first: it settles name, rate and latencies.
    """

    echoes = True

    def __init__(
        self,
        lane: Lane | None = None,
        *,
        microphone: str | int | None = None,
        speaker: str | int | None = None,
        latency_s: float = 0.04,
    ) -> None:
        """`microphone` and `speaker`: (part of) a name, a number, or None for the system's default.

        `lane` runs what blocks (opening, closing, looking for devices); None makes one. `latency_s` is what
        the device is asked to buffer in each direction: less answers sooner, more survives a busy machine.
        """
        self.name = "sound device"
        self.output_rate_hz = 0
        self.output_latency_s = 0.0
        self.input_latency_s = 0.0
        self._handed_out = SampleRing(1)
        self._lane = ThreadLane("sound") if lane is None else lane
        self._owns_lane = lane is None
        self._microphone = microphone
        self._speaker = speaker
        self._latency_s = latency_s
        self._duplex: Duplex | None = None
        self._reading = threading.Lock()  # held by whoever reads the playout: the callback, or we
        self._framer = Framer()

    @property
    def glitches(self) -> int:
        """Blocks that were lost or late since the device was (re)connected, as PortAudio counts them."""
        return self._duplex.glitches if self._duplex is not None else 0

    async def open(self) -> None:
        """Open both devices, so that rate and latency are known. Raises `UserError` if they can't be."""
        if self._duplex is not None:
            return
        await self._lane.run(lambda _: self._open())
        assert self._duplex is not None
        self.output_rate_hz = self._duplex.output_rate_hz
        self.reference = self._handed_out = SampleRing(round(_REFERENCE_S * self.output_rate_hz))

    async def run(self, frames: Channel[Frame], playout: Playout, notify: Callable[[Event], None]) -> None:
        """See `AudioDevice.run`; `playout` is at `output_rate_hz`. Raises `UserError`, at the start only."""
        self._framer = Framer()
        self._reading.acquire()
        try:
            await self._meanwhile(self._lane.run(lambda _: self._start(playout)), frames, playout)
            while True:
                lost = await self._serve(frames, playout)
                gone = f"The {lost} is gone. Trying to get it back ..."
                notify(Notice(gone, True, Part.AUDIO, Code.LOST))
                await self._meanwhile(self._reconnect(playout, notify), frames, playout)
                notify(Notice(f"Sound is back: {self.name}.", False, Part.AUDIO, Code.RESTORED))
        finally:
            try:
                await self._let_go()
            finally:
                self._reading.release()

    async def close(self) -> None:
        """See `AudioDevice.close`. Gives up on a driver that does not let go."""
        if self._duplex is not None:
            await self._let_go()
        if self._owns_lane:
            self._lane.close()

    async def _let_go(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._lane.run(lambda _: self._close())

    async def _serve(self, frames: Channel[Frame], playout: Playout) -> str:
        """Pass on what is captured, with the callbacks reading the playout; return what was lost."""
        duplex = self._duplex
        assert duplex is not None
        self._framer.attach(duplex.captured, duplex.input_rate_hz)
        self._reading.release()
        try:
            watch = _Watch(duplex)
            while (lost := watch.lost()) is None:
                for frame in self._framer.captured():
                    await frames.put(frame)
                self._align(playout)
                await asyncio.sleep(_TICK_S)
            return lost
        finally:
            self._reading.acquire()  # held by the callback for microseconds at a time

    def _align(self, playout: Playout) -> None:
        """Relate the output's time line to the input's: both run at their own device's pace."""
        offset_s = self._framer.heard / INPUT_RATE_HZ - playout.handed_out / playout.rate_hz
        error_s = offset_s - playout.offset_s
        # Blocks come in bursts, so follow slowly; but at once after a start or a drop-out.
        playout.offset_s += error_s if abs(error_s) > _JUMP_S else _FOLLOW * error_s

    async def _meanwhile(
        self, work: Coroutine[Any, Any, None], frames: Channel[Frame], playout: Playout
    ) -> None:
        """Do `work`, keeping both time lines going: silence comes in, and what is played goes nowhere."""
        nowhere = np.zeros(max(1, playout.rate_hz * BLOCK_MS // 1000), np.float32)
        began_s, heard, handed_out = clock.now(), self._framer.next, playout.handed_out
        task = asyncio.create_task(work)
        try:
            while not task.done():
                elapsed_s = clock.now() - began_s
                for frame in self._framer.silence(heard + round(elapsed_s * INPUT_RATE_HZ)):
                    await frames.put(frame)
                due = handed_out + round(elapsed_s * playout.rate_hz)
                while playout.handed_out < due:
                    playout.read_into(nowhere[: due - playout.handed_out])
                await asyncio.wait((task,), timeout=_TICK_S)
            task.result()
        finally:
            task.cancel()

    async def _reconnect(self, playout: Playout, notify: Callable[[Event], None]) -> None:
        for attempt in itertools.count(1):
            try:
                await self._lane.run(lambda _: self._reopen(playout))
                return
            except UserError as error:
                if attempt == _PATIENCE:
                    notify(Notice(str(error), True, Part.AUDIO, Code.FAILED))
            await asyncio.sleep(_RETRY_S)

    # On the lane.

    def _open(self) -> None:
        devices = list_devices()
        microphone = find_device(devices, self._microphone, "input")
        speaker = find_device(devices, self._speaker, "output")
        duplex = Duplex(latency_s=self._latency_s, reading=self._reading)
        duplex.open(microphone, speaker, output_rate_hz=self.output_rate_hz or None)
        self._duplex = duplex
        self.name = f"{microphone.name} / {speaker.name}"
        # A device that comes back may have another number, but not another name.
        self._microphone = _lasting(self._microphone, microphone)
        self._speaker = _lasting(self._speaker, speaker)
        self.input_latency_s = duplex.input_latency_s
        self.output_latency_s = duplex.output_latency_s

    def _start(self, playout: Playout) -> None:
        if self._duplex is None:
            self._open()
        assert self._duplex is not None
        self._duplex.start(playout, self._handed_out)

    def _reopen(self, playout: Playout) -> None:
        self._close()
        rescan()
        self._start(playout)

    def _close(self) -> None:
        duplex, self._duplex = self._duplex, None
        if duplex is not None:
            duplex.close()


def _lasting(wanted: str | int | None, found: DeviceInfo) -> str | None:
    if not isinstance(wanted, int):
        return wanted
    return re.sub(r" \(hw:[^)]*\)$", "", found.name)  # ALSA's card number, at the end, may change too


class _Watch:
    """Notices that a stream has ended, or has stopped calling."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex
        self._calls = {"microphone": 0, "speaker": 0}
        self._called_s = dict.fromkeys(self._calls, clock.now())

    def lost(self) -> str | None:
        """Return the name of the stream that is gone, None while both run."""
        now_s = clock.now()
        counts = {"microphone": self._duplex.input_calls, "speaker": self._duplex.output_calls}
        for name, count in counts.items():
            if count != self._calls[name]:
                self._calls[name] = count
                self._called_s[name] = now_s
            elif now_s - self._called_s[name] > _STALL_S:
                return name
        return self._duplex.ended()


class PortAudioConfig(AudioDeviceConfig, frozen=True):
    """The microphone and the speaker of this machine."""

    packages = ("sounddevice",)

    input: str | int | None = None
    """Microphone: part of its name, or its number in `edge-audio devices`; the system's default if unset."""
    output: str | int | None = None
    """Speaker, likewise."""

    def load(self, shared: Shared) -> PortAudioDevice:
        """See `AudioDeviceConfig.load`."""
        return PortAudioDevice(microphone=self.input, speaker=self.output)

    def speaker(self, rate_hz: int) -> PortAudioSpeaker:
        """See `AudioDeviceConfig.speaker`."""
        return PortAudioSpeaker(self.output, rate_hz)
