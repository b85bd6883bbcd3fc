"""The residual block of HiFT: dilated convolutions behind periodic activations."""

from collections.abc import Sequence

import torch
from torch import nn


class Snake(nn.Module):
    """The periodic activation x + sin(a x)^2 / a, with a trained frequency `a` for each channel.

    From L. Ziyin et al., Neural Networks Fail to Learn Periodic Functions (2020). Float32 only: in less, the
    reciprocal of a small frequency overflows.
    """

    _TINY = 1e-9
    """Keeps a frequency of zero from dividing by it (Step-Audio release)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the activation of `x`, shape (batch, channels, frames)."""
        alpha = self.alpha[:, None]
        sine = torch.sin(alpha * x)
        # A product, as a power takes ONNX Runtime three times as long.
        return x + sine * sine * (1.0 / (alpha + self._TINY))


class ResidualBlock(nn.Module):
    """Adds to its input, once for each dilation, what two activated convolutions make of it."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_conv(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_conv(channels, kernel, 1) for _ in dilations)
        self.activations1 = nn.ModuleList(Snake(channels) for _ in dilations)
        self.activations2 = nn.ModuleList(Snake(channels) for _ in dilations)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many frames as `x` has, shape (batch, channels, frames)."""
        steps = zip(self.activations1, self.convs1, self.activations2, self.convs2, strict=True)
        for activation1, conv1, activation2, conv2 in steps:
            x = x + conv2(activation2(conv1(activation1(x))))
        return x


def _conv(channels: int, kernel: int, dilation: int) -> nn.Conv1d:
    return nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=(kernel - 1) * dilation // 2)
