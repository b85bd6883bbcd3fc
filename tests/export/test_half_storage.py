"""Weights that are stored as float16."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from export.graph import export_graph
from export.half_storage import store_as_half
from runtime.errors import UserError
from runtime.session import OnnxSession

_INPUT = np.linspace(-1, 1, 64, dtype=np.float32)[None]


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(64, 200), nn.GELU(), nn.Linear(200, 3))
    export_graph(module, {"x": torch.zeros(1, 64)}, ["y"], tmp_path / "graph.onnx")
    return tmp_path / "graph.onnx"


def test_the_file_is_half_as_large_and_computes_almost_the_same(graph: Path) -> None:
    size = graph.stat().st_size
    (before,) = OnnxSession(graph).run({"x": _INPUT})

    store_as_half(graph)

    (after,) = OnnxSession(graph).run({"x": _INPUT})
    assert graph.stat().st_size < 0.6 * size
    np.testing.assert_allclose(after, before, atol=2e-3)
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
        store_as_half(graph)

    assert graph.read_bytes() == content
