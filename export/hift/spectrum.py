"""Fourier transforms as convolutions, which every runtime has."""

import math

import torch
from torch import nn
from torch.nn import functional

MAGNITUDE_LIMIT = 100.0
"""Magnitudes above it are clipped (Step-Audio release)."""


class Spectrum(nn.Module):
    """The short-time Fourier transform, centred and reflected at the edges, under a periodic Hann window."""

    def __init__(self, size: int, hop: int) -> None:
        super().__init__()
        self.size = size
        self.hop = hop
        cosines, sines = _waves(size)
        basis = torch.cat([cosines, -sines]) * _hann(size)
        self.register_buffer("basis", basis.float()[:, None], persistent=False)
        self.basis: torch.Tensor

    def forward(self, wav: torch.Tensor) -> torch.Tensor:
        """Return real parts and then imaginary parts, shape (batch, size + 2, samples // hop + 1).

        `wav` has the shape (batch, 1, samples).
        """
        padded = functional.pad(wav, (self.size // 2, self.size // 2), mode="reflect")
        return functional.conv1d(padded, self.basis, stride=self.hop)


class InverseSpectrum(nn.Module):
    """Its inverse: transforms overlap, and their sum is divided by that of the squared windows."""

    def __init__(self, size: int, hop: int) -> None:
        super().__init__()
        self.size = size
        self.hop = hop
        cosines, sines = _waves(size)
        # All frequencies but the first and the last stand for their mirror images too.
        weight = torch.full((size // 2 + 1, 1), 2.0 / size, dtype=torch.float64)
        weight[0] = weight[-1] = 1.0 / size
        basis = torch.cat([weight * cosines, -weight * sines]) * _hann(size)
        self.register_buffer("basis", basis.float()[:, None], persistent=False)
        self.register_buffer("overlap", _hann(size).square().float()[None, None], persistent=False)
        self.basis: torch.Tensor
        self.overlap: torch.Tensor

    def forward(self, log_magnitude: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
        """Return the waveform, shape (batch, 1, (frames - 1) * hop).

        Both arguments have the shape (batch, size / 2 + 1, frames): natural logarithm, and radians.
        """
        # Clipped before the exponential, which overflows in less than float32.
        magnitude = torch.exp(log_magnitude.clamp(max=math.log(MAGNITUDE_LIMIT)))
        parts = torch.cat([magnitude * torch.cos(phase), magnitude * torch.sin(phase)], dim=1)
        overlap = self._added(torch.ones_like(phase[:1, :1]), self.overlap)
        return self._added(parts, self.basis) / overlap

    def _added(self, frames: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
        return functional.conv_transpose1d(frames, basis, stride=self.hop, padding=self.size // 2)


def _waves(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return cosines and sines of all frequencies, shape (size / 2 + 1, size), float64."""
    angles = torch.outer(torch.arange(size // 2 + 1), torch.arange(size)) % size * (2 * math.pi / size)
    return torch.cos(angles.double()), torch.sin(angles.double())


def _hann(size: int) -> torch.Tensor:
    return torch.hann_window(size, periodic=True, dtype=torch.float64)
