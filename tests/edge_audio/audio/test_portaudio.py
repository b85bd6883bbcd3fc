"""The real thing: PortAudio and a sound server, only without hardware."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from edge_audio.audio.echo import EchoCanceller
from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.resample import resample
from tests.edge_audio.audio.babble import babble
from tests.edge_audio.audio.remote_device import Record, RemoteDevice
from tests.edge_audio.audio.sound_server import (
    ECHO,
    MICROPHONE,
    SPEAKER,
    SPEAKER_RATE_HZ,
    SoundServer,
    sound_server,
    what_is_missing,
)

pytestmark = [pytest.mark.slow, pytest.mark.real_time]

FRAMES_A_SECOND = INPUT_RATE_HZ // FRAME_SAMPLES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    missing = what_is_missing()
    if missing:
        pytest.skip(f"needs a sound server; install it with: sudo apt-get install {missing}")
    # Not in pytest's own folder: the path of a socket may have no more than 107 characters.
    with pytest.MonkeyPatch.context() as patch, sound_server() as running:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running


def tone(rate_hz: int, hz: float, seconds: float) -> Samples:
    t = np.arange(round(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def loud_part(pcm: Samples) -> Samples:
    """All of `pcm` that is loud, put together: on a busy machine sound may come with gaps."""
    heard = np.abs(pcm) > 0.05
    heard = np.convolve(heard, np.ones(48), "same") > 0  # its zero crossings belong to it
    return pcm[heard]


def pitch_hz(pcm: Samples, rate_hz: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(pcm))) * rate_hz / len(pcm))


def test_the_microphone_hears_what_is_said_and_the_speaker_plays_what_is_written(server: SoundServer) -> None:
    with RemoteDevice(MICROPHONE, SPEAKER) as device:
        out_before = len(server.speaker.heard())
        said_s = server.microphone.say(tone(INPUT_RATE_HZ, 440, 0.5))
        device.play(tone(44_100, 880, 0.5))
        time.sleep(2.0)
        record = device.stop()
        out = server.speaker.heard()[out_before:]
    assert not record.failure
    assert record.name == f"{MICROPHONE} / {SPEAKER}"
    assert record.closed_in_s < 1.0

    spoken = loud_part(record.heard)
    assert len(spoken) / INPUT_RATE_HZ == pytest.approx(0.5, abs=0.03)
    assert pitch_hz(spoken, INPUT_RATE_HZ) == pytest.approx(440, abs=10)
    first = next(i for i, pcm in enumerate(record.frames) if np.abs(pcm).max() > 0.05)
    delay_s = record.arrived_s[first] - said_s
    assert delay_s < 0.5

    played = loud_part(out)
    assert len(played) / SPEAKER_RATE_HZ == pytest.approx(0.5, abs=0.03)
    assert pitch_hz(played, SPEAKER_RATE_HZ) == pytest.approx(880, abs=10)

    reference = loud_part(np.concatenate(record.reference))
    assert len(reference) / record.output_rate_hz == pytest.approx(0.5, abs=0.002), (
        "it is what was handed out"
    )


def test_both_time_lines_keep_the_pace_of_the_clock(server: SoundServer) -> None:
    with RemoteDevice(MICROPHONE, SPEAKER) as device:
        time.sleep(2.0)
        record = device.stop()
    assert np.all(np.diff(record.starts) == FRAME_SAMPLES)
    heard_s = (record.starts[-1] + FRAME_SAMPLES) / INPUT_RATE_HZ
    assert heard_s == pytest.approx(record.seconds_run, abs=0.2)
    assert record.seconds_handed_out + record.offset_s == pytest.approx(heard_s, abs=0.1)


def test_a_pause_is_silent_within_20_ms(server: SoundServer) -> None:
    with RemoteDevice(MICROPHONE, SPEAKER) as device:
        device.play(tone(44_100, 440, 10.0))
        time.sleep(1.0)
        device.pause()
        time.sleep(0.5)
        record = device.stop()
    assert record.paused_at > 0
    late_ms = 1e3 * (record.last_sound_at - record.paused_at) / record.output_rate_hz
    assert 0 < late_ms <= 20
    assert record.played < 10 * record.output_rate_hz


@pytest.mark.parametrize("part", ["speaker", "microphone"])
def test_an_unplugged_device_is_told_and_comes_back(server: SoundServer, part: str) -> None:
    device_part = getattr(server, part)
    with RemoteDevice(MICROPHONE, SPEAKER) as device:
        device_part.unplug()
        try:
            gone = device.wait_for_notice(f"The {part} is gone", 6.0)
            device.play(tone(44_100, 440, 1.0))  # nobody may wait for ever because nobody plays it
            time.sleep(1.5)
        finally:
            device_part.plug_in()
        back = device.wait_for_notice("Sound is back", 10.0)
        said_s = server.microphone.say(tone(INPUT_RATE_HZ, 440, 0.3))
        time.sleep(1.0)
        record = device.stop()
    assert gone.is_error
    assert not back.is_error
    assert not record.failure
    assert record.played == 44_100
    assert np.all(np.diff(record.starts) == FRAME_SAMPLES), "silence stands in for the lost microphone"
    said_index = int(np.searchsorted(record.arrived_s, said_s))
    assert max(np.abs(pcm).max() for pcm in record.frames[said_index:]) > 0.3, "it hears again"
    expect_in_step(record)


def expect_in_step(record: Record) -> None:
    heard_s = (record.starts[-1] + FRAME_SAMPLES) / INPUT_RATE_HZ
    assert heard_s == pytest.approx(record.seconds_run, abs=0.3)
    assert record.seconds_handed_out + record.offset_s == pytest.approx(heard_s, abs=0.15)


def test_the_rate_of_the_speaker_is_known_before_anything_is_played(server: SoundServer) -> None:
    with RemoteDevice(None, SPEAKER) as device:
        out_before = len(server.speaker.heard())
        device.play(resample(tone(24_000, 500, 0.3), 24_000, 44_100))
        time.sleep(1.0)
        record = device.stop()
        out = server.speaker.heard()[out_before:]
    assert record.output_rate_hz == 44_100
    assert len(loud_part(out)) / SPEAKER_RATE_HZ == pytest.approx(0.3, abs=0.03)


def test_the_speaker_is_not_heard_by_a_microphone_beside_it(server: SoundServer) -> None:
    with RemoteDevice(ECHO, SPEAKER) as device:
        device.play(babble(8.0, 110, seed=3, rate_hz=44_100))
        time.sleep(8.0)
        record = device.stop()
    canceller = EchoCanceller(record.output_rate_hz, latency_s=sum(record.latencies_s))
    clean = [
        canceller.process(Frame(pcm, start), reference).pcm
        for pcm, start, reference in zip(record.frames, record.starts, record.reference, strict=True)
    ]
    heard_db = levels_db(record.frames)
    loud = heard_db > -40
    taken_out_db = (heard_db - levels_db(clean))[loud]
    assert len(taken_out_db) > 4 * FRAMES_A_SECOND
    # A sound server that is short of time drops sound. The delay then jumps, and the canceller learns anew.
    seconds = np.lib.stride_tricks.sliding_window_view(taken_out_db, FRAMES_A_SECOND)
    assert np.median(seconds, axis=1).max() > 25


def levels_db(frames: list[Samples]) -> Samples:
    return np.array([10 * np.log10(np.mean(pcm**2) + 1e-9) for pcm in frames], np.float32)
