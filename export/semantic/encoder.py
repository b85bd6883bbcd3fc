"""The semantic encoder's structure, to make random ones of: the release has it as ONNX only.

It is the encoder of Whisper behind two convolutions of stride 2, and a codebook on the unit sphere:
CosyVoice's supervised semantic (S3) tokenizer, first version, 25 Hz edition.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

_LONGEST_PERIOD = 10000.0
_MOST_CODES = 1500
"""Codes of the 60 s for which there are positions."""


class SemanticSizes(NamedTuple):
    """The sizes of the encoder."""

    bands: int
    width: int
    heads: int
    blocks: int
    codes: int


class Attention(nn.Module):
    """Attention in both directions; keys have no bias."""

    def __init__(self, sizes: SemanticSizes) -> None:
        super().__init__()
        self._heads = sizes.heads
        self.query = nn.Linear(sizes.width, sizes.width)
        self.key = nn.Linear(sizes.width, sizes.width, bias=False)
        self.value = nn.Linear(sizes.width, sizes.width)
        self.out = nn.Linear(sizes.width, sizes.width)

    def forward(self, frames: Tensor, hidden: Tensor) -> Tensor:
        """Return what frames (batch, n, width) gather; `hidden` (n,) is added to the scores of each key."""
        queries, keys, values = (
            layer(frames).unflatten(-1, (self._heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        scores = queries @ keys.transpose(2, 3) * queries.shape[-1] ** -0.5
        gathered = torch.softmax(scores + hidden, dim=-1) @ values
        transformed: Tensor = self.out(gathered.transpose(1, 2).flatten(2))
        return transformed


class Block(nn.Module):
    """Attention and a feed-forward net, each behind a norm and added to what came in."""

    def __init__(self, sizes: SemanticSizes) -> None:
        super().__init__()
        self.attn = Attention(sizes)
        self.attn_ln = nn.LayerNorm(sizes.width)
        self.mlp = nn.Sequential(
            nn.Linear(sizes.width, 4 * sizes.width), nn.GELU(), nn.Linear(4 * sizes.width, sizes.width)
        )
        self.mlp_ln = nn.LayerNorm(sizes.width)

    def forward(self, frames: Tensor, hidden: Tensor) -> Tensor:
        """Return the transformed frames, shape (batch, n, width)."""
        frames = frames + self.attn(self.attn_ln(frames), hidden)
        transformed: Tensor = self.mlp(self.mlp_ln(frames))
        return frames + transformed


class SemanticEncoder(nn.Module):
    """Log-mel in, codes out."""

    def __init__(self, sizes: SemanticSizes) -> None:
        super().__init__()
        self._width = sizes.width
        self.conv1 = nn.Conv1d(sizes.bands, sizes.width, 3, stride=2, padding=1)
        self.conv2 = nn.Conv1d(sizes.width, sizes.width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList([Block(sizes) for _ in range(sizes.blocks)])
        self.codebook = nn.Linear(sizes.width, sizes.codes, bias=False)

    def forward(self, features: Tensor, length: Tensor) -> Tensor:
        """Return int32 codes (1, codes) for a log-mel, float32 (1, bands, hops), of int32 (1,) hops.

        Hops from `length` on don't count.
        """
        vectors = self.vectors(features, length)
        nearest: Tensor = self.codebook(nn.functional.normalize(vectors, dim=-1)).argmax(dim=-1)
        return nearest.to(torch.int32)

    def vectors(self, features: Tensor, length: Tensor, first: int = 0) -> Tensor:
        """Return what codes are made of, shape (batch, codes, width), of log-mels (batch, bands, hops).

        All have int32 (1,) hops of `length`; the codes have the positions from `first` on.
        """
        frames = nn.functional.gelu(self.conv1(_cut(features, length)))
        length = (length + 1) // 2
        frames = nn.functional.gelu(self.conv2(_cut(frames, length)))
        length = (length + 1) // 2
        vectors = _cut(frames, length).transpose(1, 2)
        count = torch.arange(vectors.shape[1])
        vectors = vectors + self._positions()[first : first + vectors.shape[1]]
        hidden = torch.where(count < length, 0.0, -1e9)
        for block in self.blocks:
            vectors = block(vectors, hidden)
        return vectors

    def _positions(self) -> Tensor:
        half = self._width // 2
        rates = torch.exp(-math.log(_LONGEST_PERIOD) / (half - 1) * torch.arange(half))
        angles = torch.arange(_MOST_CODES)[:, None] * rates
        return torch.cat((angles.sin(), angles.cos()), dim=1)


def _cut(frames: Tensor, length: Tensor) -> Tensor:
    """Put zeros in the place of the frames (batch, values, n) from `length` on."""
    return frames * (torch.arange(frames.shape[2]) < length)
