"""Real engines of tiny models, built without a GPU: an operator that TensorRT lacks is found here."""

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from edge_audio.step_audio.component import Component
from edge_audio.step_audio.shape_profiles import PROFILES
from export.flow.export import export_flow
from export.hift.export import export_hift
from export.linguistic.export import export_linguistic
from export.lm.export import export_lm
from export.precision import Precision
from export.progress import silent
from export.tensorrt.engine import MODULE, build_engine
from export.toy.cosyvoice_yaml import write_cosyvoice_yaml
from export.toy.flow import write_flow
from export.toy.hift import write_hift
from export.toy.linguistic import write_linguistic
from export.toy.lm import write_lm
from export.toy.size import Size
from runtime.errors import UserError
from runtime.shape_profile import Lengths

pytest.importorskip(MODULE, reason="TensorRT for RTX is not installed (it has no wheel for this platform)")


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("released")
    generator = torch.Generator().manual_seed(11)
    write_linguistic(folder, Size.TINY, generator)
    write_lm(folder / "lm", Size.TINY, generator, silent)
    flow, hift = write_flow(folder, Size.TINY, generator), write_hift(folder, Size.TINY, generator)
    write_cosyvoice_yaml(folder, flow=flow, hift=hift)
    return folder


@pytest.fixture(scope="module")
def models(released, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    export_lm(released / "lm", folder / "lm", Precision.FP32, silent)
    export_linguistic(released, folder / "linguistic", Precision.FP32, silent)
    export_flow(released, folder / "flow", Precision.FP32, silent)
    export_hift(released, folder / "hift", Precision.FP32, silent)
    return folder


def write_identity(path, operator="Identity", domain=""):
    graph = helper.make_graph(
        [helper.make_node(operator, ["x"], ["y"], domain=domain)],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["frames"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["frames"])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("elsewhere", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)


@pytest.mark.parametrize("component", sorted(PROFILES))
def test_an_engine_is_built_of_every_graph(models, component):
    graphs = [file for file in Component(models / component, component).record.files if "onnx" in file]
    assert set(PROFILES[component]) <= set(graphs)
    for graph in graphs:
        assert len(build_engine(models / component / graph, PROFILES[component].get(graph, {}))) > 1000


def test_the_language_model_builds_with_float16_weights_and_float32_sums(released, tmp_path):
    export_lm(released / "lm", tmp_path / "lm", Precision.FP16, silent)
    assert build_engine(tmp_path / "lm" / "prefill.onnx", PROFILES["lm"]["prefill.onnx"])


def test_an_operator_that_tensorrt_lacks_is_named(tmp_path):
    write_identity(tmp_path / "odd.onnx", "Nowhere", "elsewhere")
    with pytest.raises(UserError, match=r"odd\.onnx.*Nowhere"):
        build_engine(tmp_path / "odd.onnx", {"frames": Lengths(1, 2, 3)})


def test_an_axis_without_lengths_is_named(tmp_path):
    write_identity(tmp_path / "one.onnx")
    with pytest.raises(UserError, match="'frames', an axis of the input x"):
        build_engine(tmp_path / "one.onnx", {})


def test_a_graph_without_weights_beside_it_is_no_engine(models, tmp_path):
    graph = models / "lm" / "decode.onnx"
    (tmp_path / graph.name).write_bytes(graph.read_bytes())
    with pytest.raises(UserError, match=r"decode\.onnx"):
        build_engine(tmp_path / graph.name, PROFILES["lm"]["decode.onnx"])
