"""The conformer encoder of the flow model: attention with relative positions, no convolution."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from export.checkpoint import Tensors

_LAYER_EPSILON = 1e-12
"""Of the norms inside a layer; the others have PyTorch's 1e-5 (WeNet, which the release builds on)."""

_LONGEST_PERIOD = 10000.0
"""Of the sinusoidal positions ("Attention is all you need")."""


@dataclass(frozen=True, slots=True)
class ConformerSizes:
    """Dimensions of the encoder."""

    inputs: int
    width: int
    heads: int
    hidden: int
    """Width inside a feed-forward."""
    layers: int

    @classmethod
    def of(cls, tensors: Tensors) -> "ConformerSizes":
        """Read them off the encoder's tensors."""
        return cls(
            inputs=tensors.size("embed.out.0.weight", 1),
            width=tensors.size("embed.out.0.weight"),
            heads=tensors.size("encoders.0.self_attn.pos_bias_u"),
            hidden=tensors.size("encoders.0.feed_forward.w_1.weight"),
            layers=tensors.count("encoders.{}.norm_ff.weight"),
        )


class RelativeAttention(nn.Module):
    """Self-attention whose scores also depend on the distance (Transformer-XL, as in ESPnet)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.linear_q = nn.Linear(width, width)
        self.linear_k = nn.Linear(width, width)
        self.linear_v = nn.Linear(width, width)
        self.linear_out = nn.Linear(width, width)
        self.linear_pos = nn.Linear(width, width, bias=False)
        self.pos_bias_u = nn.Parameter(torch.empty(heads, width // heads))
        self.pos_bias_v = nn.Parameter(torch.empty(heads, width // heads))

    def forward(self, x: Tensor, distances: Tensor) -> Tensor:
        """Attend within `x`, shape (n, width); `distances` encodes n-1 … -(n-1), shape (2n-1, width)."""
        queries = self.linear_q(x).unflatten(-1, (self._heads, -1))
        keys = self.linear_k(x).unflatten(-1, (self._heads, -1)).permute(1, 2, 0)
        values = self.linear_v(x).unflatten(-1, (self._heads, -1)).transpose(0, 1)
        places = self.linear_pos(distances).unflatten(-1, (self._heads, -1)).permute(1, 2, 0)
        by_content = (queries + self.pos_bias_u).transpose(0, 1) @ keys
        by_distance = _shifted((queries + self.pos_bias_v).transpose(0, 1) @ places)
        scale = 1.0 / math.sqrt(self.pos_bias_u.shape[1])
        attention = torch.softmax((by_content + by_distance) * scale, dim=-1)
        mixed = (attention @ values).transpose(0, 1).flatten(1)
        result: Tensor = self.linear_out(mixed)
        return result


class FeedForward(nn.Module):
    """Two linear layers with a SiLU between them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.w_1 = nn.Linear(width, hidden)
        self.w_2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape (n, width)."""
        result: Tensor = self.w_2(nn.functional.silu(self.w_1(x)))
        return result


class ConformerLayer(nn.Module):
    """Attention and feed-forward, each normalised before and added after."""

    def __init__(self, sizes: ConformerSizes) -> None:
        super().__init__()
        self.self_attn = RelativeAttention(sizes.width, sizes.heads)
        self.feed_forward = FeedForward(sizes.width, sizes.hidden)
        self.norm_ff = nn.LayerNorm(sizes.width, eps=_LAYER_EPSILON)
        self.norm_mha = nn.LayerNorm(sizes.width, eps=_LAYER_EPSILON)

    def forward(self, x: Tensor, distances: Tensor) -> Tensor:
        """Keep the shape (n, width)."""
        x = x + self.self_attn(self.norm_mha(x), distances)
        result: Tensor = x + self.feed_forward(self.norm_ff(x))
        return result


class LinearInput(nn.Module):
    """What the encoder's input goes through first."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self._scale = math.sqrt(width)
        self.out = nn.Sequential(nn.Linear(inputs, width), nn.LayerNorm(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return shape (n, width), in the scale that the layers expect."""
        scaled: Tensor = self.out(x) * self._scale
        return scaled


class ConformerEncoder(nn.Module):
    """Encodes a sequence; every element sees all others."""

    def __init__(self, sizes: ConformerSizes) -> None:
        super().__init__()
        self._width = sizes.width
        self.embed = LinearInput(sizes.inputs, sizes.width)
        self.encoders = nn.ModuleList(ConformerLayer(sizes) for _ in range(sizes.layers))
        self.after_norm = nn.LayerNorm(sizes.width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn shape (n, inputs) into (n, width)."""
        x = self.embed(x)
        distances = encoded_distances(x.shape[0], self._width)
        for layer in self.encoders:
            x = layer(x, distances)
        result: Tensor = self.after_norm(x)
        return result


def encoded_distances(count: int, width: int) -> Tensor:
    """Return sines and cosines, in turn, of the distances count-1 … -(count-1).

    The shape is (2 count - 1, width).
    """
    distances = (count - 1) - torch.arange(2 * count - 1, dtype=torch.float32)
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(_LONGEST_PERIOD) / width))
    angles = distances[:, None] * rates
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)


def _shifted(scores: Tensor) -> Tensor:
    """Align scores by distance with the keys: (heads, n, 2n-1) to (heads, n, n).

    Row i wants columns n-1-i to 2n-2-i. With a column before the first, rows of 2n values read as rows of n
    put them there, without a gather.
    """
    heads, count, columns = scores.shape
    padded = nn.functional.pad(scores, (1, 0)).reshape(heads, columns + 1, count)
    return padded[:, 1:].reshape(heads, count, columns)[:, :, :count]
