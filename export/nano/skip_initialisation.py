"""Skip initialisation of the flow's estimator: it begins as `mu - x`, the prior spectrogram less noise.

That difference is the first thing the estimator has to learn. The noise can't be inferred from anything else,
so all of it must get through, and a small estimator takes very long to learn to pass it on: its channels are
few, and each block ends in a norm and an activation. With this initialisation some channels are an identity
path that carries the difference from the input to the output from the start; what is learned is added to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from export.flow.estimator import Block, Estimator, Residual
from export.flow.transformer import Transformer

_GROUPS = 8
"""Groups of the norms in the blocks."""

_SCALE = 0.5
"""Factor on the difference while it is carried: it is about ±10, other channels are ±1."""

_CONSTANT_CHANNELS = 6
"""Channels in each group of the last norm that are constant, ±`_CONSTANT`: with them, the norm's mean and
deviation, and so the level of what is carried, hardly depend on the rest."""

_CONSTANT = 12.0

_LIFT = 8.0
"""Added before the last activation, which is nearly linear from 2 on."""

_REACH = 6.0
"""Factor on the last norm's output, which is about ±1."""

_DAMPING = 0.1
"""Factor on the initial weights that add to the channels of the skip path."""


@dataclass(frozen=True, slots=True)
class _Channels:
    """The channels of a full-rate level that have a task of their own."""

    skip: list[int]
    """They carry the difference, one for each band."""
    constant: list[int]
    """They keep the last norm's mean and deviation."""

    @classmethod
    def of(cls, width: int, bands: int) -> "_Channels":
        """Spread them over the norm's groups. Raises `ValueError` if `width` channels are too few."""
        group, each = width // _GROUPS, bands // _GROUPS
        if bands % _GROUPS or each + _CONSTANT_CHANNELS > group:
            raise ValueError(f"{width} channels can't carry {bands} bands")
        return cls(
            [first + band for first in range(0, width, group) for band in range(each)],
            [
                first + group - 1 - place
                for first in range(0, width, group)
                for place in range(_CONSTANT_CHANNELS)
            ],
        )


@torch.no_grad()
def initialise_skip(estimator: Estimator, bands: int) -> None:
    """Let an untrained `estimator` return about `mu - x`, whatever its other inputs are.

    Raises `ValueError` if it has too few channels at its full rate.
    """
    width = estimator.final_proj.in_channels
    channels = _Channels.of(width, bands)
    skip = channels.skip
    shortcuts = []
    for level in (estimator.down_blocks[0], estimator.up_blocks[-1]):
        assert isinstance(level, nn.ModuleList)
        residual, transformers, *_ = level
        assert isinstance(residual, Residual)
        assert isinstance(transformers, nn.ModuleList)
        _norm(residual.block2).weight[skip] *= _DAMPING
        for transformer in transformers:
            assert isinstance(transformer, Transformer)
            _damp(transformer.attn1.to_out[0], skip)
            _damp(transformer.ff.net[2], skip)
        shortcuts.append(_cleared(residual.res_conv, skip))
    down, up = shortcuts
    down[skip, list(range(bands))] = -_SCALE
    down[skip, list(range(bands, 2 * bands))] = _SCALE
    # The U-Net's own skip connection is the second half of the input.
    up[skip, [width + channel for channel in skip]] = 1.0
    assert isinstance(level, nn.ModuleList)  # the last one
    for convolution in (level[2], estimator.final_block.block[0]):
        _cleared(convolution, skip)[skip, skip] = 1.0
    _lift(estimator, channels)


def _lift(estimator: Estimator, channels: _Channels) -> None:
    """Lead the skip path through the last norm and activation to the output."""
    convolution, norm, activation = estimator.final_block.block
    assert isinstance(convolution, nn.Conv1d)
    assert isinstance(norm, nn.GroupNorm)
    _cleared(convolution, channels.constant)
    assert convolution.bias is not None
    signs = torch.tensor([1.0, -1.0]).repeat(len(channels.constant) // 2)
    convolution.bias[channels.constant] = _CONSTANT * signs
    norm.weight[channels.skip] = _REACH
    norm.bias[channels.skip] = _LIFT
    group = norm.num_channels // norm.num_groups
    deviation = _CONSTANT * (_CONSTANT_CHANNELS / group) ** 0.5
    factor = deviation / _REACH / _SCALE
    projection = estimator.final_proj
    assert projection.bias is not None
    projection.weight.zero_()
    projection.weight[list(range(projection.out_channels)), channels.skip, 0] = factor
    projection.bias.fill_(-factor * float(activation(torch.tensor(_LIFT))))


def _norm(block: Block) -> nn.GroupNorm:
    norm = block.block[1]
    assert isinstance(norm, nn.GroupNorm)
    return norm


def _damp(layer: nn.Module, rows: Sequence[int]) -> None:
    assert isinstance(layer, nn.Linear)
    layer.weight[list(rows)] *= _DAMPING
    layer.bias[list(rows)] *= _DAMPING


def _cleared(layer: nn.Module, rows: Sequence[int]) -> Tensor:
    """Zero the rows of a convolution and return the weights of its middle tap, shape (outputs, inputs)."""
    assert isinstance(layer, nn.Conv1d)
    assert layer.bias is not None
    layer.weight[list(rows)] = 0.0
    layer.bias[list(rows)] = 0.0
    return layer.weight[:, :, layer.weight.shape[2] // 2]
