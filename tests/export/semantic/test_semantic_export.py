from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from edge_audio.step_audio.tokenizer.semantic import SemanticEncoder
from export.precision import Precision
from export.progress import silent
from export.semantic.export import MODEL, export_semantic
from runtime.errors import UserError

GOLDEN = Path(__file__).parents[2] / "data" / "golden" / "semantic"


def graph(path: Path, mel: int, length: int, codes: int, repeats: int = 1) -> None:
    """Write a graph that gives the number of `repeats` codes for every 4 hops."""
    inputs = [
        helper.make_tensor_value_info("m", mel, [1, 128, "t"]),
        helper.make_tensor_value_info("n", length, [1]),
    ]
    nodes = [
        helper.make_node("Slice", ["m", "start", "end", "axis", "step"], ["every"]),
        helper.make_node("Concat", ["every"] * repeats, ["repeated"], axis=2),
        helper.make_node("ReduceMax", ["repeated", "band"], ["largest"], keepdims=0),
        helper.make_node("Cast", ["largest"], ["codes"], to=codes),
    ]
    names = {"start": 0, "end": 1 << 30, "axis": 2, "step": 4, "band": 1}
    constants = [helper.make_tensor(name, TensorProto.INT64, [1], [value]) for name, value in names.items()]
    outputs = [helper.make_tensor_value_info("codes", codes, [1, "u"])]
    body = helper.make_graph(nodes, "g", inputs, outputs, constants)
    onnx.save(helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)


def refused(released: Path, word: str) -> None:
    output = released / "exported"
    with pytest.raises(UserError, match=word) as caught:
        export_semantic(released, output, Precision.FP32, silent)
    assert MODEL in str(caught.value)
    assert not output.exists()


def test_the_graph_is_taken_over_as_it_is(tmp_path: Path) -> None:
    export_semantic(GOLDEN, tmp_path / "semantic", Precision.FP32, silent)
    encoder = SemanticEncoder.load(tmp_path / "semantic")
    assert (tmp_path / "semantic" / "encoder.onnx").read_bytes() == (GOLDEN / MODEL).read_bytes()
    assert encoder.settings.bands == 128


def test_names_do_not_matter(tmp_path: Path) -> None:
    graph(tmp_path / MODEL, TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT32)
    export_semantic(tmp_path, tmp_path / "semantic", Precision.FP32, silent)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    refused(tmp_path, "no ")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / MODEL).write_bytes((GOLDEN / MODEL).read_bytes()[:100_000])
    refused(tmp_path, "truncated")


@pytest.mark.parametrize(
    "kinds",
    [
        (TensorProto.FLOAT16, TensorProto.INT32, TensorProto.INT32),
        (TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32),
        (TensorProto.FLOAT, TensorProto.INT32, TensorProto.FLOAT),
    ],
)
def test_a_graph_with_other_inputs_or_outputs_is_refused(tmp_path: Path, kinds: tuple[int, int, int]) -> None:
    graph(tmp_path / MODEL, *kinds)
    refused(tmp_path, "log-mel")


def test_the_edition_for_50_codes_a_second_is_refused(tmp_path: Path) -> None:
    graph(tmp_path / MODEL, TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT32, repeats=2)
    refused(tmp_path, "50 codes a second")


def test_other_precisions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="semantic"):
        export_semantic(GOLDEN, tmp_path / "semantic", Precision.INT8, silent)
