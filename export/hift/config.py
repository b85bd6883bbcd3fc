"""What `cosyvoice.yaml` says of HiFT, and tensor shapes cannot tell."""

from math import prod
from pathlib import Path
from typing import Annotated

import msgspec

from export.cosyvoice_yaml import read_section

_Count = Annotated[int, msgspec.Meta(ge=1)]
_Amount = Annotated[float, msgspec.Meta(ge=0)]


class IstftParams(msgspec.Struct, frozen=True):
    """The Fourier transform at both ends of the vocoder."""

    n_fft: _Count
    """Samples of a transform."""
    hop_len: _Count
    """Samples from one transform to the next."""


class HiftConfig(msgspec.Struct, frozen=True):
    """The section `hift` of `cosyvoice.yaml`, under the names of the release."""

    sampling_rate: _Count
    """Hz."""
    nsf_alpha: _Amount
    """Amplitude of a harmonic."""
    nsf_sigma: _Amount
    """Standard deviation of the noise where speech is voiced."""
    nsf_voiced_threshold: _Amount
    """Pitch above which speech is voiced, in Hz."""
    upsample_rates: tuple[_Count, ...]
    """Frames out for a frame in, stage by stage."""
    upsample_kernel_sizes: tuple[_Count, ...]
    """Kernel of each stage's transposed convolution."""
    istft_params: IstftParams
    resblock_kernel_sizes: tuple[_Count, ...]
    """Kernels of the residual blocks that run side by side in every stage."""
    resblock_dilation_sizes: tuple[tuple[_Count, ...], ...]
    """Dilations inside each of them."""
    source_resblock_kernel_sizes: tuple[_Count, ...]
    """Kernel of the residual block on the excitation, stage by stage."""
    source_resblock_dilation_sizes: tuple[tuple[_Count, ...], ...]
    """Dilations inside each of them."""
    lrelu_slope: _Amount
    """Slope of the leaky rectifier before a stage."""
    audio_limit: Annotated[float, msgspec.Meta(gt=0)]
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
