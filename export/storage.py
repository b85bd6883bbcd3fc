"""Weights of a finished graph stored in fewer bits, and computed with as float32."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from export.precision import Precision
from runtime.errors import UserError

STORED = (Precision.FP16_STORED, Precision.INT8_STORED)
"""What weights can be stored as."""

_LEAST_VALUES = 256
"""Fewer are not worth a node."""

_LEVELS = 127

_LEAST_SCALED = 16
"""Values that share a scale: fewer would save nothing."""

_MOST_ERROR = 0.015
"""Of int8, as a part of the weights; normal ones have 0.01. Those with a few large values stay float16."""


def store(path: Path, precision: Precision) -> None:
    """Make the file of the graph at `path` smaller, if `precision` is one of `STORED`; else leave it.

    Large weights become float16, or int8 with a scale for each row, and are brought back when the graph is
    loaded. The runtime does that once, so they take the memory and the time that they took before; only their
    rounding, to eleven bits or to eight, is seen in what is computed. Raises `UserError` for a weight beyond
    float16.
    """
    if precision not in STORED:
        return
    model = onnx.load(path)
    weights = list(model.graph.initializer)
    nodes: list[NodeProto] = []
    model.graph.ClearField("initializer")
    for weight in weights:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < _LEAST_VALUES:
            model.graph.initializer.append(weight)
            continue
        rounded = _int8(values) if precision is Precision.INT8_STORED else None
        parts: dict[str, NDArray[Any]]
        if rounded is not None:
            whole, scale = f"{weight.name}.int8", f"{weight.name}.scale"
            parts = dict(zip((whole, scale), rounded, strict=True))
            nodes += _scaled(weight.name, whole, scale)
        else:
            half = f"{weight.name}.half"
            parts = {half: _float16(values, weight.name, path)}
            nodes.append(_cast(half, weight.name))
        model.graph.initializer.extend(numpy_helper.from_array(part, name) for name, part in parts.items())
    nodes += model.graph.node
    model.graph.ClearField("node")
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def _float16(values: NDArray[np.float32], name: str, path: Path) -> NDArray[np.float16]:
    if np.abs(values).max() > np.finfo(np.float16).max:
        raise UserError(f"{path.name}: the weight {name} is too large for float16.", "Store it as fp32.")
    return values.astype(np.float16)


def _int8(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]] | None:
    """Return `values` as int8, and the scale of each row, along the axis where that rounds them the least.

    None where that is still too much.
    """
    best: tuple[NDArray[np.int8], NDArray[np.float32]] | None = None
    least = _MOST_ERROR**2 * float(np.square(values).mean())
    for axis in range(values.ndim):
        if values.size < _LEAST_SCALED * values.shape[axis]:
            continue
        others = tuple(each for each in range(values.ndim) if each != axis)
        scale = np.maximum(np.abs(values).max(axis=others, keepdims=True), 1e-12) / np.float32(_LEVELS)
        stored = np.rint(values / scale).astype(np.int8)
        error = float(np.square(stored * scale - values).mean())
        if error <= least:
            best, least = (stored, scale), error
    return best


def _cast(stored: str, weight: str) -> NodeProto:
    return helper.make_node("Cast", [stored], [weight], name=f"{stored}.cast", to=TensorProto.FLOAT)


def _scaled(weight: str, stored: str, scale: str) -> list[NodeProto]:
    """Return what multiplies a stored weight with its scale.

    DequantizeLinear says the same, but the runtime keeps it for graphs that compute in int8.
    """
    whole = f"{stored}.float"
    return [_cast(stored, whole), helper.make_node("Mul", [whole, scale], [weight], name=f"{stored}.scaled")]
