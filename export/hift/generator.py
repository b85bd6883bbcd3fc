"""HiFT, the vocoder: a mel spectrogram becomes a waveform, stage by stage."""

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from export.checkpoint import Tensors
from export.hift.config import HiftConfig
from export.hift.f0_predictor import F0Predictor
from export.hift.residual_block import ResidualBlock
from export.hift.source import HarmonicSource
from export.hift.spectrum import InverseSpectrum, Spectrum
from export.hift.weight_norm import folded, load_weight_normed

_HEAD_SLOPE = 0.01
"""Slope of the leaky rectifier before the last convolution (Step-Audio release)."""


_EDGE_KERNEL = 7
"""Frames that the first and the last convolution see (Step-Audio release)."""


@dataclass(frozen=True, slots=True)
class HiftSizes:
    """What the tensors of a vocoder tell of its dimensions."""

    bands: int
    """Bands of the mel."""
    channels: tuple[int, ...]
    """Of the frames that go into each stage, and of those that leave the last one."""
    harmonics: int
    """Sines of the excitation, the fundamental among them."""
    f0_channels: int
    """Inside the predictor of the pitch."""


class HiftGenerator(nn.Module):
    """HiFTNet (Y. A. Li et al., 2023) as Step-Audio has it, without weight norm.

    Every stage makes a frame into several and adds what the excitation's spectrum says of them; the frames
    of the last one are spectra, of which the inverse transform makes samples.
    """

    def __init__(self, config: HiftConfig, sizes: HiftSizes) -> None:
        super().__init__()
        self.config = config
        self.sizes = sizes
        channels, bins = sizes.channels, config.istft_params.n_fft + 2
        self.m_source = HarmonicSource(config, sizes.harmonics)
        self.conv_pre = nn.Conv1d(sizes.bands, channels[0], _EDGE_KERNEL, padding=_EDGE_KERNEL // 2)
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(before, after, kernel, rate, padding=(kernel - rate) // 2)
            for (before, after), kernel, rate in zip(
                pairwise(channels), config.upsample_kernel_sizes, config.upsample_rates, strict=True
            )
        )
        self.source_downs = nn.ModuleList(
            _down(bins, channels[stage + 1], config.samples_from(stage + 1) // config.istft_params.hop_len)
            for stage in range(len(config.upsample_rates))
        )
        self.source_resblocks = nn.ModuleList(
            ResidualBlock(size, kernel, dilations)
            for size, kernel, dilations in zip(
                channels[1:],
                config.source_resblock_kernel_sizes,
                config.source_resblock_dilation_sizes,
                strict=True,
            )
        )
        kernels = list(zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True))
        self.resblocks = nn.ModuleList(
            ResidualBlock(size, kernel, dilations) for size in channels[1:] for kernel, dilations in kernels
        )
        self.conv_post = nn.Conv1d(channels[-1], bins, _EDGE_KERNEL, padding=_EDGE_KERNEL // 2)
        self.f0_predictor = F0Predictor(sizes.bands, sizes.f0_channels)
        self.spectrum = Spectrum(config.istft_params.n_fft, config.istft_params.hop_len)
        self.inverse_spectrum = InverseSpectrum(config.istft_params.n_fft, config.istft_params.hop_len)

    def forward(self, mel: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Return the waveform, shape (batch, samples).

        `mel` has the shape (batch, bands, frames), `source` is the excitation, shape (batch, 1, samples).
        """
        spectrum = self.spectrum(source)
        x = self.conv_pre(mel)
        for stage in range(len(self.ups)):
            x = self.stage(stage, x, self.source_branch(stage, spectrum))
        return self.wav(self.spectral_frames(x))

    def source_branch(self, stage: int, spectrum: torch.Tensor) -> torch.Tensor:
        """Return what `stage` is told of the excitation, shape (batch, channels, frames)."""
        branch: torch.Tensor = self.source_resblocks[stage](self.source_downs[stage](spectrum))
        return branch

    def stage(self, stage: int, x: torch.Tensor, branch: torch.Tensor) -> torch.Tensor:
        """Return the frames that leave `stage`, each shape (batch, channels, frames)."""
        x = self.ups[stage](functional.leaky_relu(x, self.config.lrelu_slope))
        if stage == len(self.ups) - 1:
            x = functional.pad(x, (1, 0), mode="reflect")  # there is one more spectrum than hops
        x = x + branch
        outputs: list[torch.Tensor] = [block(x) for block in self.side_by_side(stage)]
        mean: torch.Tensor = reduce(torch.add, outputs) / len(outputs)
        return mean

    def side_by_side(self, stage: int) -> list[nn.Module]:
        """Return the residual blocks of `stage`, whose outputs are averaged."""
        count = len(self.config.resblock_kernel_sizes)
        return list(self.resblocks)[stage * count : (stage + 1) * count]

    def spectral_frames(self, x: torch.Tensor) -> torch.Tensor:
        """Return log magnitudes and then what the sine makes phases of, shape (batch, size + 2, frames)."""
        frames: torch.Tensor = self.conv_post(functional.leaky_relu(x, _HEAD_SLOPE))
        return frames

    def wav(self, frames: torch.Tensor) -> torch.Tensor:
        """Return the waveform of spectral frames, shape (batch, samples)."""
        log_magnitude, phase = frames.chunk(2, dim=1)
        wav: torch.Tensor = self.inverse_spectrum(log_magnitude, torch.sin(phase)).squeeze(1)
        limit = self.config.audio_limit
        return wav.clamp(-limit, limit)


def load_generator(config: HiftConfig, tensors: Tensors) -> HiftGenerator:
    """Return the vocoder with the weights `tensors`, ready to compute. Raises `UserError`."""
    plain = folded(tensors)
    ups = (f"ups.{stage}" for stage in range(len(config.upsample_rates)))
    sizes = HiftSizes(
        bands=plain.size("conv_pre.weight", 1),
        channels=tuple(plain.size(f"{name}.bias") for name in ("conv_pre", *ups)),
        harmonics=plain.size("m_source.l_linear.weight", 1),
        f0_channels=plain.size("f0_predictor.classifier.weight", 1),
    )
    generator = HiftGenerator(config, sizes)
    load_weight_normed(tensors, generator)
    return generator.eval().requires_grad_(False)


def _down(bins: int, channels: int, rate: int) -> nn.Conv1d:
    """Return the convolution that brings spectra down to the rate of a stage."""
    if rate == 1:
        return nn.Conv1d(bins, channels, 1)
    return nn.Conv1d(bins, channels, 2 * rate, rate, padding=rate // 2)
