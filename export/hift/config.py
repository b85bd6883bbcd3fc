"""What `cosyvoice.yaml` says of HiFT, and tensor shapes cannot tell."""

from math import prod
from pathlib import Path

import msgspec

from export.cosyvoice_yaml import read_section


class IstftParams(msgspec.Struct, frozen=True):
    """The Fourier transform at both ends of the vocoder."""

    n_fft: int
    """Samples of a transform."""
    hop_len: int
    """Samples from one transform to the next."""


class HiftConfig(msgspec.Struct, frozen=True):
    """The section `hift` of `cosyvoice.yaml`, under the names of the release."""

    sampling_rate: int
    """Hz."""
    nsf_alpha: float
    """Amplitude of a harmonic."""
    nsf_sigma: float
    """Standard deviation of the noise where speech is voiced."""
    nsf_voiced_threshold: float
    """Pitch above which speech is voiced, in Hz."""
    upsample_rates: tuple[int, ...]
    """Frames out for a frame in, stage by stage."""
    upsample_kernel_sizes: tuple[int, ...]
    """Kernel of each stage's transposed convolution."""
    istft_params: IstftParams
    resblock_kernel_sizes: tuple[int, ...]
    """Kernels of the residual blocks that run side by side in every stage."""
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]
    """Dilations inside each of them."""
    source_resblock_kernel_sizes: tuple[int, ...]
    """Kernel of the residual block on the excitation, stage by stage."""
    source_resblock_dilation_sizes: tuple[tuple[int, ...], ...]
    """Dilations inside each of them."""
    lrelu_slope: float
    """Slope of the leaky rectifier before a stage."""
    audio_limit: float
    """Samples are clamped to plus and minus this."""

    def __post_init__(self) -> None:
        stages = {
            len(self.upsample_rates),
            len(self.upsample_kernel_sizes),
            len(self.source_resblock_kernel_sizes),
            len(self.source_resblock_dilation_sizes),
        }
        if len(stages) != 1 or len(self.resblock_kernel_sizes) != len(self.resblock_dilation_sizes):
            raise ValueError("the lists of rates, kernels and dilations differ in length")
        if any(
            kernel % 2 == 0 for kernel in (*self.resblock_kernel_sizes, *self.source_resblock_kernel_sizes)
        ):
            raise ValueError("a residual block has an even kernel, which would shift its frames")

    @property
    def samples_per_frame(self) -> int:
        """Samples of waveform for one frame of mel."""
        return self.samples_from(0)

    def samples_from(self, stage: int) -> int:
        """Return how many samples become of one frame that goes into `stage`, counted from 0."""
        return prod(self.upsample_rates[stage:]) * self.istft_params.hop_len


def read_hift_config(path: Path) -> HiftConfig:
    """Read the section `hift` of the `cosyvoice.yaml` at `path`. Raises `UserError`."""
    return read_section(path, "hift", HiftConfig)
