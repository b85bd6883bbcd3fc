"""A passage through an untrained estimator of the flow: the foreseen spectrogram, less the noise.

That difference is what the estimator has to tell first of all. The noise can't be guessed from anything
else, so that all of it must get through, and a small estimator takes very long to make way for it: its
channels are few, and each block ends in a norm and an activation. Here some channels carry the difference
from the input to the output from the start, and what is learned is added to it on the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from export.flow.estimator import Block, Estimator, Residual
from export.flow.transformer import Transformer

_GROUPS = 8
"""Of the norms in the blocks."""

_SCALE = 0.5
"""By which the difference is multiplied while it is carried: it is some ±10 large, other channels ±1."""

_STEADYING = 6
"""Channels in each group of the last norm that are constant, ±`_STEADY`: with them, the norm's mean and
deviation, and so the level of what is carried, hardly depend on the rest."""
_STEADY = 12.0

_LIFT = 8.0
"""Added before the last activation, which is all but linear from 2 on."""
_REACH = 6.0
"""By which the last norm's outcome, about ±1, is multiplied."""

_QUIET = 0.1
"""What is left at first of what blocks add to the channels that carry."""


@dataclass(frozen=True, slots=True)
class _Channels:
    """Which of a full-rate level's channels carry, and which steady the last norm."""

    carrying: list[int]
    """One for each band."""
    steadying: list[int]

    @classmethod
    def of(cls, width: int, bands: int) -> "_Channels":
        """Spread them over the norm's groups. Raises `ValueError` if the channels are too few."""
        group, each = width // _GROUPS, bands // _GROUPS
        if bands % _GROUPS or each + _STEADYING > group:
            raise ValueError(f"{width} channels can't carry {bands} bands")
        return cls(
            [first + band for first in range(0, width, group) for band in range(each)],
            [first + group - 1 - place for first in range(0, width, group) for place in range(_STEADYING)],
        )


@torch.no_grad()
def open_passage(estimator: Estimator, bands: int) -> None:
    """Let an untrained `estimator` tell `mu` less `x`, whatever else it is given.

    Raises `ValueError` if the channels at its full rate are too few.
    """
    width = estimator.final_proj.in_channels
    channels = _Channels.of(width, bands)
    carrying = channels.carrying
    shortcuts = []
    for level in (estimator.down_blocks[0], estimator.up_blocks[-1]):
        assert isinstance(level, nn.ModuleList)
        residual, transformers, *_ = level
        assert isinstance(residual, Residual)
        assert isinstance(transformers, nn.ModuleList)
        _norm(residual.block2).weight[carrying] *= _QUIET
        for transformer in transformers:
            assert isinstance(transformer, Transformer)
            _quieten(transformer.attn1.to_out[0], carrying)
            _quieten(transformer.ff.net[2], carrying)
        shortcuts.append(_cleared(residual.res_conv, carrying))
    down, up = shortcuts
    down[carrying, list(range(bands))] = -_SCALE
    down[carrying, list(range(bands, 2 * bands))] = _SCALE
    # What the level kept on the way down comes second.
    up[carrying, [width + channel for channel in carrying]] = 1.0
    assert isinstance(level, nn.ModuleList)  # the last one
    for convolution in (level[2], estimator.final_block.block[0]):
        _cleared(convolution, carrying)[carrying, carrying] = 1.0
    _lift(estimator, channels)


def _lift(estimator: Estimator, channels: _Channels) -> None:
    """Bring what is carried through the last norm and activation to the output."""
    convolution, norm, activation = estimator.final_block.block
    assert isinstance(convolution, nn.Conv1d)
    assert isinstance(norm, nn.GroupNorm)
    _cleared(convolution, channels.steadying)
    assert convolution.bias is not None
    signs = torch.tensor([1.0, -1.0]).repeat(len(channels.steadying) // 2)
    convolution.bias[channels.steadying] = _STEADY * signs
    norm.weight[channels.carrying] = _REACH
    norm.bias[channels.carrying] = _LIFT
    group = norm.num_channels // norm.num_groups
    deviation = _STEADY * (_STEADYING / group) ** 0.5
    factor = deviation / _REACH / _SCALE
    projection = estimator.final_proj
    assert projection.bias is not None
    projection.weight.zero_()
    projection.weight[list(range(projection.out_channels)), channels.carrying, 0] = factor
    projection.bias.fill_(-factor * float(activation(torch.tensor(_LIFT))))


def _norm(block: Block) -> nn.GroupNorm:
    norm = block.block[1]
    assert isinstance(norm, nn.GroupNorm)
    return norm


def _quieten(layer: nn.Module, rows: Sequence[int]) -> None:
    assert isinstance(layer, nn.Linear)
    layer.weight[list(rows)] *= _QUIET
    layer.bias[list(rows)] *= _QUIET


def _cleared(layer: nn.Module, rows: Sequence[int]) -> Tensor:
    """Clear the rows of a convolution and return its weights in the middle, shape (outputs, inputs)."""
    assert isinstance(layer, nn.Conv1d)
    assert layer.bias is not None
    layer.weight[list(rows)] = 0.0
    layer.bias[list(rows)] = 0.0
    return layer.weight[:, :, layer.weight.shape[2] // 2]
