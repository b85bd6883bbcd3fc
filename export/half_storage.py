"""Weights of a finished graph stored as float16, and computed with as float32."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from runtime.errors import UserError

_LEAST_VALUES = 256
"""Fewer are not worth a node."""


def store_as_half(path: Path) -> None:
    """Halve the file of the graph at `path`: its large weights become float16, cast when it is loaded.

    The runtime casts them once, so they take the memory and the time that they took before; only their
    rounding, to eleven bits, is seen in what is computed. Raises `UserError` for a weight beyond float16.
    """
    model = onnx.load(path)
    weights = list(model.graph.initializer)
    casts = []
    model.graph.ClearField("initializer")
    for weight in weights:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < _LEAST_VALUES:
            model.graph.initializer.append(weight)
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise UserError(
                f"{path.name}: the weight {weight.name} is too large for float16.", "Store it as fp32."
            )
        half = f"{weight.name}.half"
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(
            helper.make_node("Cast", [half], [weight.name], name=f"{half}.cast", to=TensorProto.FLOAT)
        )
    nodes = [*casts, *model.graph.node]
    model.graph.ClearField("node")
    model.graph.node.extend(nodes)
    onnx.save(model, path)
