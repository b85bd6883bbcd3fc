from pathlib import Path

import pytest

from runtime.errors import UserError
from runtime.onnx_inputs import read_inputs
from tests.runtime.onnx_files import chain, field, model, value


def write(path: Path, graph: bytes) -> Path:
    path.write_bytes(model(graph))
    return path


def test_fixed_axes_are_numbers_and_others_have_their_names(tmp_path: Path) -> None:
    graph = field(11, value("mel", 1, 80, "frames")) + field(11, value("source", 300, "256*frames"))
    assert read_inputs(write(tmp_path / "it.onnx", graph)) == {
        "mel": (1, 80, "frames"),
        "source": (300, "256*frames"),
    }


def test_a_number_without_axes_and_an_axis_without_a_name_are_kept(tmp_path: Path) -> None:
    graph = field(11, value("level")) + field(11, value("ids", ""))
    assert read_inputs(write(tmp_path / "it.onnx", graph)) == {"level": (), "ids": ("",)}


def test_weights_among_the_inputs_are_left_out(tmp_path: Path) -> None:
    weight = field(1, 2) + field(8, "w") + field(9, bytes(8))
    graph = field(5, weight) + field(11, value("x", "n")) + field(11, value("w", 2))
    assert read_inputs(write(tmp_path / "it.onnx", graph)) == {"x": ("n",)}


def test_fields_of_any_kind_are_passed_over(tmp_path: Path) -> None:
    eight, four = bytes((13 << 3 | 1, *range(8))), bytes((14 << 3 | 5, *range(4)))
    assert read_inputs(write(tmp_path / "it.onnx", eight + four + field(11, value("x", 3)))) == {"x": (3,)}


@pytest.mark.parametrize("content", [b"", b"no model" * 100, bytes([0xFF] * 40), None])
def test_what_is_no_model_or_half_a_model_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = chain(tmp_path / "chain.onnx", "Add", 20)
    path.write_bytes(path.read_bytes()[:-30] if content is None else content)
    with pytest.raises(UserError, match=r"chain\.onnx is no ONNX model"):
        read_inputs(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.onnx is no ONNX model"):
        read_inputs(tmp_path / "gone.onnx")
