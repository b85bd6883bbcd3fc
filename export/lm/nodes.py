"""The nodes of a graph while it is written down, one operator after the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper


class Nodes:
    """Appends operators and names what they return."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        """The operators so far, each after those that it reads."""
        self.constants: list[TensorProto] = []
        """Small constants; equal ones are kept once."""

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append an operator of one output and return the output's name."""
        return self.add_many(operator, inputs, 1, **attributes)[0]

    def add_many(
        self, operator: str, inputs: Sequence[str], outputs: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Append an operator and return the names of its outputs."""
        number = len(self.nodes)
        names = [f"{operator}_{number}" + (f"_{place}" if place else "") for place in range(outputs)]
        node = helper.make_node(operator, inputs, names, f"{operator}_{number}", domain=domain, **attributes)
        self.nodes.append(node)
        return names

    def rename(self, old: str, new: str) -> None:
        """Give a value that was returned the name of an output of the graph."""
        self.nodes.append(helper.make_node("Identity", [old], [new], f"as_{new}"))

    def constant(self, values: NDArray[Any]) -> str:
        """Return the name of a constant."""
        tensor = numpy_helper.from_array(values)
        for known in self.constants:
            if _content(known) == _content(tensor):
                return str(known.name)
        tensor.name = f"constant_{len(self.constants)}"
        self.constants.append(tensor)
        return str(tensor.name)

    def integers(self, *values: int) -> str:
        """Return the name of a vector of whole numbers: a shape, axes or a split."""
        return self.constant(np.array(values, dtype=np.int64))

    def number(self, value: float) -> str:
        """Return the name of a float32 scalar."""
        return self.constant(np.array(value, dtype=np.float32))


def _content(tensor: TensorProto) -> tuple[int, tuple[int, ...], bytes]:
    return tensor.data_type, tuple(tensor.dims), tensor.raw_data
