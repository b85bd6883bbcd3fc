"""A random linguistic encoder in the released layout."""

import json
from pathlib import Path

import numpy as np
import torch
import yaml

from export.linguistic.config import CONFIG
from export.linguistic.encoder import EncoderSizes, LinguisticEncoder
from export.linguistic.export import KMEANS, MEAN_VARIANCE, MODEL
from export.release import PARAFORMER
from export.toy.size import Size
from export.toy.weights import random_tensors

_RELEASED = EncoderSizes(
    features=560, width=512, heads=4, feed_forward=2048, blocks=50, kernel=11, window=9, chunk=4, past=16
)
"""As the released config.yaml and tensors have it."""

_TINY = _RELEASED._replace(width=32, feed_forward=64, blocks=3)

_CODES = 1024

_STACKED, _STRIDE = 7, 6
"""Frames of the filter bank in one of the encoder's, and from one to the next."""

_VOCABULARY = ("<blank>", "<s>", "</s>", "<unk>")
"""Of the recogniser, which nothing here uses."""


def write_linguistic(tokenizer_folder: Path, size: Size, generator: torch.Generator) -> None:
    """Write the random encoder with all its files into `tokenizer_folder`, as in the release."""
    sizes = _RELEASED if size is Size.RELEASED else _TINY
    folder = tokenizer_folder / PARAFORMER
    folder.mkdir(parents=True, exist_ok=True)
    with torch.device("meta"):
        module = LinguisticEncoder(sizes)
    shapes = {f"encoder.{name}": tuple(value.shape) for name, value in module.state_dict().items()}
    # The recogniser's other parts are in the file too.
    shapes |= {
        "predictor.cif_conv1d.weight": (sizes.width, sizes.width, 3),
        "predictor.cif_output.weight": (1, sizes.width),
        "decoder.embed.0.weight": (len(_VOCABULARY), sizes.width),
    }
    torch.save(random_tensors(shapes, generator), folder / MODEL)
    (folder / CONFIG).write_text(yaml.safe_dump(_config(sizes), sort_keys=False), encoding="utf-8")
    (folder / MEAN_VARIANCE).write_text(_mean_variance(sizes.features, generator), encoding="ascii")
    metas = {"init_param": MODEL, "config": CONFIG, "frontend_conf": {"cmvn_file": MEAN_VARIANCE}}
    (folder / "configuration.json").write_text(json.dumps({"file_path_metas": metas}), encoding="utf-8")
    (folder / "tokens.json").write_text(json.dumps(_VOCABULARY), encoding="utf-8")
    centroids = torch.randn((_CODES, sizes.width), generator=generator)
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


def _mean_variance(values: int, generator: torch.Generator) -> str:
    """Return the text of a Kaldi network that shifts and scales log energies to about zero and one."""
    shift = -14.0 + torch.randn(values, generator=generator)
    scale = 0.25 + 0.02 * torch.rand(values, generator=generator)

    def row(numbers: torch.Tensor) -> str:
        return "<LearnRateCoef> 0 [ " + " ".join(f"{number:.9g}" for number in numbers.tolist()) + " ]"

    return "\n".join(
        (
            "<Nnet>",
            f"<Splice> {values} {values}",
            "[ 0 ]",
            f"<AddShift> {values} {values}",
            row(shift),
            f"<Rescale> {values} {values}",
            row(scale),
            "</Nnet>\n",
        )
    )
