import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.step_audio.noise import PlacedNoise


@given(st.integers(-1000, 1000), st.integers(0, 700), st.integers(0, 700))
def test_any_cut_of_the_time_line_sees_the_same_noise(start, first, second):
    noise = PlacedNoise(seed=3, rows=2)
    whole = noise.between(start, start + first + second)
    parts = [noise.between(start, start + first), noise.between(start + first, start + first + second)]
    assert np.array_equal(np.hstack(parts), whole)


def test_noise_is_normal_and_differs_by_seed_and_place():
    noise = PlacedNoise(seed=3, rows=4).between(-5000, 5000)
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02
    assert not np.array_equal(noise[:, :256], noise[:, -256:])
    assert not np.array_equal(noise, PlacedNoise(seed=4, rows=4).between(-5000, 5000))
