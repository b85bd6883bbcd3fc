"""The excitation of the vocoder: harmonics of the pitch, and noise."""

import math

import torch
from torch import nn

from export.hift.config import HiftConfig


class HarmonicSource(nn.Module):
    """The source of a neural source-filter model (X. Wang et al., 2019): sines and noise in one signal."""

    def __init__(self, config: HiftConfig, harmonics: int) -> None:
        super().__init__()
        self.l_linear = nn.Linear(harmonics, 1)
        self._config = config

    def forward(self, f0: torch.Tensor, phase: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Return the excitation, shape (batch, 1, samples).

        `f0` is in Hz, shape (batch, frames); `phase`, where each harmonic starts, in radians, shape
        (batch, harmonics, 1); `noise`, standard normal, shape (batch, harmonics, samples).
        """
        return torch.tanh(self.l_linear(self.harmonics(f0, phase, noise).transpose(1, 2))).transpose(1, 2)

    def harmonics(self, f0: torch.Tensor, phase: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Return every harmonic with its noise, shape (batch, harmonics, samples); arguments as above."""
        config = self._config
        pitch = f0.repeat_interleave(config.samples_per_frame, dim=1)[:, None]
        # A phase that grows for a minute needs more digits than float32 has.
        cycles = torch.cumsum(pitch.double() / config.sampling_rate, dim=-1)
        orders = torch.arange(1, phase.shape[1] + 1, dtype=torch.float64)[:, None]
        angle = 2 * math.pi * (cycles * orders % 1.0) + phase
        sines = config.nsf_alpha * torch.sin(angle).to(f0.dtype)
        voiced = (pitch > config.nsf_voiced_threshold).to(f0.dtype)
        amplitude = voiced * config.nsf_sigma + (1 - voiced) * config.nsf_alpha / 3
        return sines * voiced + amplitude * noise
