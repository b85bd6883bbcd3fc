import numpy as np
import pytest

from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from edge_audio.audio.framer import Framer
from edge_audio.audio.sample_ring import SampleRing


def numbers(start: int, count: int) -> Samples:
    return np.arange(start, start + count, dtype=np.float32)


def test_captured_samples_become_frames_with_their_index() -> None:
    framer, ring = Framer(), SampleRing(1_000)
    framer.attach(ring, INPUT_RATE_HZ)
    ring.write(numbers(0, 500))
    frames = list(framer.captured())
    ring.write(numbers(500, 460))
    frames += framer.captured()
    assert [frame.start for frame in frames] == [0, 320, 640]
    np.testing.assert_array_equal(np.concatenate([frame.pcm for frame in frames]), numbers(0, 960))
    assert framer.heard == 960


def test_lost_samples_leave_a_gap_of_their_length() -> None:
    framer, ring = Framer(), SampleRing(640)
    framer.attach(ring, INPUT_RATE_HZ)
    ring.write(numbers(0, 400))
    assert [frame.start for frame in framer.captured()] == [0]
    ring.write(numbers(400, 600))
    ring.write(numbers(1_000, 400))  # overwrites what was not read up to 760
    frames = list(framer.captured())
    assert [frame.start for frame in frames] == [760, 1_080]
    np.testing.assert_array_equal(frames[0].pcm, numbers(760, 320))


def test_a_gap_at_another_rate_is_as_long_on_the_time_line() -> None:
    framer, ring = Framer(), SampleRing(48_000)
    framer.attach(ring, 48_000)
    for _ in range(3):
        ring.write(np.zeros(24_000, np.float32))
    frames = list(framer.captured())  # the first half second was overwritten
    assert frames[0].start == 8_000
    assert framer.heard == 24_000


def test_a_microphone_at_another_rate_makes_frames_at_16_khz() -> None:
    framer, ring = Framer(), SampleRing(48_000)
    framer.attach(ring, 48_000)
    t = np.arange(48_000) / 48_000
    ring.write((0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32))
    frames = list(framer.captured())
    assert len(frames) in (48, 49)  # the resampler keeps 12.5 ms back
    heard = np.concatenate([frame.pcm for frame in frames])
    assert np.argmax(np.abs(np.fft.rfft(heard, INPUT_RATE_HZ))) == 440


def test_silence_reaches_as_far_as_whole_frames_do() -> None:
    framer = Framer()
    frames = list(framer.silence(1_000))
    assert [frame.start for frame in frames] == [0, 320, 640]
    assert not any(frame.pcm.any() for frame in frames)
    assert framer.next == 960
    assert list(framer.silence(1_000)) == []


def test_the_time_line_goes_on_without_a_gap_from_silence_to_a_microphone_and_back() -> None:
    framer = Framer()
    frames = list(framer.silence(640))
    for rate_hz in (INPUT_RATE_HZ, 48_000):
        ring = SampleRing(10 * rate_hz)
        ring.write(np.ones(rate_hz, np.float32))  # from before it was attached
        framer.attach(ring, rate_hz)
        ring.write(np.zeros(rate_hz // 5, np.float32))
        frames += framer.captured()
        frames += framer.silence(framer.next + 10 * FRAME_SAMPLES)
    starts = [frame.start for frame in frames]
    assert starts == list(range(0, len(starts) * FRAME_SAMPLES, FRAME_SAMPLES))
    assert not any(frame.pcm.any() for frame in frames)


@pytest.mark.parametrize("rate_hz", [INPUT_RATE_HZ, 44_100])
def test_no_new_samples_make_no_frame(rate_hz: int) -> None:
    framer = Framer()
    framer.attach(SampleRing(rate_hz), rate_hz)
    assert list(framer.captured()) == []
