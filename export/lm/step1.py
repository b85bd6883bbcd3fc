"""Step1 as a PyTorch module: grouped attention with square-root ALiBi, gated feed-forward, RMS norms."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from export.checkpoint import Tensors
from export.lm.config import LAYER, Step1Config


@dataclass(slots=True)
class LayerCache:
    """Keys and values of the positions that one layer has seen; each (positions, groups * head size)."""

    keys: Tensor | None = None
    values: Tensor | None = None

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add the rows of new positions and return all rows."""
        self.keys = keys if self.keys is None else torch.cat([self.keys, keys])
        self.values = values if self.values is None else torch.cat([self.values, values])
        return self.keys, self.values


@dataclass(slots=True)
class Trace:
    """The hidden states of one forward pass, each (positions, hidden size)."""

    layers: list[Tensor] = field(default_factory=list)
    """After each layer."""
    normed: Tensor | None = None
    """After the final norm."""


class RmsNorm(nn.Module):
    """Scales each vector to a mean square of 1, then by a learnt weight."""

    def __init__(self, size: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        self._epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis."""
        scale = torch.rsqrt(x.float().square().mean(-1, keepdim=True) + self._epsilon)
        return x * scale.to(x.dtype) * self.weight


class Attention(nn.Module):
    """Attention whose query heads share keys and values in groups."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self._groups = config.num_attention_groups
        self._head_size = config.head_size
        hidden, grouped = config.hidden_size, config.group_width
        self.q_proj = nn.Linear(hidden, hidden, bias=False)
        self.k_proj = nn.Linear(hidden, grouped, bias=False)
        self.v_proj = nn.Linear(hidden, grouped, bias=False)
        self.o_proj = nn.Linear(hidden, hidden, bias=False)

    def forward(self, x: Tensor, bias: Tensor, cache: LayerCache) -> Tensor:
        """Attend from `x` (new, hidden) to the cache and to `x` itself.

        `bias` (heads, new, positions) is added to the scores.
        """
        keys, values = cache.append(self.k_proj(x), self.v_proj(x))
        grouped = (self._groups, -1, self._head_size)
        queries = self.q_proj(x).view(len(x), *grouped).permute(1, 2, 0, 3)
        keys = keys.view(len(keys), *grouped).permute(1, 2, 3, 0)
        values = values.view(len(values), *grouped).permute(1, 2, 0, 3)
        scores = queries @ keys * self._head_size**-0.5 + bias.view(self._groups, -1, *bias.shape[1:])
        attended = scores.float().softmax(-1).to(x.dtype) @ values
        mixed: Tensor = self.o_proj(attended.permute(2, 0, 1, 3).flatten(1))
        return mixed


class FeedForward(nn.Module):
    """SwiGLU: one projection gates the other (Shazeer, 2020)."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` (new, hidden) to the same shape."""
        mapped: Tensor = self.down_proj(silu(self.gate_proj(x)) * self.up_proj(x))
        return mapped


class Layer(nn.Module):
    """Attention, then the feed-forward part; each adds to what it reads."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self.input_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = FeedForward(config)

    def forward(self, x: Tensor, bias: Tensor, cache: LayerCache) -> Tensor:
        """See `Attention.forward`."""
        x = x + self.self_attn(self.input_layernorm(x), bias, cache)
        mapped: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return mapped


class Backbone(nn.Module):
    """All but the head."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = RmsNorm(config.hidden_size, config.rms_norm_eps)


class Step1(nn.Module):
    """The whole model, for checkpoints that fit into memory; its parameters are named as released."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self.config = config
        self.model = Backbone(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def new_cache(self) -> list[LayerCache]:
        """Return an empty cache."""
        return [LayerCache() for _ in self.model.layers]

    def forward(self, ids: Tensor, cache: Sequence[LayerCache], trace: Trace | None = None) -> Tensor:
        """Return the logits (new, vocabulary) that follow each of the new `ids` (new,).

        `cache` holds the positions before and takes the new ones.
        """
        past = 0 if cache[0].keys is None else len(cache[0].keys)
        x: Tensor = self.model.embed_tokens(ids)
        bias = attention_bias(self.config.slopes, past, len(ids))
        for layer, layer_cache in zip(self.model.layers, cache, strict=True):
            x = layer(x, bias, layer_cache)
            if trace is not None:
                trace.layers.append(x)
        x = self.model.norm(x)
        if trace is not None:
            trace.normed = x
        logits: Tensor = self.lm_head(x) * self.config.logit_scale
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
    """Return what `Step1` would, holding the weights of only one layer at a time."""
    x = tensors.read("model.embed_tokens.weight")[ids].float()
    bias = attention_bias(config.slopes, 0, len(ids))
    for layer in _streamed_layers(tensors, config):
        x = layer(x, bias, LayerCache())
        layer_done()
    with torch.device("meta"):
        norm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
    tensors.under("model.norm.").load_into(norm)
    tensors.under("lm_head.").load_into(head)
    logits: Tensor = head(norm(x)) * config.logit_scale
    return logits


def _streamed_layers(tensors: Tensors, config: Step1Config) -> Iterator[Layer]:
    for index in range(config.num_hidden_layers):
        with torch.device("meta"):
            layer = Layer(config)
        tensors.under(LAYER.format(index)).load_into(layer)
        yield layer
