"""The linguistic encoder's files: weights, description, the features' normalisation, centroids."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import yaml

from export.linguistic.config import CONFIG
from export.linguistic.encoder import EncoderSizes
from export.linguistic.export import KMEANS, MEAN_VARIANCE, MODEL
from export.release import PARAFORMER

PREFIX = "encoder."
"""Of the encoder's tensors in `model.pt`, which holds the whole recogniser in the release."""

_STACKED, _STRIDE = 7, 6
"""Frames of the filter bank in one of the encoder's, and from one to the next."""


def write_linguistic_files(
    tokenizer_folder: Path,
    sizes: EncoderSizes,
    tensors: Mapping[str, torch.Tensor],
    normalisation: torch.Tensor,
    centroids: torch.Tensor,
) -> None:
    """Write the encoder into the tokenizer's folder; window, chunk and past must be those of the release.

    (No file tells them.) `tensors` are those of `model.pt`, the encoder's under `PREFIX`. `normalisation`
    (2, features) is what is added to a stacked frame, and what it is then multiplied by; `centroids` are
    (codes, width).
    """
    folder = tokenizer_folder / PARAFORMER
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(dict(tensors), folder / MODEL)
    (folder / CONFIG).write_text(yaml.safe_dump(_config(sizes), sort_keys=False), encoding="utf-8")
    (folder / MEAN_VARIANCE).write_text(_mean_variance(normalisation), encoding="ascii")
    metas = {"init_param": MODEL, "config": CONFIG, "frontend_conf": {"cmvn_file": MEAN_VARIANCE}}
    (folder / "configuration.json").write_text(json.dumps({"file_path_metas": metas}), encoding="utf-8")
    np.save(tokenizer_folder / KMEANS, centroids.numpy())


def _config(sizes: EncoderSizes) -> dict[str, object]:
    """Return what the recogniser's description says of encoder and features."""
    return {
        "model": "ParaformerStreaming",
        "encoder": "SANMEncoderChunkOpt",
        "encoder_conf": {
            "output_size": sizes.width,
            "attention_heads": sizes.heads,
            "linear_units": sizes.feed_forward,
            "num_blocks": sizes.blocks,
            "input_layer": "pe_online",
            "normalize_before": True,
            "kernel_size": sizes.kernel,
            "sanm_shfit": 0,
            "selfattention_layer_type": "sanm",
            # Of the recogniser's training; its streaming steps are set in Step-Audio's code.
            "chunk_size": [12, 15],
        },
        "frontend": "WavFrontendOnline",
        "frontend_conf": {
            "fs": 16000,
            "window": "hamming",
            "n_mels": 80,
            "frame_length": 25,
            "frame_shift": 10,
            "lfr_m": _STACKED,
            "lfr_n": _STRIDE,
        },
    }


def _mean_variance(normalisation: torch.Tensor) -> str:
    """Return the text of a Kaldi network that shifts and scales."""
    values = normalisation.shape[1]
    shift, scale = (
        "<LearnRateCoef> 0 [ " + " ".join(f"{number:.9g}" for number in row) + " ]"
        for row in normalisation.tolist()
    )
    return "\n".join(
        (
            "<Nnet>",
            f"<Splice> {values} {values}",
            "[ 0 ]",
            f"<AddShift> {values} {values}",
            shift,
            f"<Rescale> {values} {values}",
            scale,
            "</Nnet>\n",
        )
    )
