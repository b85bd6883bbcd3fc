"""Files as a sound device, in virtual time."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from edge_audio.audio.file_device import FileDevice, OutputFiles
from edge_audio.audio.files import WavWriter, read_audio
from edge_audio.audio.frame import FILE_RATE_HZ, FRAME_SAMPLES, Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.audio.script import Clip, Script
from edge_audio.events import Event
from runtime import clock
from runtime.channel import Channel


def tone(seconds: float, level: float = 0.5) -> Samples:
    return np.full(round(seconds * 16_000), level, np.float32)


def ignore(event: Event) -> None:
    pass


async def hear(device: FileDevice, playout: Playout, seconds: float) -> list[Frame]:
    """Run the device for a while; return its frames."""
    frames: Channel[Frame] = Channel(10_000)
    running = asyncio.ensure_future(device.run(frames, playout, ignore))
    await asyncio.sleep(seconds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return list(frames.drain())


def test_the_input_comes_at_real_time_pace_and_then_silence() -> None:
    device = FileDevice("test", Script([Clip(tone(1.0), at_s=0.0)]))
    heard = clock.run_virtual(hear(device, Playout(FILE_RATE_HZ), 3.01))
    levels = [float(np.abs(frame.pcm).max()) for frame in heard]
    assert levels == [0.5] * 50 + [0.0] * 100
    assert [frame.start for frame in heard] == [n * FRAME_SAMPLES for n in range(len(heard))]


def test_the_input_has_ended_with_the_last_clip() -> None:
    async def main() -> float:
        device = FileDevice("test", Script([Clip(tone(1.0), at_s=0.5)]))
        running = asyncio.ensure_future(device.run(Channel(10_000), Playout(FILE_RATE_HZ), ignore))
        await device.input_ended()
        running.cancel()
        return clock.now()

    assert clock.run_virtual(main()) == pytest.approx(1.5, abs=0.03)


def test_what_is_played_is_recorded_on_the_inputs_time_line(tmp_path: Path) -> None:
    playout = Playout(FILE_RATE_HZ, capacity_s=2.0)
    output = OutputFiles(WavWriter(tmp_path / "reply.wav"), WavWriter(tmp_path / "both.wav"))
    device = FileDevice("test", Script([Clip(tone(0.5, 0.25), at_s=0.0)]), output)

    async def main() -> None:
        task = asyncio.ensure_future(hear(device, playout, 1.51))
        await clock.sleep_until(0.995)  # between two frames
        playout.begin()
        playout.write(np.full(FILE_RATE_HZ // 4, 0.5, np.float32))
        await task

    clock.run_virtual(main())
    output.close()
    played = read_audio(tmp_path / "reply.wav", FILE_RATE_HZ)
    sound = np.flatnonzero(np.abs(played) > 0.4) / FILE_RATE_HZ
    assert sound[0] == pytest.approx(1.0, abs=0.011)
    assert sound[-1] == pytest.approx(1.25, abs=0.011)

    both = read_audio(tmp_path / "both.wav", FILE_RATE_HZ)
    assert abs(len(both) - len(played)) <= FILE_RATE_HZ * 0.02
    clip = both[round(0.1 * FILE_RATE_HZ) : round(0.4 * FILE_RATE_HZ)]
    reply = both[round(1.05 * FILE_RATE_HZ) : round(1.2 * FILE_RATE_HZ)]
    assert np.allclose(clip, 0.25, atol=0.02)
    assert np.allclose(reply, 0.5, atol=0.02)


def test_an_aborted_recording_leaves_nothing(tmp_path: Path) -> None:
    output = OutputFiles(WavWriter(tmp_path / "reply.wav"), None)
    output.abort()
    assert list(tmp_path.iterdir()) == []
