"""The pitch of speech."""

import numpy as np
import pytest

from edge_audio.audio.frame import INPUT_RATE_HZ
from export.nano.pitch import f0_of

_MIDDLES = np.arange(0.1, 0.9, 0.01) * INPUT_RATE_HZ


def _pulses(f0_hz: float) -> np.ndarray:
    """Return a second of a buzz with twelve harmonics."""
    time_s = np.arange(INPUT_RATE_HZ) / INPUT_RATE_HZ
    harmonics = sum(np.sin(2 * np.pi * f0_hz * k * time_s) / k for k in range(1, 13))
    return (0.2 * np.asarray(harmonics)).astype(np.float32)


@pytest.mark.parametrize("f0_hz", [75.0, 110.0, 180.0, 300.0])
def test_the_pitch_of_a_buzz_is_found_without_octave_errors(f0_hz: float) -> None:
    np.testing.assert_allclose(f0_of(_pulses(f0_hz), _MIDDLES), f0_hz, rtol=0.01)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, INPUT_RATE_HZ).astype(np.float32)

    assert (f0_of(noise, _MIDDLES) > 0).mean() < 0.05
    assert not f0_of(np.zeros(INPUT_RATE_HZ, np.float32), _MIDDLES).any()


def test_a_quiet_part_beside_a_loud_one_is_not_voiced() -> None:
    sound = _pulses(120.0)
    sound[INPUT_RATE_HZ // 2 :] *= 0.001

    f0 = f0_of(sound, _MIDDLES)

    assert f0[:35].all()
    assert not f0[-30:].any()
