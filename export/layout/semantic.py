"""The semantic encoder's file, which is a graph in the release already."""

from pathlib import Path

import torch

from export.graph import export_graph
from export.semantic.encoder import SemanticEncoder
from export.semantic.export import MODEL

_TRACED_HOPS = 64


def write_semantic_file(tokenizer_folder: Path, module: SemanticEncoder) -> None:
    """Write `module` into the tokenizer's folder; the vectors of its codebook must have the length 1."""
    inputs = {
        "feats": torch.zeros(1, module.conv1.in_channels, _TRACED_HOPS),
        "feats_length": torch.tensor([_TRACED_HOPS], dtype=torch.int32),
    }
    hops = torch.export.Dim("hops", min=3, max=3000)
    tokenizer_folder.mkdir(parents=True, exist_ok=True)
    export_graph(module, inputs, ["indices"], tokenizer_folder / MODEL, {"feats": {2: hops}})
