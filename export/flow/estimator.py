"""The estimator of the flow model: a U-Net that tells in which direction the noise becomes speech."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from export.checkpoint import Tensors
from export.flow.activation import Mish
from export.flow.transformer import Transformer

_GROUPS = 8
"""Of the norms in the convolution blocks (Matcha-TTS, which CosyVoice builds on)."""

_TIME_SCALE = 1000.0
"""By which the time 0 … 1 is multiplied before it is encoded (Matcha-TTS)."""

_LONGEST_PERIOD = 10000.0


@dataclass(frozen=True, slots=True)
class EstimatorSizes:
    """Dimensions of the U-Net."""

    inputs: int
    """Channels of noise, codes, speaker and prompt together."""
    bands: int
    channels: tuple[int, ...]
    """Of each level on the way down."""
    time_inputs: int
    time_width: int
    heads: int
    attention_width: int
    """Width of queries, keys and values: all heads together."""
    hidden: tuple[int, ...]
    """Width inside the feed-forwards of each level."""
    transformers: int
    """After each residual block."""
    middle_blocks: int

    @classmethod
    def of(cls, tensors: Tensors, heads: int) -> "EstimatorSizes":
        """Read them off the estimator's tensors; only the number of heads doesn't show in a shape."""
        levels = range(tensors.count("down_blocks.{}.0.res_conv.weight"))
        return cls(
            inputs=tensors.size("down_blocks.0.0.res_conv.weight", 1),
            bands=tensors.size("final_proj.weight"),
            channels=tuple(tensors.size(f"down_blocks.{level}.0.res_conv.weight") for level in levels),
            time_inputs=tensors.size("time_mlp.linear_1.weight", 1),
            time_width=tensors.size("time_mlp.linear_1.weight"),
            heads=heads,
            attention_width=tensors.size("down_blocks.0.1.0.attn1.to_q.weight"),
            hidden=tuple(tensors.size(f"down_blocks.{i}.1.0.ff.net.0.proj.weight") for i in levels),
            transformers=tensors.count("down_blocks.0.1.{}.norm1.weight"),
            middle_blocks=tensors.count("mid_blocks.{}.0.res_conv.weight"),
        )


class TimeEmbedding(nn.Module):
    """The time as a vector."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self._inputs = inputs
        self.linear_1 = nn.Linear(inputs, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, t: Tensor) -> Tensor:
        """Turn (batch,) into (batch, width)."""
        half = self._inputs // 2
        rates = torch.exp(torch.arange(half, dtype=torch.float32) * (-math.log(_LONGEST_PERIOD) / (half - 1)))
        angles = _TIME_SCALE * t[:, None] * rates
        encoded = torch.cat((angles.sin(), angles.cos()), dim=-1)
        result: Tensor = self.linear_2(nn.functional.silu(self.linear_1(encoded)))
        return result


class Block(nn.Module):
    """Convolution, norm, Mish."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv1d(inputs, outputs, 3, padding=1), nn.GroupNorm(_GROUPS, outputs), Mish()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Turn (batch, inputs, frames) into (batch, outputs, frames)."""
        result: Tensor = self.block(x)
        return result


