"""Golden data of the semantic encoder: another small network behind the released inputs and outputs."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional

from tests.export.reference.sounds import whisper_mel
from tests.export.reference.weights import Weights, write_arrays, write_json

WIDTH, CODES = 16, 900
PIECE = 480_000

Heard = tuple[list[int], float | None]
"""Codes, and by how much the nearest vector of them all was nearer than the next."""


class Reference:
    """Two convolutions of stride 2, and the nearest of some unit vectors; frames from the length on are 0."""

    def __init__(self, seed: int) -> None:
        self.weights = Weights(seed)
        self.weights.conv("conv1", 128, WIDTH, 3)
        self.weights.conv("conv2", WIDTH, WIDTH, 3)
        self.weights.add("codebook", CODES, WIDTH, deviation=1.0)
        book = self.weights.tensors["codebook"]
        book /= book.norm(dim=1, keepdim=True)

    def codes(self, pcm: np.ndarray) -> Heard:
        """Return the codes of a recording, cut every 30 s."""
        similarity = [
            self._similarity(pcm[start : start + PIECE])
            for start in range(0, len(pcm), PIECE)
            if len(pcm) - start >= 480
        ]
        if not similarity:
            return [], None
        best = torch.cat(similarity).topk(2)
        margin = (best.values[:, 0] - best.values[:, 1]).min()
        return best.indices[:, 0].tolist(), float(margin)

    def _similarity(self, pcm: np.ndarray) -> torch.Tensor:
        x = torch.from_numpy(whisper_mel(pcm))[None]
        for name in ("conv1", "conv2"):
            x = functional.conv1d(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], 2, 1)
            x = x.sigmoid() - 0.5 if name == "conv1" else x
        return functional.normalize(x[0].T, dim=1) @ self.weights["codebook"].T

    def write(self, path: Path) -> None:
        """Write it as ONNX, under names that the release hasn't, with int32 codes."""
        tensors = {name: value.numpy() for name, value in self.weights.tensors.items()}
        tensors["codebook"] = np.ascontiguousarray(tensors["codebook"].T)
        constants = {
            "zero": np.int32(0),
            "one": np.int32(1),
            "half": np.float32(0.5),
            "last": np.array([-1], np.int64),
        }
        conv = {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}
        nodes = [
            helper.make_node("Shape", ["spectrum"], ["shape"], start=2),
            helper.make_node("Squeeze", ["shape"], ["wide_hops"]),
            helper.make_node("Cast", ["wide_hops"], ["hops"], to=TensorProto.INT32),
            helper.make_node("Range", ["zero", "hops", "one"], ["hop"]),
            helper.make_node("Less", ["hop", "hop_count"], ["inside"]),
            helper.make_node("Cast", ["inside"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["spectrum", "mask"], ["masked"]),
            helper.make_node("Conv", ["masked", "conv1.weight", "conv1.bias"], ["first"], **conv),
            helper.make_node("Sigmoid", ["first"], ["squashed"]),
            helper.make_node("Sub", ["squashed", "half"], ["centred"]),
            helper.make_node("Conv", ["centred", "conv2.weight", "conv2.bias"], ["second"], **conv),
            helper.make_node("Transpose", ["second"], ["vectors"], perm=[0, 2, 1]),
            helper.make_node("ReduceL2", ["vectors"], ["length"], axes=[-1]),
            helper.make_node("Div", ["vectors", "length"], ["unit"]),
            helper.make_node("MatMul", ["unit", "codebook"], ["similarity"]),
            helper.make_node("ArgMax", ["similarity"], ["nearest"], axis=-1, keepdims=0),
            helper.make_node("Cast", ["nearest"], ["speech_codes"], to=TensorProto.INT32),
        ]
        graph = helper.make_graph(
            nodes,
            "another_semantic_encoder",
            [
                helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, [1, 128, "hops"]),
                helper.make_tensor_value_info("hop_count", TensorProto.INT32, [1]),
            ],
            [helper.make_tensor_value_info("speech_codes", TensorProto.INT32, [1, "codes"])],
            [numpy_helper.from_array(value, name) for name, value in (tensors | constants).items()],
        )
        opset = helper.make_opsetid("", 16)
        onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)


def write_semantic(folder: Path, reference: Reference, heard: dict[str, np.ndarray]) -> None:
    folder.mkdir()
    reference.write(folder / "speech_tokenizer_v1.onnx")
    tiles = {"tile_cut": PIECE + 9_001, "tile_drop": PIECE + 400, "short_479": 479, "short_2000": 2000}
    wholes = {name: (name, None) for name in heard}
    cases, margins = [], {}
    for name, (wav, samples) in (wholes | {name: ("speech_b", n) for name, n in tiles.items()}).items():
        pcm = heard[wav] if samples is None else np.resize(heard[wav], samples)
        codes, margins[name] = reference.codes(pcm)
        cases.append(
            {
                "case": name,
                "wav": f"{wav}.wav",
                "tile_to_samples": samples,
                "samples": len(pcm),
                "codes": codes,
                "error": None,
            }
        )
    names = {"inputs": ["spectrum", "hop_count"], "output": "speech_codes", "out_dtype": "int32"}
    write_json(
        folder / "cases.json",
        {
            "hyper_parameters": {"width": WIDTH, **names},
            "cases": cases,
            "min_similarity_margin_per_case": margins,
        },
    )
    tile = np.resize(heard["speech_b"], tiles["tile_cut"])
    mels = {name: whisper_mel(pcm) for name, pcm in heard.items() if name != "synth_c"}
    mels["tile_cut_piece0_first25"] = whisper_mel(tile[:PIECE])[:, :25]
    mels["tile_cut_piece1"] = whisper_mel(tile[PIECE:])
    write_arrays(folder / "whisper_mel.npz", mels)
