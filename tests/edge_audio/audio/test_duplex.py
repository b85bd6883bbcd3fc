"""What a sound server without hardware never does: refuse a rate, refuse mono, stall, start in vain."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from edge_audio.audio import duplex as duplex_module
from edge_audio.audio import portaudio as portaudio_module
from edge_audio.audio.catalogue import DeviceInfo
from edge_audio.audio.duplex import Duplex
from edge_audio.audio.frame import Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.audio.portaudio import PortAudioDevice
from edge_audio.audio.sample_ring import SampleRing
from edge_audio.events import Event, Notice
from runtime.channel import Channel
from runtime.errors import UserError
from runtime.worker import ThreadLane


class PortAudioError(Exception):
    pass


class FakeStream:
    """A stream that calls back when it is told to, or by itself every 10 ms."""

    def __init__(self, library: "FakePortAudio", kind: str, rate_hz: int, block: int, channels: int) -> None:
        self.library, self.kind = library, kind
        self.samplerate, self.channels, self.latency = float(rate_hz), channels, 0.03
        self.block = np.zeros((block, channels), np.float32)
        self.callback: Callable[[Any, int, Any, Any], None] = lambda *_: None
        self.over = threading.Event()
        self.closed = False

    def start(self) -> None:
        if self.library.refuses_to_start == self.kind:
            raise PortAudioError("Device unavailable", -9985)
        if self.library.calls_back:
            threading.Thread(target=self._run, daemon=True).start()

    def call(self, status: str = "") -> Samples:
        self.callback(self.block, len(self.block), None, status)
        return self.block

    def _run(self) -> None:
        while not self.over.wait(0.01):
            if self.kind not in self.library.stalled:
                self.call()

    def abort(self, ignore_errors: bool = True) -> None:
        self.over.set()

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True


class FakePortAudio:
    """As much of the sounddevice module as is used."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        self.streams: list[FakeStream] = []
        self.rates: dict[str, set[int]] = {}
        self.channels: dict[str, set[int]] = {}
        self.refuses_to_start = ""
        self.calls_back = False
        self.stalled: set[str] = set()

    def _stream(
        self, kind: str, *, samplerate: int, blocksize: int, channels: int, callback: Any, **_: Any
    ) -> FakeStream:
        rate_hz = samplerate
        if rate_hz not in self.rates.get(kind, {rate_hz}):
            raise PortAudioError(f"Error opening {kind}: Invalid sample rate", -9997)
        if channels not in self.channels.get(kind, {channels}):
            raise PortAudioError(f"Error opening {kind}: Invalid number of channels", -9998)
        stream = FakeStream(self, kind, rate_hz, blocksize, channels)
        stream.callback = callback
        self.streams.append(stream)
        return stream

    def InputStream(self, **settings: Any) -> FakeStream:  # noqa: N802 (as sounddevice has it)
        return self._stream("microphone", **settings)

    def OutputStream(self, **settings: Any) -> FakeStream:  # noqa: N802
        return self._stream("speaker", **settings)


MICROPHONE = DeviceInfo(0, "USB Mic: Audio (hw:1,0)", "ALSA", 2, 0, 44_100, True, False)
SPEAKER = DeviceInfo(1, "USB Speaker", "ALSA", 0, 6, 48_000, False, True)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortAudio]:
    fake = FakePortAudio()
    monkeypatch.setattr(duplex_module, "load_portaudio", lambda: fake)
    yield fake
    for stream in fake.streams:
        stream.abort()


def open_duplex(output_rate_hz: int | None = None) -> Duplex:
    duplex = Duplex(latency_s=0.04, reading=threading.Lock())
    duplex.open(MICROPHONE, SPEAKER, output_rate_hz=output_rate_hz)
    return duplex


def test_the_microphone_runs_at_16_khz_and_the_speaker_at_its_own_rate(library: FakePortAudio) -> None:
    duplex = open_duplex()
    assert (duplex.input_rate_hz, duplex.output_rate_hz) == (16_000, 48_000)
    assert [stream.channels for stream in library.streams] == [1, 1]
    assert [len(stream.block) for stream in library.streams] == [160, 480]


def test_a_microphone_that_refuses_16_khz_runs_at_its_own_rate(library: FakePortAudio) -> None:
    library.rates["microphone"] = {44_100}
    assert open_duplex().input_rate_hz == 44_100


def test_devices_that_refuse_mono_are_opened_with_all_channels(library: FakePortAudio) -> None:
    library.channels = {"microphone": {2}, "speaker": {6}}
    duplex = open_duplex()
    microphone, speaker = library.streams
    assert (microphone.channels, speaker.channels) == (2, 6)
    playout, reference = Playout(48_000), SampleRing(4_800)
    duplex.start(playout, reference)
    microphone.block[:, 0], microphone.block[:, 1] = 0.5, -0.5
    microphone.call()
    np.testing.assert_array_equal(duplex.captured.read()[1], 0.5)
    playout.write(np.linspace(0.1, 0.9, 480, dtype=np.float32))
    played = speaker.call()
    np.testing.assert_array_equal(played, np.tile(played[:, :1], (1, 6)))
    np.testing.assert_array_equal(reference.read()[1], np.linspace(0.1, 0.9, 480, dtype=np.float32))


