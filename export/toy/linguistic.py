"""A random linguistic encoder in the released layout."""

import json
from pathlib import Path

import torch

from export.layout.linguistic import PREFIX, write_linguistic_files
from export.linguistic.encoder import EncoderSizes, LinguisticEncoder
from export.release import PARAFORMER
from export.toy.size import Size
from export.toy.weights import random_tensors

_RELEASED = EncoderSizes(
    features=560, width=512, heads=4, feed_forward=2048, blocks=50, kernel=11, window=9, chunk=4, past=16
)
"""As the released config.yaml and tensors have it."""

_TINY = _RELEASED._replace(width=32, feed_forward=64, blocks=3)

_CODES = 1024

_VOCABULARY = ("<blank>", "<s>", "</s>", "<unk>")
"""Of the recogniser, which nothing here uses."""


def write_linguistic(tokenizer_folder: Path, size: Size, generator: torch.Generator) -> None:
    """Write the random encoder with all its files into `tokenizer_folder`, as in the release."""
    sizes = _RELEASED if size is Size.RELEASED else _TINY
    with torch.device("meta"):
        module = LinguisticEncoder(sizes)
    shapes = {PREFIX + name: tuple(value.shape) for name, value in module.state_dict().items()}
    # The recogniser's other parts are in the file too.
    shapes |= {
        "predictor.cif_conv1d.weight": (sizes.width, sizes.width, 3),
        "predictor.cif_output.weight": (1, sizes.width),
        "decoder.embed.0.weight": (len(_VOCABULARY), sizes.width),
    }
    tensors = random_tensors(shapes, generator)
    normalisation = _normalisation(sizes.features, generator)
    centroids = torch.randn((_CODES, sizes.width), generator=generator)
    write_linguistic_files(tokenizer_folder, sizes, tensors, normalisation, centroids)
    vocabulary = json.dumps(_VOCABULARY)
    (tokenizer_folder / PARAFORMER / "tokens.json").write_text(vocabulary, encoding="utf-8")


def _normalisation(values: int, generator: torch.Generator) -> torch.Tensor:
    """Return what brings log energies to about zero and one: a shift and a scale."""
    shift = -14.0 + torch.randn(values, generator=generator)
    scale = 0.25 + 0.02 * torch.rand(values, generator=generator)
    return torch.stack((shift, scale))
