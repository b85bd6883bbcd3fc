"""Step1 as a PyTorch module: pre-norm layers of grouped attention with square-root ALiBi, and of SwiGLU.

One model for training (whole texts in batches, without a cache) and for what an export is held against
(position by position, with a cache): what is trained is by construction what is exported.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from export.checkpoint import Tensors
from export.lm.config import LAYER, Step1Config


@dataclass(slots=True)
class LayerCache:
    """Keys and values of the positions that a layer has seen, (batch, positions, groups * head size) each."""

    keys: Tensor | None = None
    values: Tensor | None = None

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add those of new positions and return those of all positions."""
        self.keys = keys if self.keys is None else torch.cat([self.keys, keys], 1)
        self.values = values if self.values is None else torch.cat([self.values, values], 1)
        return self.keys, self.values


@dataclass(slots=True)
class Trace:
    """What some layers compute in one forward pass, each by the layer's index."""

    layers: Collection[int]
    """The layers to keep it of."""
    hidden: dict[int, Tensor] = field(default_factory=dict)
    """What the layer returns, (batch, new, hidden size)."""
    scores: dict[int, Tensor] = field(default_factory=dict)
    """Its attention scores before the softmax, (batch, heads, new, positions)."""


class Attention(nn.Module):
    """Attention whose query heads share keys and values in groups."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self._heads = config.num_attention_heads
        self._groups = config.num_attention_groups
        self._scale = config.head_size**-0.5
        hidden, grouped = config.hidden_size, config.group_width
        self.q_proj = nn.Linear(hidden, hidden, bias=False)
        self.k_proj = nn.Linear(hidden, grouped, bias=False)
        self.v_proj = nn.Linear(hidden, grouped, bias=False)
        self.o_proj = nn.Linear(hidden, hidden, bias=False)

    def forward(self, x: Tensor, bias: Tensor, cache: LayerCache | None) -> tuple[Tensor, Tensor]:
        """Attend from `x` (batch, new, hidden) to the cache and to `x` itself.

        `bias` (heads, new, positions) is added to the scores. Returns what was gathered, in the shape of
        `x`, and the scores (batch, heads, new, positions) before the softmax.
        """
        keys, values = self.k_proj(x), self.v_proj(x)
        if cache is not None:
            keys, values = cache.append(keys, values)
        repeats = self._heads // self._groups
        queries = self.q_proj(x).unflatten(-1, (self._heads, -1)).transpose(1, 2)
        keys, values = (
            each.unflatten(-1, (self._groups, -1)).transpose(1, 2).repeat_interleave(repeats, 1)
            for each in (keys, values)
        )
        # On a CPU this learns twice as fast as PyTorch's own attention.
        scores = (queries * self._scale) @ keys.transpose(2, 3) + bias.to(queries.dtype)
        gathered = scores.softmax(-1) @ values
        mixed: Tensor = self.o_proj(gathered.transpose(1, 2).flatten(2))
        return mixed, scores


class FeedForward(nn.Module):
    """SwiGLU: one projection gates the other (Shazeer, 2020)."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` (..., hidden) to the same shape."""
        mapped: Tensor = self.down_proj(silu(self.gate_proj(x)) * self.up_proj(x))
        return mapped


class Layer(nn.Module):
    """Attention, then the feed-forward part, both pre-norm: each reads the norm of `x` and adds to `x`."""

    def __init__(self, config: Step1Config, dropout: float = 0.0) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = FeedForward(config)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor, cache: LayerCache | None = None) -> tuple[Tensor, Tensor]:
        """Return the transformed `x`, and the attention's scores. See `Attention.forward`."""
        gathered, scores = self.self_attn(self.input_layernorm(x), bias, cache)
        x = x + self.dropout(gathered)
        return x + self.dropout(self.mlp(self.post_attention_layernorm(x))), scores


class Backbone(nn.Module):
    """All but the head."""

    def __init__(self, config: Step1Config, dropout: float) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, dropout) for _ in range(config.num_hidden_layers))
        self.norm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)


class Step1(nn.Module):
    """The whole model, for checkpoints that fit into memory; its parameters are named as released."""

    def __init__(self, config: Step1Config, dropout: float = 0.0) -> None:
        """`dropout` is the part of what a layer adds that is dropped while the module is in training mode."""
        super().__init__()
        self.config = config
        self.model = Backbone(config, dropout)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def new_cache(self) -> list[LayerCache]:
        """Return an empty cache."""
        return [LayerCache() for _ in self.model.layers]

    def forward(
        self, ids: Tensor, cache: Sequence[LayerCache] | None = None, trace: Trace | None = None
    ) -> Tensor:
        """Return what the final norm makes of each of the new `ids` (batch, new): (batch, new, hidden size).

        `cache` holds the positions before and takes the new ones; without it there are none before. `trace`
        takes what its layers compute.
        """
        past = 0 if cache is None or cache[0].keys is None else cache[0].keys.shape[1]
        bias = attention_bias(self.config.slopes, past, ids.shape[1])
        x: Tensor = self.model.embed_tokens(ids)
        for index, layer in enumerate(self.model.layers):
            x, scores = layer(x, bias, None if cache is None else cache[index])
            if trace is not None and index in trace.layers:
                trace.hidden[index], trace.scores[index] = x, scores
        normed: Tensor = self.model.norm(x)
        return normed

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the logits (..., vocabulary) of what follows, of what `forward` returned."""
        logits: Tensor = self.lm_head(hidden) * self.config.logit_scale
        return logits


def attention_bias(slopes: Sequence[float], past: int, new: int) -> Tensor:
    """Return what is added to the scores of `new` queries after `past` keys: (heads, new, past + new)."""
    distance = torch.arange(past, past + new)[:, None] - torch.arange(past + new)
    root = distance.clamp(min=0).float().sqrt()
    bias = -torch.tensor(slopes)[:, None, None] * root
    return bias.masked_fill(distance < 0, -torch.inf)


def streamed_logits(
    tensors: Tensors, config: Step1Config, ids: Tensor, layer_done: Callable[[], None]
) -> Tensor:
    """Return what `Step1` would of `ids` (new,), holding one layer's weights at a time: (new, vocabulary)."""
    x = tensors.read("model.embed_tokens.weight")[ids][None].float()
    bias = attention_bias(config.slopes, 0, len(ids))
    for layer in _streamed_layers(tensors, config):
        x, _ = layer(x, bias)
        layer_done()
    with torch.device("meta"):
        norm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)
        head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
    tensors.under("model.norm.").load_into(norm)
    tensors.under("lm_head.").load_into(head)
    logits: Tensor = head(norm(x[0])) * config.logit_scale
    return logits


def _streamed_layers(tensors: Tensors, config: Step1Config) -> Iterator[Layer]:
    for index in range(config.num_hidden_layers):
        with torch.device("meta"):
            layer = Layer(config)
        tensors.under(LAYER.format(index)).load_into(layer)
        yield layer
