"""A random speaker model in the place of `campplus.onnx`."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from edge_audio.step_audio.features.kaldi import BANDS
from export.graph import OPSET
from export.toy.weights import random_tensor

EMBEDDING = 192
"""Values of a speaker vector; the speech decoder's `spk_embed_dim`."""

_IR_VERSION = 8
"""The version of the file format that goes with the operators; ONNX Runtime refuses newer ones."""


def write_speaker_model(path: Path, generator: torch.Generator) -> None:
    """Write a network from float32 (1, frames, 80) to float32 (1, 192), as the released one has them.

    It sums up the frames in mean and deviation, so that it tells speakers apart by their spectra. It is the
    same small one at all sizes: the released network runs once for a voice, which no measurement is about.
    """
    weights = {
        name: random_tensor(name, (BANDS, EMBEDDING), generator).numpy() for name in ("mean", "deviation")
    }
    nodes = [
        helper.make_node("Tanh", ["input"], ["bounded"]),
        helper.make_node("ReduceMean", ["bounded", "time"], ["average"], keepdims=0),
        helper.make_node("Mul", ["input", "input"], ["squared"]),
        helper.make_node("ReduceMean", ["squared", "time"], ["power"], keepdims=0),
        helper.make_node("Sqrt", ["power"], ["spread"]),
        helper.make_node("MatMul", ["average", "mean"], ["from_mean"]),
        helper.make_node("MatMul", ["spread", "deviation"], ["from_spread"]),
        helper.make_node("Add", ["from_mean", "from_spread"], ["output"]),
    ]
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    constants.append(numpy_helper.from_array(np.array([1], np.int64), "time"))
    graph = helper.make_graph(
        nodes,
        "random_speaker_model",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, "frames", BANDS])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, EMBEDDING])],
        constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="edge-audio",
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)
