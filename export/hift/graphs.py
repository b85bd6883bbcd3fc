"""The graphs that the vocoder is exported as: the pitch, and one for each stage."""

from pathlib import Path

import torch
from torch import nn

from export.graph import export_graph
from export.hift.generator import HiftGenerator

_FRAMES = torch.export.Dim("frames", min=2)
_TRACED_FRAMES = 7
"""Frames that a graph is traced with; it runs with any number."""


class StageGraph(nn.Module):
    """One stage from what goes into it to what leaves it; the first also begins, the last makes samples."""

    def __init__(self, generator: HiftGenerator, stage: int) -> None:
        super().__init__()
        self.generator = generator
        self.stage = stage
        self.is_last = stage == len(generator.ups) - 1

    def forward(self, x: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Return (1, channels, frames out) or, from the last stage, (1, samples).

        `x` is the mel or what the stage before returned, shape (1, channels, frames); `source` is the
        excitation in the same time, shape (1, 1, samples).
        """
        generator = self.generator
        if self.stage == 0:
            x = generator.conv_pre(x)
        branch = generator.source_branch(self.stage, generator.spectrum(source))
        x = generator.stage(self.stage, x, branch)
        return generator.wav(generator.spectral_frames(x)) if self.is_last else x


def write_f0_graph(generator: HiftGenerator, path: Path) -> None:
    """Write the graph from `mel` (1, bands, frames) to `f0` (1, frames)."""
    mel = torch.zeros(1, generator.sizes.bands, _TRACED_FRAMES)
    export_graph(generator.f0_predictor, {"mel": mel}, ["f0"], path, {"mel": {2: _FRAMES}})


def write_stage_graph(generator: HiftGenerator, stage: int, path: Path) -> None:
    """Write the graph of one stage, from `x` and `source` to `y`; shapes as `StageGraph` has them."""
    samples = generator.config.samples_from(stage)
    channels = generator.sizes.bands if stage == 0 else generator.sizes.channels[stage]
    inputs = {
        "x": torch.zeros(1, channels, _TRACED_FRAMES),
        "source": torch.zeros(1, 1, _TRACED_FRAMES * samples),
    }
    dynamic = {"x": {2: _FRAMES}, "source": {2: samples * _FRAMES}}
    export_graph(StageGraph(generator, stage), inputs, ["y"], path, dynamic)
