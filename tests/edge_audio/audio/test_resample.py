import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_audio.audio.frame import Samples
from edge_audio.audio.resample import StreamResampler, resample

RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000, 192_000]


def tone(rate_hz: int, seconds: float = 0.5, hz: float = 500.0) -> Samples:
    t = np.arange(round(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def stream(pcm: Samples, from_hz: int, to_hz: int, block: int) -> Samples:
    resampler = StreamResampler(from_hz, to_hz)
    pieces = [resampler.push(pcm[at : at + block]) for at in range(0, len(pcm), block)]
    return np.concatenate([*pieces, resampler.flush()])


@pytest.mark.parametrize("to_hz", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("from_hz", RATES)
def test_a_stream_keeps_its_length_and_its_tone_at_every_rate(from_hz: int, to_hz: int) -> None:
    pcm = tone(from_hz)
    out = stream(pcm, from_hz, to_hz, block=from_hz // 100)
    assert abs(len(out) - len(pcm) * to_hz / from_hz) <= 1
    middle = slice(to_hz // 10, -to_hz // 10)
    shift_s = 1e-4  # the constant shift of the streaming mode: 0.1 ms
    expected = tone(to_hz)[: len(out)]
    assert np.abs(out[middle] - expected[: len(out)][middle]).max() < 0.5 * 2 * np.pi * 500 * shift_s * 1.2


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(RATES), st.lists(st.integers(0, 3_000), min_size=1, max_size=12))
def test_where_the_blocks_are_cut_makes_no_difference(from_hz: int, cuts: list[int]) -> None:
    pcm = tone(from_hz, 0.2)
    resampler = StreamResampler(from_hz, 24_000)
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(resampler.push(pcm[at : at + cut]))
        at += cut
    pieces += [resampler.push(pcm[at:]), resampler.flush()]
    np.testing.assert_array_equal(np.concatenate(pieces), stream(pcm, from_hz, 24_000, len(pcm)))


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_a_microphone_at_its_own_rate_is_heard_within_15_ms(rate_hz: int) -> None:
    resampler = StreamResampler(rate_hz, 16_000)
    behind_s, out = [], 0
    for block in range(100):
        out += len(resampler.push(tone(rate_hz, 0.01)))
        behind_s.append((block + 1) / 100 - out / 16_000)
    assert max(behind_s[5:]) < 0.015


def test_a_flushed_resampler_starts_anew() -> None:
    resampler = StreamResampler(48_000, 16_000)
    pcm = tone(48_000, 0.1)
    first = np.concatenate([resampler.push(pcm), resampler.flush()])
    second = np.concatenate([resampler.push(pcm), resampler.flush()])
    np.testing.assert_array_equal(first, second)


def test_equal_rates_pass_samples_through_untouched() -> None:
    resampler = StreamResampler(16_000, 16_000)
    pcm = tone(16_000)
    assert resampler.push(pcm) is pcm
    assert len(resampler.flush()) == 0
    assert resample(pcm, 16_000, 16_000) is pcm


def test_what_the_target_rate_cannot_hold_is_filtered_out() -> None:
    assert np.abs(stream(tone(48_000, hz=9_000), 48_000, 16_000, 480)[800:-800]).max() < 1e-4


def test_a_clip_is_resampled_whole_and_without_delay() -> None:
    out = resample(tone(24_000), 24_000, 48_000)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[2_000:-2_000], tone(48_000)[2_000:-2_000], atol=1e-3)
    assert len(resample(np.zeros(0, np.float32), 24_000, 48_000)) == 0


def test_rates_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        StreamResampler(0, 16_000)
