import pytest

from export.lm.alibi import interpolated, slopes_of


def test_a_power_of_two_gives_one_geometric_series() -> None:
    assert slopes_of(8) == tuple(2.0**-k for k in range(1, 9))


def test_heads_beyond_a_power_of_two_lie_between_the_others() -> None:
    slopes = slopes_of(48)
    assert slopes[:3] == pytest.approx((0.840896, 0.707107, 0.594604), abs=1e-6)
    assert slopes[31] == 0.00390625
    assert slopes[32:35] == pytest.approx((0.917004, 0.771105, 0.648420), abs=1e-6)
    assert slopes[-1] == pytest.approx(0.068157, abs=1e-6)
    assert len(slopes) == 48


def test_longer_texts_flatten_the_gentlest_slope_most_and_leave_the_steepest() -> None:
    assert interpolated((0.5, 0.25, 0.125), 4.0) == pytest.approx((0.5, 0.25 / 2**0.5, 0.0625))


def test_no_interpolation_leaves_slopes_as_they_are() -> None:
    assert interpolated((0.5, 0.3), 1.0) == (0.5, 0.3)
    assert interpolated((0.5, 0.5), 4.0) == (0.5, 0.5)
