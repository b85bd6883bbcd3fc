"""Step1 as an ONNX graph: from ids, and the keys and values of the positions before, to what follows.

The keys and values of past positions come as the first rows of a buffer that the host keeps, of any number
of rows: as many as are valid, or all of a fixed buffer, of which `past_length` are valid and the others, if
finite, don't count. The graph returns the rows of the new positions, which the host writes behind the valid
ones. So no buffer is ever copied: attention takes past and new positions apart up to the softmax.
"""

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from export.graph import OPSET
from export.lm.config import Step1Config
from export.lm.linear import MICROSOFT, Linear
from export.lm.nodes import Nodes
from export.lm.weights_file import WeightsFile

Dimension = int | str

_IR_VERSION = 10
"""Version of the file format: read by ONNX Runtime from 1.18 on and by TensorRT 10."""

_MASKED = -1e30
"""Score of a key that must not be seen: finite, so that no runtime meets infinity minus infinity."""

_END = (1 << 31) - 1
"""Where a slice ends that goes on to the end."""

_NEVER = 1 << 30
"""Position of a row that isn't valid: later than any query."""


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """One layer, its weights in the file."""

    input_norm: str
    query_key_value: Linear
    output: Linear
    feed_forward_norm: str
    gate_up: Linear
    down: Linear


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model, its weights in the file."""

    config: Step1Config
    weights: WeightsFile
    embedding: str
    layers: tuple[StoredLayer, ...]
    norm: str
    head: Linear
    logits: int
    """How many ids the head knows."""

    @property
    def step_bytes(self) -> int:
        """Bytes that a decoding step reads: of the embedding it takes but a row."""
        return sum(self.weights.sizes.values()) - self.weights.sizes[self.embedding]


def write_graph(model: StoredModel, new: Dimension) -> ModelProto:
    """Return the graph for `new` positions at a time: a number, or the name of a length that varies.

    Inputs: `ids` int64 (new,), `past_length` int64 (1,), and for every layer `past_key_N` and `past_value_N`
    float32 (past, groups, head size). Outputs: `logits` float32 (logits,) of the last position, `key_N` and
    `value_N` (new, groups, head size).
    """
    return _Writer(model, new).write()


class _Writer:
    def __init__(self, model: StoredModel, new: Dimension) -> None:
        self._model = model
        self._config = model.config
        self._new = new
        self._nodes = Nodes()
        self._inputs = [_value("ids", TensorProto.INT64, new), _value("past_length", TensorProto.INT64, 1)]
        self._outputs = [_value("logits", TensorProto.FLOAT, model.logits)]

    def write(self) -> ModelProto:
        add, config = self._nodes.add, self._config
        x = add("Cast", add("Gather", self._model.embedding, "ids"), to=TensorProto.FLOAT)
        past = add("Shape", "past_key_0", start=0, end=1)
        bias = self._bias(past)
        for index, layer in enumerate(self._model.layers):
            normed = self._rms_norm(x, layer.input_norm)
            x = add("Add", x, self._attention(index, layer, normed, bias, past))
            x = add("Add", x, self._feed_forward(layer, self._rms_norm(x, layer.feed_forward_norm)))
        integers = self._nodes.integers
        if self._new != 1:
            x = add("Slice", x, integers(-1), integers(_END), integers(0))
        logits = self._model.head.multiply(self._nodes, self._rms_norm(x, self._model.norm))
        if config.logit_scale != 1.0:
            logits = add("Mul", logits, self._nodes.number(config.logit_scale))
        self._nodes.rename(add("Squeeze", logits, integers(0)), "logits")
        return self._finish()

    def _bias(self, past: str) -> str:
        """Append what is added to the scores: (groups, heads of a group * new, past + new)."""
        add, integers, number = self._nodes.add, self._nodes.integers, self._nodes.number
        zero, one = self._nodes.constant(np.array(0)), self._nodes.constant(np.array(1))
        rows = add("Range", zero, add("Squeeze", past, integers(0)), one)
        new = add("Range", zero, add("Size", "ids"), one)
        new = add("Add", new, "past_length")
        rows = add("Where", add("Less", rows, "past_length"), rows, integers(_NEVER))
        keys = add("Concat", rows, new, axis=0)
        distance = add("Sub", add("Unsqueeze", new, integers(1)), keys)
        distance = add("Cast", distance, to=TensorProto.FLOAT)
        root = add("Sqrt", add("Max", distance, number(0.0)))
        slopes = np.array(self._config.slopes, dtype=np.float32).reshape(
            self._config.num_attention_groups, -1
        )
        bias = add("Mul", root, self._nodes.constant(-slopes[:, :, None, None]))
        bias = add("Where", add("Less", distance, number(0.0)), number(_MASKED), bias)
        keys_count = add("Shape", keys)
        shape = add("Concat", integers(self._config.num_attention_groups, -1), keys_count, axis=0)
        return add("Reshape", bias, shape)

    def _attention(self, index: int, layer: StoredLayer, x: str, bias: str, past: str) -> str:
        add, integers = self._nodes.add, self._nodes.integers
        groups, size = self._config.num_attention_groups, self._config.head_size
        hidden, grouped = self._config.hidden_size, self._config.group_width
        queries, keys, values = self._nodes.add_many(
            "Split",
            (layer.query_key_value.multiply(self._nodes, x), integers(hidden, grouped, grouped)),
            3,
            axis=1,
        )
        queries = add("Mul", queries, self._nodes.number(size**-0.5))
        queries = add("Reshape", queries, integers(-1, groups, hidden // grouped, size))
        queries = add("Transpose", queries, perm=[1, 2, 0, 3])
        queries = add("Reshape", queries, integers(groups, -1, size))
        keys = add("Reshape", keys, integers(-1, groups, size))
        values = add("Reshape", values, integers(-1, groups, size))
        past_keys, past_values = f"past_key_{index}", f"past_value_{index}"
        self._cache(past_keys, keys, f"key_{index}")
        self._cache(past_values, values, f"value_{index}")
        scores = add(
            "Concat",
            *(add("MatMul", queries, add("Transpose", part, perm=[1, 2, 0])) for part in (past_keys, keys)),
            axis=2,
        )
        weights = add("Softmax", add("Add", scores, bias), axis=-1)
        of_past = add("Slice", weights, integers(0), past, integers(2))
        of_new = add("Slice", weights, past, integers(_END), integers(2))
        attended = add(
            "Add",
            add("MatMul", of_past, add("Transpose", past_values, perm=[1, 0, 2])),
            add("MatMul", of_new, add("Transpose", values, perm=[1, 0, 2])),
        )
        attended = add("Reshape", attended, integers(groups, hidden // grouped, -1, size))
        attended = add("Transpose", attended, perm=[2, 0, 1, 3])
        return layer.output.multiply(self._nodes, add("Reshape", attended, integers(-1, hidden)))

    def _cache(self, past: str, value: str, name: str) -> None:
        """Declare the rows of past positions as an input, and return those of the new ones."""
        shape = (self._config.num_attention_groups, self._config.head_size)
        self._inputs.append(_value(past, TensorProto.FLOAT, "past", *shape))
        self._outputs.append(_value(name, TensorProto.FLOAT, self._new, *shape))
        self._nodes.rename(value, name)

    def _feed_forward(self, layer: StoredLayer, x: str) -> str:
        add = self._nodes.add
        inner = self._config.intermediate_size
        gate, up = self._nodes.add_many(
            "Split", (layer.gate_up.multiply(self._nodes, x), self._nodes.integers(inner, inner)), 2, axis=1
        )
        gated = add("Mul", add("Mul", gate, add("Sigmoid", gate)), up)
        return layer.down.multiply(self._nodes, gated)

    def _rms_norm(self, x: str, weight: str) -> str:
        # These six operators are the pattern that ONNX Runtime computes as one.
        add, number = self._nodes.add, self._nodes.number
        mean = add("ReduceMean", add("Pow", x, number(2.0)), self._nodes.integers(-1), keepdims=1)
        root = add("Sqrt", add("Add", mean, number(self._config.rms_norm_eps)))
        return add("Mul", add("Div", x, root), weight)

    def _finish(self) -> ModelProto:
        weights = [*self._model.weights.tensors, *self._nodes.constants]
        graph = helper.make_graph(self._nodes.nodes, "step1", self._inputs, self._outputs, weights)
        domains = [helper.make_opsetid("", OPSET)]
        if any(node.domain == MICROSOFT for node in self._nodes.nodes):
            domains.append(helper.make_opsetid(MICROSOFT, 1))
        return helper.make_model(graph, opset_imports=domains, ir_version=_IR_VERSION)


def _value(name: str, kind: int, *shape: Dimension) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)
