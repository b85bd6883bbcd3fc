from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.decoder.euler import bfloat16_grid, cosine_grid, solve

RELEASED_ARGUMENTS = [0, 11.75, 50.75, 109.5, 191, 292, 414, 548, 692, 844]


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 25])
@pytest.mark.parametrize("grid", [cosine_grid, bfloat16_grid])
def test_steps_begin_slowly_and_cover_all_the_time(grid, steps):
    times, lengths = grid(steps).times, grid(steps).lengths
    assert times.shape == lengths.shape == (steps,)
    assert times[0] == 0
    assert np.all(np.diff(lengths[:steps]) > 0) or steps == 1 or grid is bfloat16_grid
    assert lengths.sum() == pytest.approx(1.0, abs=0.01)
    ends = 1 - np.cos(np.pi / 2 * np.arange(steps) / steps)
    assert np.allclose(times, ends, atol=1e-6 if grid is cosine_grid else 0.01)


def test_rounded_times_are_the_release_s():
    grid = bfloat16_grid(10)
    assert np.allclose(grid.times * 1000, RELEASED_ARGUMENTS, rtol=1e-6)
    reference = np.load(Path("tests/data/golden/flow/bf16_reference.npz"))["t_per_step_bf16"]
    assert np.array_equal(np.cumsum(np.concatenate(([0], grid.lengths[:-1]))).astype(np.float32), reference)


def test_a_constant_velocity_moves_by_itself_and_a_growing_one_by_its_sum():
    noise = np.ones((2, 3), np.float32)
    assert np.allclose(solve(lambda x, t: np.full_like(x, 2.0), noise, cosine_grid(10)), 3.0)
    grid = cosine_grid(4)
    expected = 1.0
    for length in grid.lengths:
        expected += length * expected
    assert np.allclose(solve(lambda x, t: x, noise, grid), expected, rtol=1e-6)
