"""A `PortAudioDevice` in a process of its own, since PortAudio reads its surroundings once per process."""

import asyncio
import multiprocessing
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import numpy as np

from edge_audio.audio.frame import FRAME_SAMPLES, Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.audio.portaudio import PortAudioDevice
from edge_audio.events import Event, Notice
from runtime.channel import Channel
from runtime.worker import ThreadLane


@dataclass
class Record:
    """What a device did between its start and its end; times on the monotonic clock."""

    name: str = ""
    output_rate_hz: int = 0
    latencies_s: tuple[float, float] = (0.0, 0.0)
    opened_in_s: float = 0.0
    closed_in_s: float = 0.0
    starts: list[int] = field(default_factory=list)
    arrived_s: list[float] = field(default_factory=list)
    frames: list[Samples] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    reference: list[Samples] = field(default_factory=list)
    """What was handed out between each frame and the one before it."""
    paused_at: int = 0
    last_sound_at: int = 0
    played: int = 0
    glitches: int = 0
    seconds_run: float = 0.0
    seconds_handed_out: float = 0.0
    offset_s: float = 0.0
    failure: str = ""

    @property
    def heard(self) -> Samples:
        """All input on one line, gaps filled with zeros."""
        line = np.zeros(self.starts[-1] + FRAME_SAMPLES, np.float32)
        for start, pcm in zip(self.starts, self.frames, strict=True):
            line[start : start + FRAME_SAMPLES] = pcm
        return line


class RemoteDevice:
    """Drives the device from the test's process."""

    def __init__(self, microphone: str | int | None, speaker: str | int | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, microphone, speaker), daemon=True)
        self.notices: list[Notice] = []

    def __enter__(self) -> Self:
        self._process.start()
        assert self._receive("running", 20.0), "the device did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.join(5)
        self._process.kill()
        self._process.join()

    def play(self, pcm: Samples) -> None:
        self._ours.send(("play", pcm))

    def pause(self) -> None:
        self._ours.send(("pause", None))

    def wait_for_notice(self, part: str, timeout_s: float) -> Notice:
        deadline_s = time.monotonic() + timeout_s
        while True:
            for notice in self.notices:
                if part in notice.text:
                    return notice
            found = self._receive("notice", deadline_s - time.monotonic())
            assert found is not None, f"no notice with {part!r} within {timeout_s} s, but {self.notices}"
            self.notices.append(found)

    def stop(self) -> Record:
        self._ours.send(("stop", None))
        record = self._receive("record", 10.0)
        assert isinstance(record, Record)
        return record

    def _receive(self, kind: str, timeout_s: float) -> Any:
        deadline_s = time.monotonic() + timeout_s
        while self._ours.poll(max(0.0, deadline_s - time.monotonic())):
            what, value = self._ours.recv()
            if what == kind:
                return value
            assert what == "notice", f"unexpected {what}: {value}"
            self.notices.append(value)
        return None


def _serve(pipe: Connection, microphone: str | int | None, speaker: str | int | None) -> None:
    asyncio.run(_converse(pipe, microphone, speaker))


async def _converse(pipe: Connection, microphone: str | int | None, speaker: str | int | None) -> None:
    record = Record()

    def tell(event: Event) -> None:
        assert isinstance(event, Notice)
        record.notices.append(event)
        pipe.send(("notice", event))

    lane = ThreadLane("sound")
    device = PortAudioDevice(lane, microphone=microphone, speaker=speaker)
    began_s = time.monotonic()
    await device.open()
    record.opened_in_s = time.monotonic() - began_s
    playout = Playout(device.output_rate_hz)
    frames: Channel[Frame] = Channel(50, "drop-oldest")
    waiting: list[Samples] = []

    async def hear() -> None:
        async for frame in frames:
            record.arrived_s.append(time.monotonic())
            record.starts.append(frame.start)
            record.frames.append(frame.pcm)
            assert device.reference is not None
            record.reference.append(device.reference.read()[1])

    async def obey() -> None:
        while True:
            if waiting:
                waiting[0] = waiting[0][playout.write(waiting[0]) :]
                if not len(waiting[0]):
                    waiting.pop(0)
            if pipe.poll(0):
                what, value = pipe.recv()
                if what == "stop":
                    return
                if what == "play":
                    waiting.append(value)
                elif what == "pause":
                    playout.pause()
                    record.paused_at = playout.handed_out
            await asyncio.sleep(0.01)

    began_s = time.monotonic()
    running = asyncio.create_task(device.run(frames, playout, tell))
    hearing = asyncio.create_task(hear())
    while len(record.frames) < 10 or playout.handed_out < playout.rate_hz // 5:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    pipe.send(("running", True))
    await obey()
    record.name, record.output_rate_hz = device.name, device.output_rate_hz
    record.latencies_s = (device.input_latency_s, device.output_latency_s)
    record.seconds_run = time.monotonic() - began_s
    record.seconds_handed_out = playout.handed_out / playout.rate_hz
    record.offset_s = playout.offset_s
    record.glitches = device.glitches
    record.last_sound_at, record.played = playout.last_sound_at, playout.played
    stopping_s = time.monotonic()
    running.cancel()
    hearing.cancel()
    ended = await asyncio.gather(running, hearing, return_exceptions=True)
    record.closed_in_s = time.monotonic() - stopping_s
    record.failure = "" if isinstance(ended[0], asyncio.CancelledError) else repr(ended[0])
    lane.close()
    pipe.send(("record", record))
