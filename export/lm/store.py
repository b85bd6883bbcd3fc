"""A checkpoint's weights, moved into the weights file one after the other."""

from collections.abc import Callable, Sequence

import torch

from export.checkpoint import Tensors
from export.lm.config import LAYER, Step1Config
from export.lm.linear import Linear, store
from export.lm.network import StoredLayer, StoredModel
from export.lm.weights_file import WeightsFile
from export.precision import Precision


def store_model(
    tensors: Tensors,
    config: Step1Config,
    head_ids: Sequence[int] | None,
    precision: Precision,
    weights: WeightsFile,
    layer_done: Callable[[], None],
) -> StoredModel:
    """Write all weights of a model to the file; never more than one large matrix is in memory.

    The head keeps only the rows of `head_ids`, all if it is None. The embedding stays in the type of the
    checkpoint: only the rows of the ids are ever read from it. With 4 bits the head has 8, as it decides the
    ids and is small once it is cut.
    """
    embedding = "embedding"
    weights.add(embedding, tensors.read("model.embed_tokens.weight"))
    layers = []
    for index in range(config.num_hidden_layers):
        layers.append(_store_layer(tensors.under(LAYER.format(index)), f"layer_{index}", precision, weights))
        layer_done()
    weights.add("norm", tensors.read("model.norm.weight").float())
    head = tensors.read("lm_head.weight")
    if head_ids is not None:
        head = head[torch.tensor(head_ids)]
    head_precision = Precision.INT8 if precision is Precision.INT4 else precision
    stored_head = store(weights, "head", head, head_precision)
    return StoredModel(config, weights, embedding, tuple(layers), "norm", stored_head, len(head))


def _store_layer(tensors: Tensors, name: str, precision: Precision, weights: WeightsFile) -> StoredLayer:
    def joined(role: str, *names: str) -> Linear:
        matrix = torch.cat([tensors.read(f"{each}.weight") for each in names])
        return store(weights, f"{name}.{role}", matrix, precision)

    def norm(role: str, source: str) -> str:
        weights.add(f"{name}.{role}", tensors.read(f"{source}.weight").float())
        return f"{name}.{role}"

    return StoredLayer(
        input_norm=norm("input_norm", "input_layernorm"),
        query_key_value=joined("query_key_value", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        output=joined("output", "self_attn.o_proj"),
        feed_forward_norm=norm("feed_forward_norm", "post_attention_layernorm"),
        gate_up=joined("gate_up", "mlp.gate_proj", "mlp.up_proj"),
        down=joined("down", "mlp.down_proj"),
    )
