"""A recording through PortAudio and a sound server, with a microphone that hears only the speaker."""

import asyncio
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge_audio.audio.frame import INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.audio.portaudio import PortAudioDevice
from edge_audio.audio.resample import resample
from edge_audio.config import Config
from edge_audio.events import Event
from edge_audio.recording.folder import RecordedConversation, claim_folder, read_recording
from edge_audio.recording.recorder import Recorder
from edge_audio.recording.session import describe
from edge_audio.recording.tap import RecordedDevice
from runtime.actor import Actor, ActorGroup
from runtime.channel import Channel
from runtime.worker import ThreadLane
from tests.edge_audio.audio.sound_server import ECHO, SPEAKER, sound_server, what_is_missing
from tests.edge_audio.recording.replaying import heard_again

pytestmark = [pytest.mark.slow, pytest.mark.real_time]

SECONDS = 6.0


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> RecordedConversation:
    """Noise that comes and goes, played by the speaker and heard beside it."""
    if missing := what_is_missing():
        pytest.skip(f"needs a sound server; install it with: sudo apt-get install {missing}")
    folder = tmp_path_factory.mktemp("recorded") / "kept"
    with pytest.MonkeyPatch.context() as patch, sound_server() as running:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        asyncio.run(_record(folder))
    return read_recording(folder)


def ignore(event: Event) -> None:
    pass


async def _record(folder: Path) -> None:
    sound, disk = ThreadLane("sound"), ThreadLane("disk")
    device = PortAudioDevice(sound, microphone=ECHO, speaker=SPEAKER)
    await device.open()
    rate_hz = device.output_rate_hz
    latency_s = device.input_latency_s + device.output_latency_s
    session = partial(
        describe,
        Config(),
        {},
        device=device.name,
        rate_hz=rate_hz,
        latency_s=latency_s,
        treated=True,
    )
    claim_folder(folder)
    recorder = Recorder(folder, session, disk)
    frames: Channel[Frame] = Channel(10_000)
    playout = Playout(rate_hz, SECONDS + 2)
    chance = np.random.default_rng(0)
    noise = 0.2 * chance.standard_normal(round(rate_hz * (SECONDS + 1))).astype(np.float32)
    noise *= np.arange(len(noise)) % rate_hz < 0.6 * rate_hz
    playout.write(noise)
    async with ActorGroup() as group:
        group.start(Actor("recorder", partial(recorder.run, ignore)))
        group.start(Actor("device", lambda: RecordedDevice(device, recorder).run(frames, playout, ignore)))
        await asyncio.sleep(SECONDS)
    for lane in (sound, disk):
        lane.close()


def lag_ms(heard: Samples, played: Samples, from_s: float) -> float:
    """By how much a second of what was heard comes later than it was played."""
    begin = round(from_s * INPUT_RATE_HZ)
    second, around = heard[begin : begin + INPUT_RATE_HZ], played[begin - 8000 : begin + INPUT_RATE_HZ]
    size = 1 << 16
    match = np.fft.irfft(np.fft.rfft(around, size) * np.conj(np.fft.rfft(second, size)), size)
    return (8000 - int(np.argmax(np.abs(match[:16_000])))) / INPUT_RATE_HZ * 1000


def test_what_was_heard_and_what_was_played_stay_in_step(recording: RecordedConversation) -> None:
    heard = recording.heard()
    played = resample(recording.played(), recording.session.output_rate_hz, INPUT_RATE_HZ)
    assert len(heard) / INPUT_RATE_HZ == pytest.approx(len(played) / INPUT_RATE_HZ, abs=0.1)
    lags_ms = [lag_ms(heard, played, from_s) for from_s in (1.5, 2.5, 3.5)]
    assert min(lags_ms) > 10.0
    assert max(lags_ms) < 300.0
    assert max(lags_ms) - min(lags_ms) < 5.0


def test_a_replay_takes_out_the_echo_that_was_recorded(recording: RecordedConversation) -> None:
    heard = recording.heard()
    left = heard_again(recording)
    late = slice(3 * INPUT_RATE_HZ, len(left))
    assert np.mean(np.square(heard[late])) > 1e-4
    assert np.mean(np.square(left[late])) < 0.01 * np.mean(np.square(heard[late]))
