"""The transformer of the estimator: attention over all frames."""

import math

import torch
from torch import Tensor, nn

from export.flow.activation import gelu


class Attention(nn.Module):
    """Self-attention without positions: the convolutions know where a frame is."""

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_k = nn.Linear(width, inner, bias=False)
        self.to_v = nn.Linear(width, inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, width))

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape (batch, frames, width)."""
        queries = self.to_q(x).unflatten(-1, (self._heads, -1)).transpose(1, 2)
        keys = self.to_k(x).unflatten(-1, (self._heads, -1)).permute(0, 2, 3, 1)
        values = self.to_v(x).unflatten(-1, (self._heads, -1)).transpose(1, 2)
        scale = 1.0 / math.sqrt(queries.shape[-1])
        attention = torch.softmax((queries * scale) @ keys, dim=-1)
        result: Tensor = self.to_out((attention @ values).transpose(1, 2).flatten(2))
        return result


class Gelu(nn.Module):
    """A linear layer and the exact GELU."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (…, width) into (…, hidden)."""
        return gelu(self.proj(x))


class FeedForward(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        # The release has a dropout, which is nothing here, at index 1.
        self.net = nn.Sequential(Gelu(width, hidden), nn.Identity(), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape (…, width)."""
        result: Tensor = self.net(x)
        return result


class Transformer(nn.Module):
    """Attention and feed-forward, each normalised before and added after."""

    def __init__(self, width: int, hidden: int, inner: int, heads: int) -> None:
        """`hidden` is the width inside the feed-forward, `inner` that of all heads together."""
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(width, inner, heads)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape (batch, frames, width)."""
        x = x + self.attn1(self.norm1(x))
        result: Tensor = x + self.ff(self.norm3(x))
        return result
