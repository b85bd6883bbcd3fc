"""Golden data of the vocoder: its equations in float64, its spectra by PyTorch's own transforms."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor
from torch.nn import functional

from tests.export.reference.weights import Weights, write_arrays, write_json

BANDS, BASE, PITCH_CHANNELS, SINES = 24, 24, 20, 6
RATES, KERNELS, SIZE, HOP = (5, 4), (11, 8), 12, 3
BLOCKS = ((3, (2,)), (5, (1,)))
SOURCE_BLOCKS = ((5, (1, 2)), (7, (3,)))
SLOPE, LIMIT, ALPHA, SIGMA, VOICED_HZ, RATE_HZ = 0.2, 0.9, 0.08, 0.005, 95.0, 16000
FRAMES, HEAD = 27, 333

CHANNELS = [BASE // 2**stage for stage in range(len(RATES) + 1)]
SAMPLES = int(np.prod(RATES)) * HOP


def write_hift(folder: Path, seed: int) -> None:
    folder.mkdir()
    model = Model(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    count = FRAMES * SAMPLES
    mel = torch.randn(1, BANDS, FRAMES, generator=generator)
    phase = (2 * torch.rand(1, SINES, 1, generator=generator) - 1) * np.pi
    phase[:, 0] = 0
    noise = torch.randn(1, SINES, count, generator=generator)
    told = {"mel": mel, "phase": phase, "noise": noise}
    told |= model.told(mel.double(), phase.double(), noise.double())
    assert (told["f0"] - VOICED_HZ).abs().min() > 0.05, "a pitch is too near the threshold; take another seed"
    assert (told["f0"] < VOICED_HZ).any()
    assert (told["f0"] > VOICED_HZ).any()
    write_arrays(folder / "golden.npz", told)
    head = torch.randn(1, 1, HEAD, generator=generator).double() / 10
    source = torch.cat((head, told["source"][..., HEAD:]), dim=2)
    magnitude = 120 * torch.rand(1, SIZE // 2 + 1, 19, generator=generator).double()
    angle = torch.randn(1, SIZE // 2 + 1, 19, generator=generator).double()
    extras = {
        "cache_source": head,
        "wav_with_cache_source": model.filtered(mel.double(), source)["wav"],
        "source_with_cache_source": source.float(),
        "istft_magnitude": magnitude,
        "istft_phase": angle,
        "istft_out": _inverse(magnitude, angle),
    }
    write_arrays(folder / "extras.npz", extras)
    soundfile.write(folder / "wav_reference.wav", told["wav"][0].numpy(), RATE_HZ, subtype="FLOAT")
    model.weights.save(folder / "hift.safetensors")
    write_json(folder / "config.json", _config())


def _window() -> Tensor:
    return torch.hann_window(SIZE, periodic=True, dtype=torch.float64)


def _inverse(magnitude: Tensor, angle: Tensor) -> Tensor:
    spectrum = torch.polar(magnitude.clamp(max=100), angle)
    return torch.istft(spectrum, SIZE, HOP, SIZE, window=_window())


class Model:
    """The reference, with random weights."""

    def __init__(self, seed: int) -> None:
        self.weights = _weights(seed)

    def told(self, mel: Tensor, phase: Tensor, noise: Tensor) -> dict[str, Tensor]:
        f0 = self._pitch(mel)
        every = f0.repeat_interleave(SAMPLES, dim=1)[:, None]
        orders = torch.arange(1, SINES + 1).double()[:, None]
        angle = 2 * np.pi * ((every * orders / RATE_HZ).cumsum(-1) % 1) + phase
        voiced = every > VOICED_HZ
        loudness = torch.where(voiced, SIGMA, ALPHA / 3)
        harmonics = ALPHA * angle.sin() * voiced + loudness * noise
        mix = self.weights.apply("m_source.l_linear", harmonics.transpose(1, 2)).transpose(1, 2)
        told = {"uv": voiced.double(), "sine_plus_noise_first512": harmonics[..., :512], "f0": f0}
        told["source"] = mix.tanh()
        return told | self.filtered(mel, told["source"])

    def _pitch(self, mel: Tensor) -> Tensor:
        x = mel
        for layer in range(0, 10, 2):
            x = functional.elu(self._conv(f"f0_predictor.condnet.{layer}", x, padding=1))
        return self.weights.apply("f0_predictor.classifier", x.transpose(1, 2))[..., 0].abs()

    def filtered(self, mel: Tensor, source: Tensor) -> dict[str, Tensor]:
        spectrum = torch.stft(source[:, 0], SIZE, HOP, SIZE, window=_window(), return_complex=True)
        told = {"s_stft": torch.cat((spectrum.real, spectrum.imag), dim=1)}
        x = told["conv_pre"] = self._conv("conv_pre", mel, padding=3)
        for stage, (rate, kernel) in enumerate(zip(RATES, KERNELS, strict=True)):
            x = functional.leaky_relu(x, SLOPE)
            weight, bias = self._kernel(f"ups.{stage}"), self.weights[f"ups.{stage}.bias"]
            x = functional.conv_transpose1d(x, weight, bias, stride=rate, padding=(kernel - rate) // 2)
            if stage == len(RATES) - 1:
                x = functional.pad(x, (1, 0), mode="reflect")
            down = int(np.prod(RATES[stage + 1 :]))
            branch = self._conv(
                f"source_downs.{stage}", told["s_stft"], padding=down // 2 if down > 1 else 0, stride=down
            )
            size, dilations = SOURCE_BLOCKS[stage]
            branch = self._block(f"source_resblocks.{stage}", branch, size, dilations)
            told[f"source_branch{stage}"] = branch
            x = x + branch
            x = sum(
                self._block(f"resblocks.{stage * len(BLOCKS) + number}", x, *block)
                for number, block in enumerate(BLOCKS)
            ) / len(BLOCKS)
        x = told["conv_post"] = self._conv("conv_post", functional.leaky_relu(x, 0.01), padding=3)
        magnitude, angle = x.exp().chunk(2, dim=1)[0], x.chunk(2, dim=1)[1].sin()
        told["wav"] = _inverse(magnitude, angle).clamp(-LIMIT, LIMIT)
        return told

    def _block(self, name: str, x: Tensor, size: int, dilations: tuple[int, ...]) -> Tensor:
        for number, dilation in enumerate(dilations):
            y = self._snake(f"{name}.activations1.{number}", x)
            padding = (size - 1) * dilation // 2
            y = self._conv(f"{name}.convs1.{number}", y, padding=padding, dilation=dilation)
            y = self._snake(f"{name}.activations2.{number}", y)
            x = x + self._conv(f"{name}.convs2.{number}", y, padding=(size - 1) // 2)
        return x

    def _snake(self, name: str, x: Tensor) -> Tensor:
        alpha = self.weights[f"{name}.alpha"][:, None]
        return x + (alpha * x).sin() ** 2 / (alpha + 1e-9)

    def _kernel(self, name: str) -> Tensor:
        if f"{name}.weight" in self.weights.tensors:
            return self.weights[f"{name}.weight"]
        direction = self.weights[f"{name}.weight_v"]
        return self.weights[f"{name}.weight_g"] * direction / direction.flatten(1).norm(dim=1)[:, None, None]

    def _conv(self, name: str, x: Tensor, padding: int, stride: int = 1, dilation: int = 1) -> Tensor:
        bias = self.weights[f"{name}.bias"]
        return functional.conv1d(x, self._kernel(name), bias, stride, padding, dilation)


def _weights(seed: int) -> Weights:
    w = Weights(seed)

    def normed(name: str, first: int, second: int, kernel: int, outputs: int, gain: float = 1.0) -> None:
        """Add a convolution as weight norm stores it."""
        w.add(f"{name}.bias", outputs)
        w.add(f"{name}.weight_g", first, 1, 1, around=gain, deviation=0.1 * gain)
        w.add(f"{name}.weight_v", first, second, kernel)

    def block(name: str, width: int, size: int, dilations: tuple[int, ...]) -> None:
        for number in range(len(dilations)):
            for part in "12":
                normed(f"{name}.convs{part}.{number}", width, width, size, width, 0.6)
                w.add(f"{name}.activations{part}.{number}.alpha", width, around=1.0)

    w.linear("m_source.l_linear", SINES, 1)
    normed("conv_pre", BASE, BANDS, 7, BASE)
    for stage, (wide, narrow) in enumerate(pairwise(CHANNELS)):
        normed(f"ups.{stage}", wide, narrow, KERNELS[stage], narrow, 2.0)
        down = int(np.prod(RATES[stage + 1 :]))
        w.conv(f"source_downs.{stage}", SIZE + 2, narrow, 2 * down if down > 1 else 1)
        block(f"source_resblocks.{stage}", narrow, *SOURCE_BLOCKS[stage])
        for number, sizes in enumerate(BLOCKS):
            block(f"resblocks.{stage * len(BLOCKS) + number}", narrow, *sizes)
    normed("conv_post", SIZE + 2, CHANNELS[-1], 7, SIZE + 2, 0.5)
    for layer in range(0, 10, 2):
        inputs = BANDS if layer == 0 else PITCH_CHANNELS
        normed(f"f0_predictor.condnet.{layer}", PITCH_CHANNELS, inputs, 3, PITCH_CHANNELS, 1.5)
    w.add("f0_predictor.classifier.weight", 1, PITCH_CHANNELS, deviation=15.0)
    w.add("f0_predictor.classifier.bias", 1, around=110.0)
    return w


def _config() -> dict[str, object]:
    return {
        "in_channels": BANDS,
        "base_channels": BASE,
        "nb_harmonics": SINES - 1,
        "sampling_rate": RATE_HZ,
        "nsf_alpha": ALPHA,
        "nsf_sigma": SIGMA,
        "nsf_voiced_threshold": VOICED_HZ,
        "upsample_rates": RATES,
        "upsample_kernel_sizes": KERNELS,
        "istft_params": {"n_fft": SIZE, "hop_len": HOP},
        "resblock_kernel_sizes": [size for size, _ in BLOCKS],
        "resblock_dilation_sizes": [dilations for _, dilations in BLOCKS],
        "source_resblock_kernel_sizes": [size for size, _ in SOURCE_BLOCKS],
        "source_resblock_dilation_sizes": [dilations for _, dilations in SOURCE_BLOCKS],
        "lrelu_slope": SLOPE,
        "audio_limit": LIMIT,
        "f0_cond_channels": PITCH_CHANNELS,
        "frames": FRAMES,
    }
