"""HiFT, the vocoder: a mel spectrogram becomes sound."""

import math
from pathlib import Path
from typing import Annotated, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.component import Component, FewCount
from edge_audio.step_audio.decoder.euler import Mel
from edge_audio.step_audio.decoder.hift_session import Filter, HiftSession, Network, Pitch
from edge_audio.step_audio.decoder.source import (
    HarmonicSource,
    SeededSourceNoise,
    SourceNoise,
    SourceSettings,
)
from edge_audio.step_audio.decoder.window import Context
from runtime.compute import ON_CPU, Compute
from runtime.session import OnnxSession
from runtime.worker import CancelToken

COMPONENT = "hift"
"""Name of the component in its record."""

F0_GRAPH = "f0.onnx"
"""The graph that predicts the pitch: `mel` (1, bands, frames) to `f0` (1, frames), in Hz."""


class StageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stage of the vocoder, which upsamples frames."""

    graph: str
    """Its file: `x` (1, channels, frames) and `source` (1, 1, samples) to `y`."""
    rate: FewCount
    """Output frames for an input frame; samples at the last stage."""
    context: Context
    """In input frames."""


class HiftSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings in the record of an exported vocoder."""

    bands: FewCount
    """Bands of the mel."""
    source: SourceSettings
    f0_context: Context
    """In frames of mel."""
    stages: Annotated[tuple[StageSettings, ...], msgspec.Meta(min_length=1, max_length=100)]
    """In the order in which they run."""

    def __post_init__(self) -> None:
        made = math.prod(stage.rate for stage in self.stages)
        if made != self.source.samples_per_frame:
            raise ValueError(f"stages make {made} samples of a frame, not {self.source.samples_per_frame}")

    @property
    def look_ahead_frames(self) -> int:
        """Most frames of mel that must follow a frame before all of its samples are final."""
        ahead = 0
        for stage in reversed(self.stages):
            ahead = -(-ahead // stage.rate) + stage.context.right
        return ahead + self.f0_context.right + Pitch.BLOCK_FRAMES - 1


class HiftVocoder:
    """The loaded vocoder, shared by any number of sessions. Blocks while it computes: belongs on a lane."""

    def __init__(self, settings: HiftSettings, folder: Path, compute: Compute = ON_CPU) -> None:
        """Load the graphs in `folder`, which are those of a vocoder with these settings."""
        self.settings = settings
        """From the export's record."""
        self.sample_rate_hz = settings.source.sample_rate_hz
        """Rate of the sound."""
        self.look_ahead_frames = settings.look_ahead_frames
        """Most frames by which a session's sound lags its mel."""
        f0 = OnnxSession(folder / F0_GRAPH, compute)
        f0.require({"mel": (1, settings.bands, None)})
        self._f0 = Network(f0, settings.f0_context, 1)
        graphs = [OnnxSession(folder / stage.graph, compute) for stage in settings.stages]
        for graph in graphs:
            graph.require({"x": (1, None, None), "source": (1, 1, None)})
        graphs[0].require({"x": (1, settings.bands, None)})
        self._stages = tuple(
            Network(graph, stage.context, stage.rate)
            for graph, stage in zip(graphs, settings.stages, strict=True)
        )

    @classmethod
    def load(cls, folder: Path, compute: Compute = ON_CPU) -> Self:
        """Load the component in `folder`, which `python -m export hift` wrote. Raises `UserError`."""
        component = Component(folder, COMPONENT)
        settings = component.settings(HiftSettings)
        for graph in (F0_GRAPH, *(stage.graph for stage in settings.stages)):
            component.path(graph)
        return cls(settings, folder, compute)

    def session(self, seed: int) -> HiftSession:
        """Begin a mel; the same mel and seed give the same sound."""
        return self.session_with(SeededSourceNoise(seed, len(self.settings.source.weights)))

    def session_with(self, noise: SourceNoise) -> HiftSession:
        """Begin a mel with given noise."""
        return HiftSession(Pitch(self._f0), HarmonicSource(self.settings.source, noise), self._stages)

    def wav(self, mel: Mel, noise: SourceNoise, token: CancelToken | None = None) -> Samples:
        """Return the sound of a whole mel, computed at once; a session's pieces are the same samples.

        Takes 0.3 MB of memory a frame at the released size: use a session for long mels.
        """
        return self.session_with(noise).whole(mel, token)

    def f0(self, mel: Mel, token: CancelToken | None = None) -> NDArray[np.float32]:
        """Return the pitch of a whole mel in Hz, shape (frames,)."""
        pitch = Pitch(self._f0).advance(mel, True, token)
        return np.zeros(0, np.float32) if pitch is None else pitch[1]

    def filtered(self, mel: Mel, source: Samples, token: CancelToken | None = None) -> Samples:
        """Return the sound of a whole mel with a given excitation, `samples_per_frame` samples a frame."""
        return Filter(self._stages).advance((mel[None], source[None, None]), True, token)
