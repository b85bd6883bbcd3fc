"""Products with the large weights: how each precision stores a matrix, and what multiplies with it."""

from dataclasses import dataclass
from typing import Protocol

import torch
from onnx import TensorProto
from torch import Tensor

from export.lm.nodes import Nodes
from export.lm.quantise import quantise
from export.lm.weights_file import WeightsFile
from export.precision import Precision

MICROSOFT = "com.microsoft"
"""Domain of ONNX Runtime's own operators."""

_BLOCK = 32
"""Columns that share a scale."""

_COMPUTE_IN_INT8 = 4
"""accuracy_level of MatMulNBits: the activations are rounded to 8 bits too. At any other level ONNX Runtime
expands the weights to float32 in every product, which is 2 times slower with 4 bits and 20 with 8."""


BITS = {
    Precision.FP32: 32,
    Precision.BF16: 16,
    Precision.FP16: 16,
    Precision.INT8: 8 + 32 // _BLOCK,
    Precision.INT4: 4 + 32 // _BLOCK,
}
"""Bits that a weight takes in the file; a block's scale is a float32."""


class Linear(Protocol):
    """One stored matrix."""

    def multiply(self, nodes: Nodes, x: str) -> str:
        """Append the product of `x` (rows, inputs) with it, in float32; returns (rows, outputs)."""
        ...


def store(weights: WeightsFile, name: str, matrix: Tensor, precision: Precision) -> Linear:
    """Write `matrix` (outputs, inputs) to the file, so that graphs can multiply with it."""
    match precision:
        case Precision.INT8 | Precision.INT4:
            return _store_blocks(weights, name, matrix, 8 if precision is Precision.INT8 else 4)
        case Precision.FP16:
            weights.add(name, matrix.T.to(torch.float16))
            return _Half(name)
        case Precision.BF16:
            weights.add(name, matrix.T.to(torch.bfloat16))
            return _Widened(name)
        case Precision.FP32:
            weights.add(name, matrix.T.to(torch.float32))
            return _Plain(name)
        case Precision.FP16_STORED | Precision.INT8_STORED:
            raise ValueError("weights that are brought back at loading are for graphs that hold them")


@dataclass(frozen=True, slots=True)
class _Plain:
    """float32."""

    name: str

    def multiply(self, nodes: Nodes, x: str) -> str:
        """See `Linear.multiply`."""
        return nodes.add("MatMul", x, self.name)


@dataclass(frozen=True, slots=True)
class _Half:
    """float16 for both factors, as tensor cores take them."""

    name: str

    def multiply(self, nodes: Nodes, x: str) -> str:
        """See `Linear.multiply`."""
        product = nodes.add("MatMul", nodes.add("Cast", x, to=TensorProto.FLOAT16), self.name)
        return nodes.add("Cast", product, to=TensorProto.FLOAT)


@dataclass(frozen=True, slots=True)
class _Widened:
    """bfloat16 in the file only: ONNX Runtime's CPU has no product of that type."""

    name: str

    def multiply(self, nodes: Nodes, x: str) -> str:
        """See `Linear.multiply`."""
        return nodes.add("MatMul", x, nodes.add("Cast", self.name, to=TensorProto.FLOAT))


@dataclass(frozen=True, slots=True)
class _Quantised:
    """Blocks of 4 or 8 bits."""

    name: str
    inputs: int
    outputs: int
    bits: int

    def multiply(self, nodes: Nodes, x: str) -> str:
        """See `Linear.multiply`."""
        (product,) = nodes.add_many(
            "MatMulNBits",
            (x, self.name, _scales(self.name)),
            1,
            MICROSOFT,
            K=self.inputs,
            N=self.outputs,
            bits=self.bits,
            block_size=_BLOCK,
            accuracy_level=_COMPUTE_IN_INT8,
        )
        return product


def _store_blocks(weights: WeightsFile, name: str, matrix: Tensor, bits: int) -> Linear:
    blocks = quantise(matrix, bits, _BLOCK)
    weights.add(name, blocks.packed)
    weights.add(_scales(name), blocks.scales)
    outputs, inputs = matrix.shape
    return _Quantised(name, inputs, outputs, bits)


def _scales(name: str) -> str:
    return f"{name}.scales"
