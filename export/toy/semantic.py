"""A random semantic encoder in the released layout."""

from pathlib import Path

import torch

from export.graph import export_graph
from export.semantic.encoder import SemanticEncoder, SemanticSizes
from export.semantic.export import MODEL
from export.toy.size import Size
from export.toy.weights import random_tensors

_RELEASED = SemanticSizes(bands=128, width=1280, heads=20, blocks=6, codes=4096)
"""As S3Tokenizer's description of the released file has it."""

_TINY = SemanticSizes(bands=128, width=32, heads=2, blocks=1, codes=4096)

_TRACED_HOPS = 64


def write_semantic(tokenizer_folder: Path, size: Size, generator: torch.Generator) -> None:
    """Write the random encoder as the file that the folder `tokenizer_folder` has in the release."""
    with torch.device("meta"):
        module = SemanticEncoder(_RELEASED if size is Size.RELEASED else _TINY)
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    module.load_state_dict(random_tensors(shapes, generator), assign=True)
    with torch.no_grad():
        weight = module.codebook.weight
        weight /= weight.norm(dim=1, keepdim=True)
    inputs = {
        "feats": torch.zeros(1, module.conv1.in_channels, _TRACED_HOPS),
        "feats_length": torch.tensor([_TRACED_HOPS], dtype=torch.int32),
    }
    hops = torch.export.Dim("hops", min=3, max=3000)
    tokenizer_folder.mkdir(parents=True, exist_ok=True)
    export_graph(module, inputs, ["indices"], tokenizer_folder / MODEL, {"feats": {2: hops}})
