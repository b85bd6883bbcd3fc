import numpy as np
import pytest

from edge_audio.step_audio.decoder.source import HarmonicSource, SeededSourceNoise, SourceSettings

RATE_HZ, SAMPLES = 22050, 256
PURE = SourceSettings(RATE_HZ, SAMPLES, 0.1, 0.0, 10.0, (0.0, 0.0, 1.0), 0.0)
"""The third harmonic alone, without noise where it is voiced."""
MIXED = SourceSettings(RATE_HZ, SAMPLES, 0.1, 0.003, 10.0, (0.5, -1.0, 2.0), 0.1)


def noise(seed=0):
    return SeededSourceNoise(seed, 3)


def test_the_phase_of_a_minute_is_still_right():
    frames = 60 * RATE_HZ // SAMPLES
    f0 = np.random.default_rng(0).uniform(80.0, 400.0, frames).astype(np.float32)
    source, given = HarmonicSource(PURE, noise()), noise()
    made = np.concatenate([source.samples(f0[start : start + 9]) for start in range(0, frames, 9)])
    cycles, ends = 0, []
    for value in f0:  # in whole numbers, which lose nothing
        cycles = (cycles + int(float(value) * 2**40) * SAMPLES) % (RATE_HZ * 2**40)
        ends.append(cycles / (RATE_HZ * 2**40))
    last = np.sin(2 * np.pi * 3 * np.array(ends) + given.phase[2])
    np.testing.assert_allclose(np.arctanh(made[SAMPLES - 1 :: SAMPLES]), 0.1 * last, atol=1e-6)


@pytest.mark.parametrize("piece", [1, 4, 7])
def test_any_cut_makes_the_same_samples(piece):
    f0 = np.random.default_rng(1).uniform(0.0, 300.0, 30).astype(np.float32)
    f0[::3] = 0.0
    whole = HarmonicSource(MIXED, noise()).samples(f0)
    source = HarmonicSource(MIXED, noise())
    cut = [source.samples(f0[start : start + piece]) for start in range(0, 30, piece)]
    np.testing.assert_allclose(np.concatenate(cut), whole, atol=1e-6)


def test_without_voice_there_is_noise_of_a_third_of_the_amplitude():
    samples = HarmonicSource(MIXED, noise()).samples(np.full(400, 9.9, np.float32))
    deviation = np.arctanh(samples) - MIXED.bias
    loudness = np.sqrt(np.sum(np.square(MIXED.weights))) * MIXED.amplitude / 3
    assert deviation.std() == pytest.approx(loudness, rel=0.02)
    assert abs(deviation.mean()) < 0.01 * loudness * 3


def test_the_fundamental_starts_at_zero_and_the_rest_anywhere():
    phases = np.array([SeededSourceNoise(seed, 9).phase for seed in range(200)])
    assert (phases[:, 0] == 0.0).all()
    assert (np.abs(phases) <= np.float32(np.pi)).all()
    assert np.abs(phases[:, 1:].mean(axis=0)).max() < 0.5
    assert phases[:, 1:].std(axis=0).min() > 1.5


def test_noise_belongs_to_samples_whatever_is_asked_for():
    whole = noise(5).between(0, 2000)
    np.testing.assert_array_equal(noise(5).between(700, 1300), whole[:, 700:1300])
    assert not np.array_equal(noise(6).between(0, 2000), whole)
