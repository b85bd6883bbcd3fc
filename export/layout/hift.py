"""The vocoder's file `hift.pt`, and its part of `cosyvoice.yaml`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch

from export.hift.config import HiftConfig
from export.hift.export import MODEL
from export.hift.generator import HiftSizes
from export.layout.cosyvoice_yaml import SAMPLE_RATE, Tagged

_NORMED = re.compile(r"((conv_pre|conv_post|ups\..*|.*\.convs[12]\..*|f0_predictor\.condnet\..*)\.weight)")
"""Weights that the release keeps as length and direction."""


def write_hift_file(
    folder: Path, config: HiftConfig, sizes: HiftSizes, tensors: Mapping[str, torch.Tensor]
) -> dict[str, Any]:
    """Write the vocoder into the decoder's folder; return its section of `cosyvoice.yaml`.

    `tensors` are normed as the release's, see `weight_normed`.
    """
    torch.save(dict(tensors), folder / MODEL)
    return _section(config, sizes)


def weight_normed(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return `tensors` with those weights as pairs `weight_g`, `weight_v` that are pairs in the release.

    Of a pair only the direction of `weight_v` counts; here it has the length `weight_g` itself.
    """
    normed = dict(tensors)
    for name in [name for name in tensors if _NORMED.fullmatch(name)]:
        weight = normed.pop(name)
        others = tuple(range(1, weight.dim()))
        length = torch.linalg.vector_norm(weight, dim=others, keepdim=True)
        normed |= {f"{name}_g": length, f"{name}_v": weight}
    return normed


def _section(config: HiftConfig, sizes: HiftSizes) -> dict[str, Any]:
    """Return the arguments of the release's vocoder for these dimensions."""
    section: dict[str, Any] = msgspec.to_builtins(config)
    return section | {
        "sampling_rate": SAMPLE_RATE,
        "in_channels": sizes.bands,
        "base_channels": sizes.channels[0],
        "nb_harmonics": sizes.harmonics - 1,
        "f0_predictor": Tagged(
            "!new:cosyvoice.hifigan.f0_predictor.ConvRNNF0Predictor",
            {"num_class": 1, "in_channels": sizes.bands, "cond_channels": sizes.f0_channels},
        ),
    }
