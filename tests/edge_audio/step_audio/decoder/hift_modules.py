"""A vocoder of random weights whose sessions run over PyTorch modules in the place of exported graphs."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from edge_audio.step_audio.decoder.hift_session import HiftSession, Network, Pitch
from edge_audio.step_audio.decoder.source import HarmonicSource, SeededSourceNoise
from export.checkpoint import open_tensors
from export.hift.config import HiftConfig
from export.hift.export import hift_settings
from export.hift.generator import HiftSizes, load_generator
from export.hift.graphs import StageGraph
from export.toy.hift import random_hift
from runtime.worker import CancelToken


class ModuleGraph:
    """A module that runs as an `OnnxSession` does."""

    def __init__(self, module: torch.nn.Module, *inputs: str) -> None:
        self._module = module
        self.inputs = inputs

    def run(self, feeds: Mapping[str, np.ndarray], token: CancelToken | None) -> list[np.ndarray]:
        if token is not None:
            token.raise_if_cancelled()
        with torch.inference_mode():
            return [self._module(*(torch.from_numpy(feeds[name]) for name in self.inputs)).numpy()]


class ModuleVocoder:
    def __init__(self, config: HiftConfig, sizes: HiftSizes, folder: Path, seed: int = 0) -> None:
        torch.save(random_hift(config, sizes, torch.Generator().manual_seed(seed)), folder / "hift.pt")
        self.generator = load_generator(config, open_tensors(folder / "hift.pt"))
        self.settings = hift_settings(self.generator)

    def session(self, seed: int) -> HiftSession:
        settings = self.settings
        f0 = Network(ModuleGraph(self.generator.f0_predictor, "mel"), settings.f0_context, 1)
        stages = [
            Network(ModuleGraph(StageGraph(self.generator, number), "x", "source"), stage.context, stage.rate)
            for number, stage in enumerate(settings.stages)
        ]
        noise = SeededSourceNoise(seed, len(settings.source.weights))
        return HiftSession(Pitch(f0), HarmonicSource(settings.source, noise), stages)

    def mel(self, frames: int, seed: int = 0) -> np.ndarray:
        """A mel that wanders as speech does."""
        generator = np.random.default_rng(seed)
        shape = (self.settings.bands, frames)
        loudness = 2.0 * np.sin(np.arange(frames) / 9.0 + generator.uniform(0, 6))
        return (loudness - 4.0 + generator.standard_normal(shape)).astype(np.float32)
