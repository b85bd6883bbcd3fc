import msgspec
import pytest

from runtime.errors import UserError
from runtime.shape_profile import Lengths, ShapeRange, input_shapes


def test_a_named_axis_gets_its_three_lengths_and_a_multiple_of_it_as_many_times():
    shapes = input_shapes(
        {"x": (1, 80, "frames"), "source": (1, "256*frames")}, {"frames": Lengths(2, 50, 100)}
    )
    assert shapes["x"] == ShapeRange((1, 80, 2), (1, 80, 50), (1, 80, 100))
    assert shapes["source"] == ShapeRange((1, 512), (1, 12800), (1, 25600))


def test_an_input_of_fixed_shape_needs_no_profile():
    assert input_shapes({"t": (2,), "x": ("frames",)}, {"frames": Lengths(1, 1, 1)}).keys() == {"x"}


@pytest.mark.parametrize("axis", ["past", "frames + 1", ""])
def test_an_axis_that_the_profile_does_not_know_is_an_error(axis):
    with pytest.raises(UserError, match="an axis of the input x"):
        input_shapes({"x": (axis,)}, {"frames": Lengths(1, 2, 3)})


def test_a_config_file_holds_them_as_a_list():
    assert msgspec.toml.decode(b"frames = [4, 500, 3000]", type=dict[str, Lengths]) == {
        "frames": Lengths(4, 500, 3000)
    }


@pytest.mark.parametrize("text", [b"x = [5, 4, 6]", b"x = [-1, 2, 3]", b"x = [0, 0, 0]", b"x = [1, 2]"])
def test_lengths_out_of_order_are_refused(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode(text, type=dict[str, Lengths])
