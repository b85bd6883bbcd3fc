import numpy as np
import pytest

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.bench.nano.pitch import median_f0_hz
from tests.edge_audio.bench.nano.humming import hum

rng = np.random.default_rng(0)


@pytest.mark.parametrize("f0_hz", [70.0, 101.3, 176.0, 250.0, 390.0])
def test_the_pitch_of_a_voiced_sound_is_found(f0_hz: float) -> None:
    assert median_f0_hz(hum(0.5, f0_hz)) == pytest.approx(f0_hz, rel=0.01)


def test_it_is_the_median_over_what_is_voiced() -> None:
    hiss = (0.02 * rng.standard_normal(INPUT_RATE_HZ)).astype(np.float32)
    pcm = np.concatenate([hiss, hum(0.6, 100.0), hiss, hum(0.2, 300.0), np.zeros(8000, np.float32)])
    assert median_f0_hz(pcm) == pytest.approx(100.0, rel=0.02)


def test_a_weak_fundamental_is_not_taken_for_an_octave() -> None:
    times = np.arange(8000) / INPUT_RATE_HZ
    waves = [np.sin(2 * np.pi * 120 * order * times + order) for order in (2, 3, 4, 5)]
    pcm = np.sum(waves, axis=0) + 0.1 * np.sin(2 * np.pi * 120 * times)
    assert median_f0_hz((0.1 * pcm).astype(np.float32)) == pytest.approx(120.0, rel=0.01)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5])
def test_what_is_not_voiced_has_no_pitch(seconds: float) -> None:
    count = round(seconds * INPUT_RATE_HZ)
    assert median_f0_hz(np.zeros(count, np.float32)) is None
    assert median_f0_hz((0.1 * rng.standard_normal(count)).astype(np.float32)) is None
