"""A random vocoder as the release has it: `hift.pt`, and its part of `cosyvoice.yaml`."""

from pathlib import Path
from typing import Any

import torch

from export.hift.config import HiftConfig, IstftParams
from export.hift.generator import HiftGenerator, HiftSizes
from export.layout.hift import weight_normed, write_hift_file
from export.toy.size import Size
from export.toy.weights import random_tensors

_DILATIONS = (1, 3, 5)

CONFIG = HiftConfig(
    sampling_rate=22050,
    nsf_alpha=0.1,
    nsf_sigma=0.003,
    nsf_voiced_threshold=10,
    upsample_rates=(8, 8),
    upsample_kernel_sizes=(16, 16),
    istft_params=IstftParams(n_fft=16, hop_len=4),
    resblock_kernel_sizes=(3, 7, 11),
    resblock_dilation_sizes=(_DILATIONS, _DILATIONS, _DILATIONS),
    source_resblock_kernel_sizes=(7, 11),
    source_resblock_dilation_sizes=(_DILATIONS, _DILATIONS),
    lrelu_slope=0.1,
    audio_limit=0.99,
)
"""As CosyVoice-300M has it; every size of a toy does."""

RELEASED = HiftSizes(bands=80, channels=(512, 256, 128), harmonics=9, f0_channels=512)
"""20.5 million parameters."""

TINY = HiftSizes(bands=80, channels=(16, 8, 4), harmonics=9, f0_channels=16)
"""36 thousand parameters."""

_TYPICAL_F0_HZ = 120.0


def write_hift(folder: Path, size: Size, generator: torch.Generator) -> dict[str, Any]:
    """Write `hift.pt` into the decoder's folder; returns the model's section of `cosyvoice.yaml`."""
    sizes = RELEASED if size is Size.RELEASED else TINY
    return write_hift_file(folder, CONFIG, sizes, random_hift(CONFIG, sizes, generator))


def random_hift(config: HiftConfig, sizes: HiftSizes, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Return random weights of these sizes, named and normed as the release's."""
    with torch.device("meta"):
        model = HiftGenerator(config, sizes)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    weights = random_tensors(shapes, generator)
    # Speech, rather than a hum far below the voiced range.
    weights["f0_predictor.classifier.weight"] *= _TYPICAL_F0_HZ
    weights["f0_predictor.classifier.bias"] += _TYPICAL_F0_HZ
    # Loud, but not clipped: it is the logarithm of the magnitudes that is scaled.
    weights["conv_post.weight"] *= 0.2
    weights = weight_normed(weights)
    for name, length in weights.items():
        if name.endswith("weight_g"):
            # The directions of released weights aren't as long as the weights either.
            weights[name.removesuffix("g") + "v"] *= 1.0 + torch.rand(length.shape, generator=generator)
    return weights