def test_a_device_that_opens_at_no_rate_is_reported_and_nothing_stays_open(library: FakePortAudio) -> None:
    library.rates["speaker"] = set()
    with pytest.raises(UserError, match=r"speaker 'USB Speaker' can't be opened .*Invalid sample rate"):
        open_duplex()
    assert [stream.closed for stream in library.streams] == [True]


def test_a_speaker_that_comes_back_must_take_the_rate_it_had(library: FakePortAudio) -> None:
    library.rates["speaker"] = {48_000}
    with pytest.raises(UserError, match="can't be opened"):
        open_duplex(output_rate_hz=44_100)


def test_while_somebody_else_reads_the_playout_silence_is_handed_out(library: FakePortAudio) -> None:
    reading = threading.Lock()
    duplex = Duplex(latency_s=0.04, reading=reading)
    duplex.open(MICROPHONE, SPEAKER)
    playout, reference = Playout(48_000), SampleRing(4_800)
    playout.write(np.ones(960, np.float32))
    duplex.start(playout, reference)
    speaker = library.streams[1]
    with reading:
        assert not speaker.call().any()
    assert playout.handed_out == reference.written == 0
    np.testing.assert_array_equal(speaker.call(), 1.0)
    assert not reading.locked()


def test_lost_blocks_are_counted(library: FakePortAudio) -> None:
    duplex = open_duplex()
    duplex.start(Playout(48_000), SampleRing(4_800))
    for stream in library.streams:
        stream.call("overflow")
        stream.call()
    assert duplex.glitches == 2


def run_device(
    library: FakePortAudio,
    monkeypatch: pytest.MonkeyPatch,
    script: Callable[[PortAudioDevice, list[Notice]], Any],
    microphone: int | None = None,
) -> tuple[list[Notice], list[Frame]]:
    monkeypatch.setattr(portaudio_module, "list_devices", lambda: [MICROPHONE, SPEAKER])
    monkeypatch.setattr(portaudio_module, "rescan", lambda: None)
    monkeypatch.setattr(portaudio_module, "_STALL_S", 0.8)
    monkeypatch.setattr(portaudio_module, "_RETRY_S", 0.05)
    notices: list[Notice] = []
    frames: Channel[Frame] = Channel(1_000, "drop-oldest")

    def tell(event: Event) -> None:
        assert isinstance(event, Notice)
        notices.append(event)

    async def main() -> None:
        lane = ThreadLane("sound")
        device = PortAudioDevice(lane, microphone=microphone)
        await device.open()
        running = asyncio.create_task(device.run(frames, Playout(device.output_rate_hz), tell))
        try:
            await script(device, notices)
        finally:
            running.cancel()
            result = (await asyncio.gather(running, return_exceptions=True))[0]
            lane.close()
        if not isinstance(result, asyncio.CancelledError):
            raise result

    asyncio.run(main())
    return notices, list(frames.drain())


async def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it never happened"
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("part", ["microphone", "speaker"])
def test_a_stream_that_stops_calling_is_gone_until_it_calls_again(
    library: FakePortAudio, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    library.calls_back = True

    async def script(device: PortAudioDevice, notices: list[Notice]) -> None:
        await asyncio.sleep(0.3)
        assert not notices
        library.stalled = {part}
        await until(lambda: any(f"The {part} is gone" in notice.text for notice in notices))
        library.stalled = set()
        await until(lambda: any("Sound is back" in notice.text for notice in notices))

    _, frames = run_device(library, monkeypatch, script)
    assert [stream.closed for stream in library.streams] == [True] * len(library.streams)
    assert [frame.start for frame in frames] == [320 * i for i in range(len(frames))]


def test_why_a_device_does_not_come_back_is_told_once(
    library: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.calls_back = True

    async def script(device: PortAudioDevice, notices: list[Notice]) -> None:
        library.rates["speaker"] = set()
        library.stalled = {"speaker"}
        await until(lambda: any("can't be opened" in notice.text for notice in notices))
        await asyncio.sleep(0.3)

    notices, _ = run_device(library, monkeypatch, script)
    assert len(notices) == 2
    assert all(notice.is_error for notice in notices)


def test_a_device_chosen_by_number_is_found_again_by_its_name(
    library: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.calls_back = True
    moved = DeviceInfo(7, "USB Mic: Audio (hw:2,0)", "ALSA", 2, 0, 44_100, False, False)

    async def script(device: PortAudioDevice, notices: list[Notice]) -> None:
        monkeypatch.setattr(portaudio_module, "list_devices", lambda: [SPEAKER, moved])
        library.stalled = {"microphone"}
        await until(lambda: bool(notices))
        library.stalled = set()
        await until(lambda: len(notices) > 1)
        assert device.name == "USB Mic: Audio (hw:2,0) / USB Speaker"

    run_device(library, monkeypatch, script, microphone=0)


def test_a_device_that_does_not_start_ends_the_session_with_a_clear_word(
    library: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.refuses_to_start = "microphone"

    async def script(device: PortAudioDevice, notices: list[Notice]) -> None:
        await asyncio.sleep(0.2)

    with pytest.raises(UserError, match=r"does not start \(Device unavailable\)"):
        run_device(library, monkeypatch, script)
    assert all(stream.closed for stream in library.streams)