class Residual(nn.Module):
    """Two blocks beside a projection; the time is added between them."""

    def __init__(self, inputs: int, outputs: int, time_width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(Mish(), nn.Linear(time_width, outputs))
        self.block1 = Block(inputs, outputs)
        self.block2 = Block(outputs, outputs)
        self.res_conv = nn.Conv1d(inputs, outputs, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Turn (batch, inputs, frames) into (batch, outputs, frames)."""
        inner = self.block2(self.block1(x) + self.mlp(time)[:, :, None])
        result: Tensor = inner + self.res_conv(x)
        return result


class Halving(nn.Module):
    """Halves the frames, rounded up."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (batch, channels, frames) into (batch, channels, ⌈frames / 2⌉)."""
        result: Tensor = self.conv(x)
        return result


class Doubling(nn.Module):
    """Doubles the frames."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose1d(channels, channels, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (batch, channels, frames) into (batch, channels, 2 frames)."""
        result: Tensor = self.conv(x)
        return result


class Level(nn.ModuleList):
    """A residual block, transformers, and what changes the number of frames, if it changes.

    A list, because in the release its parts have numbers instead of names.
    """

    def __init__(
        self, inputs: int, width: int, hidden: int, sizes: EstimatorSizes, change: nn.Module | None = None
    ) -> None:
        transformers = nn.ModuleList(
            Transformer(width, hidden, sizes.attention_width, sizes.heads) for _ in range(sizes.transformers)
        )
        parts: list[nn.Module] = [Residual(inputs, width, sizes.time_width), transformers]
        super().__init__(parts if change is None else [*parts, change])

    def through(self, x: Tensor, time: Tensor) -> Tensor:
        """Turn (batch, inputs, frames) into (batch, width, frames)."""
        residual, transformers, *_ = self
        assert isinstance(transformers, nn.ModuleList)
        x = residual(x, time).transpose(1, 2)
        for transformer in transformers:
            x = transformer(x)
        return x.transpose(1, 2)

    def changed(self, x: Tensor) -> Tensor:
        """Change the number of frames."""
        result: Tensor = self[2](x)
        return result


class Estimator(nn.Module):
    """The velocity of `x` at the time `t`."""

    def __init__(self, sizes: EstimatorSizes) -> None:
        super().__init__()
        widths, hidden, last = sizes.channels, sizes.hidden, len(sizes.channels) - 1
        self.time_mlp = TimeEmbedding(sizes.time_inputs, sizes.time_width)
        self.down_blocks = nn.ModuleList(
            Level(inputs, width, hidden[i], sizes, _same(width) if i == last else Halving(width))
            for i, (inputs, width) in enumerate(zip((sizes.inputs, *widths), widths, strict=False))
        )
        self.mid_blocks = nn.ModuleList(
            Level(widths[-1], widths[-1], hidden[-1], sizes) for _ in range(sizes.middle_blocks)
        )
        self.up_blocks = nn.ModuleList()
        for i in range(last, -1, -1):
            above = max(i - 1, 0)
            change = _same(widths[above]) if i == 0 else Doubling(widths[above])
            self.up_blocks.append(Level(2 * widths[i], widths[above], hidden[above], sizes, change))
        self.final_block = Block(widths[0], widths[0])
        self.final_proj = nn.Conv1d(widths[0], sizes.bands, 1)

    def forward(self, x: Tensor, mu: Tensor, t: Tensor, spks: Tensor, cond: Tensor) -> Tensor:
        """Return the velocity, shape (batch, bands, frames), as have `x`, `mu` and `cond`.

        `t` is (batch,), from 0 to 1; `spks` is (batch, bands).
        """
        time = self.time_mlp(t)
        speaker = spks[:, :, None].expand(-1, -1, x.shape[-1])
        x = torch.cat((x, mu, speaker, cond), dim=1)
        kept = []
        for level in _levels(self.down_blocks):
            x = level.through(x, time)
            kept.append(x)
            x = level.changed(x)
        for level in _levels(self.mid_blocks):
            x = level.through(x, time)
        for level in _levels(self.up_blocks):
            before = kept.pop()
            # An odd number of frames was rounded up on the way down.
            x = torch.cat((x[:, :, : before.shape[-1]], before), dim=1)
            x = level.changed(level.through(x, time))
        result: Tensor = self.final_proj(self.final_block(x))
        return result


def _same(channels: int) -> nn.Module:
    """Return a convolution that keeps the number of frames."""
    return nn.Conv1d(channels, channels, 3, padding=1)


def _levels(blocks: nn.ModuleList) -> Iterator[Level]:
    for block in blocks:
        assert isinstance(block, Level)
        yield block
