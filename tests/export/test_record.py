import msgspec
import numpy as np
import pytest

from edge_audio.step_audio.component import Component, read_array
from export.record import write_record
from runtime.atomic import atomic_folder
from runtime.errors import UserError


class Settings(msgspec.Struct):
    heads: int


def fill(folder, settings):
    source = folder.parent / "source.bin"
    source.write_bytes(b"weights")
    with atomic_folder(folder) as place:
        (place / "a.onnx").write_bytes(b"graph")
        write_record(
            place,
            component="lm",
            precision="fp32",
            opset=18,
            sources={"source.bin": source},
            settings=settings,
            parity={"max_abs_error": 0.5},
        )


def test_what_is_written_can_be_opened(tmp_path):
    fill(tmp_path / "lm", Settings(4))
    component = Component(tmp_path / "lm", "lm")
    assert component.settings(Settings) == Settings(4)
    assert component.path("a.onnx").read_bytes() == b"graph"
    assert len(component.record.sources["source.bin"]) == 64


def test_a_component_that_is_another_or_not_whole_is_refused(tmp_path):
    fill(tmp_path / "lm", Settings(4))
    with pytest.raises(UserError, match="describes lm"):
        Component(tmp_path / "lm", "flow")
    (tmp_path / "lm" / "a.onnx").write_bytes(b"gr")
    with pytest.raises(UserError, match="incomplete"):
        Component(tmp_path / "lm", "lm")
    with pytest.raises(UserError, match="no exported component"):
        Component(tmp_path, "lm")


def test_figures_that_are_no_numbers_are_not_recorded(tmp_path):
    with pytest.raises(UserError, match="its max_abs_error is nan"):
        write_record(
            tmp_path,
            component="lm",
            precision="fp32",
            opset=18,
            sources={},
            settings=Settings(4),
            parity={"max_abs_error": float("nan")},
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"junk", b"\x93NUMPY\x01\x00"])
def test_a_file_that_holds_no_array_is_named(tmp_path, content):
    path = tmp_path / "centroids.npy"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"centroids\.npy is damaged"):
        read_array(path)


@pytest.mark.parametrize("shape", [(2,), (2, 4), (3, 3), (2, 3, 1)])
def test_an_array_of_another_shape_is_named(tmp_path, shape):
    path = tmp_path / "centroids.npy"
    np.save(path, np.zeros((2, 3)))
    assert read_array(path, None, 3).shape == (2, 3)
    with pytest.raises(UserError, match=r"centroids\.npy has the shape \(2, 3\), not"):
        read_array(path, *shape)
