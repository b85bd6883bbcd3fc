"""From a PyTorch module to an ONNX file."""

from pathlib import Path

import torch

from export.graph import export_graph


def test_a_graph_tells_nothing_of_where_it_was_made(tmp_path: Path) -> None:
    class Doubled(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2

    export_graph(Doubled(), {"x": torch.zeros(1, 64)}, ["y"], tmp_path / "graph.onnx")

    written = (tmp_path / "graph.onnx").read_bytes()
    assert Path(__file__).name.encode() not in written
    assert b"Doubled" not in written
