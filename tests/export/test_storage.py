"""Weights that are stored in fewer bits than they compute with."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from export.graph import export_graph
from export.precision import Precision
from export.storage import store
from runtime.errors import UserError
from runtime.session import OnnxSession

_INPUT = np.linspace(-1, 1, 64, dtype=np.float32)[None]


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(64, 200), nn.GELU(), nn.Linear(200, 3))
    export_graph(module, {"x": torch.zeros(1, 64)}, ["y"], tmp_path / "graph.onnx")
    return tmp_path / "graph.onnx"


@pytest.mark.parametrize(
    ("precision", "part", "tolerance"),
    [(Precision.FP16_STORED, 0.6, 2e-3), (Precision.INT8_STORED, 0.4, 2e-2)],
)
def test_the_file_is_smaller_and_computes_almost_the_same(
    graph: Path, precision: Precision, part: float, tolerance: float
) -> None:
    size = graph.stat().st_size
    (before,) = OnnxSession(graph).run({"x": _INPUT})

    store(graph, precision)

    (after,) = OnnxSession(graph).run({"x": _INPUT})
    assert graph.stat().st_size < part * size
    np.testing.assert_allclose(after, before, atol=tolerance)
    assert not np.array_equal(after, before)
    onnx.checker.check_model(onnx.load(graph), full_check=True)


def test_a_weight_beyond_float16_is_refused_and_the_file_kept(graph: Path) -> None:
    model = onnx.load(graph)
    weight = max(model.graph.initializer, key=lambda each: len(each.raw_data))
    values = onnx.numpy_helper.to_array(weight).copy()
    values[0, 0] = 1e6
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save(model, graph)
    content = graph.read_bytes()

    with pytest.raises(UserError, match="too large for float16"):
        store(graph, Precision.FP16_STORED)

    assert graph.read_bytes() == content


def test_weights_with_a_few_large_values_stay_float16(graph: Path) -> None:
    model = onnx.load(graph)
    weight = max(model.graph.initializer, key=lambda each: len(each.raw_data))
    values = onnx.numpy_helper.to_array(weight).copy()
    values[::40, :] *= 100
    values[:, ::40] *= 100
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save(model, graph)

    store(graph, Precision.INT8_STORED)

    stored = {each.name: each.data_type for each in onnx.load(graph).graph.initializer}
    assert stored[f"{weight.name}.half"] == onnx.TensorProto.FLOAT16


def test_other_precisions_leave_the_file(graph: Path) -> None:
    content = graph.read_bytes()

    store(graph, Precision.FP32)

    assert graph.read_bytes() == content
