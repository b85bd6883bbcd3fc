"""A random semantic encoder in the released layout."""

from pathlib import Path

import torch

from export.layout.semantic import write_semantic_file
from export.semantic.encoder import SemanticEncoder, SemanticSizes
from export.toy.size import Size
from export.toy.weights import random_tensors

_RELEASED = SemanticSizes(bands=128, width=1280, heads=20, blocks=6, codes=4096)
"""As S3Tokenizer's description of the released file has it."""

_TINY = SemanticSizes(bands=128, width=32, heads=2, blocks=1, codes=4096)


def write_semantic(tokenizer_folder: Path, size: Size, generator: torch.Generator) -> None:
    """Write the random encoder as the file that the folder `tokenizer_folder` has in the release."""
    with torch.device("meta"):
        module = SemanticEncoder(_RELEASED if size is Size.RELEASED else _TINY)
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    module.load_state_dict(random_tensors(shapes, generator), assign=True)
    with torch.no_grad():
        weight = module.codebook.weight
        weight /= weight.norm(dim=1, keepdim=True)
    write_semantic_file(tokenizer_folder, module)
