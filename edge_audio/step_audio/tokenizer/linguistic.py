"""Linguistic codes (vq02), 16.67 a second: what is said, from a streaming encoder and k-means."""

import copy
from pathlib import Path
from typing import Protocol, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.component import Component, Count, FewCount, read_array
from edge_audio.step_audio.features.kaldi import BANDS
from edge_audio.step_audio.tokenizer.front_end import Features, FeatureStream, FrontEnd, Stacking
from edge_audio.step_audio.tokens import Codes
from runtime.compute import ON_CPU, Compute
from runtime.session import Array, OnnxSession
from runtime.worker import CancelToken

COMPONENT = "linguistic"
"""Name of the component, and of its folder."""

GRAPH = "encoder.onnx"
"""One step of the encoder."""

NORMALISATION = "normalisation.npy"
"""float32 (2, values): what is added to a stacked frame, and the factor on the sum."""

CENTROIDS = "centroids.npy"
"""float32 (codes, width): the k-means centroid of each code."""

_LONGEST_PERIOD = 10000.0
"""Longest period of the positional sinusoids, in units of 2 pi frames (Vaswani et al., 2017)."""


class LinguisticSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the runtime must know of an exported encoder; lengths in frames of the encoder (60 ms)."""

    features: Count
    """Values of an input frame: 560 in the Step-Audio release."""
    width: Count
    """Values of an output frame: 512 in the Step-Audio release."""
    blocks: FewCount
    heads: FewCount
    chunk_frames: FewCount
    """New frames of a step: 4 in the Step-Audio release."""
    overlap_frames: FewCount
    """Old frames that a step reads again: 5 in the Step-Audio release."""
    look_back_chunks: FewCount
    """Steps whose keys and values are kept: 4 in the Step-Audio release."""
    stacked_frames: FewCount
    """Frames of the filter bank in a frame of the encoder: 7 in the Step-Audio release."""
    stride_frames: FewCount
    """Frames of the filter bank from a frame of the encoder to the next: 6 in the Step-Audio release."""

    def __post_init__(self) -> None:
        if self.features != self.stacked_frames * BANDS:
            raise ValueError(f"{self.stacked_frames} frames of {BANDS} bands are not {self.features} values")

    @property
    def window_frames(self) -> int:
        """Frames of a step: overlap and chunk."""
        return self.overlap_frames + self.chunk_frames

    @property
    def past_frames(self) -> int:
        """Frames whose keys and values are kept."""
        return self.look_back_chunks * self.chunk_frames

    @property
    def memory(self) -> tuple[int, int, int, int]:
        """Shape of the keys, and of the values, that are kept."""
        return self.blocks, self.heads, self.past_frames, self.width // self.heads


class EncoderStep(Protocol):
    """Computes one step of the encoder: the exported graph, or the PyTorch module."""

    def __call__(
        self, window: Array, keys: Array, values: Array, present: Array, token: CancelToken | None
    ) -> tuple[Array, Array, Array]:
        """Return the encoded window (window, width), and keys and values to keep (blocks, heads, chunk, …).

        `window` (window, features), `keys` and `values` (blocks, heads, past, head size), `present`
        (past + window,): 1 for frames that exist. All float32.
        """
        ...


class _Graph:
    """The exported graph as an `EncoderStep`."""

    def __init__(self, session: OnnxSession) -> None:
        self._session = session

    def __call__(
        self, window: Array, keys: Array, values: Array, present: Array, token: CancelToken | None
    ) -> tuple[Array, Array, Array]:
        feeds = {"window": window, "keys": keys, "values": values, "present": present}
        encoded, new_keys, new_values = self._session.run(feeds, token)
        return encoded, new_keys, new_values


class EncoderState:
    """The encoder's state for one stream: 3.3 MB at the released sizes, however long it runs."""

    def __init__(self, settings: LinguisticSettings) -> None:
        self.overlap: Features = np.zeros((settings.overlap_frames, settings.features), np.float32)
        """The last frames, scaled and with positions added; a stream begins with zeros."""
        self.keys: NDArray[np.float32] = np.zeros(settings.memory, np.float32)
        self.values: NDArray[np.float32] = np.zeros(settings.memory, np.float32)
        """Keys and values of past frames, shape (blocks, heads, past, head size). Attention doesn't depend on
        their order, so the newest replace the oldest."""
        self.frames = 0
        """Frames read so far."""
        self.steps = 0
        """Steps computed so far."""

    def copy(self) -> "EncoderState":
        """Return an independent state that continues from here."""
        other = copy.copy(self)
        other.keys, other.values = self.keys.copy(), self.values.copy()
        return other


class LinguisticEncoder:
    """The loaded encoder, shared by any number of sessions. Blocks while it computes: belongs on a lane."""

    def __init__(
        self,
        settings: LinguisticSettings,
        normalisation: NDArray[np.float32],
        centroids: NDArray[np.float32],
        step: EncoderStep,
    ) -> None:
        """`normalisation` is (2, features), `centroids` (codes, width)."""
        self.settings = settings
        self.front_end = FrontEnd(
            Stacking(settings.stacked_frames, settings.stride_frames, settings.chunk_frames), *normalisation
        )
        self.codes = len(centroids)
        """How many codes there are."""
        self._centroids = centroids
        self._step = step
        half = settings.features // 2
        self._rates = _LONGEST_PERIOD ** (-np.arange(half) / (half - 1))

    @classmethod
    def load(cls, folder: Path, compute: Compute = ON_CPU) -> Self:
        """Load the component in `folder`, which `python -m export linguistic` wrote. Raises `UserError`."""
        component = Component(folder, COMPONENT)
        for name in (GRAPH, NORMALISATION, CENTROIDS):
            component.path(name)
        return cls.of_files(folder, component.settings(LinguisticSettings), compute)

    @classmethod
    def of_files(
        cls,
        folder: Path,
        settings: LinguisticSettings,
        compute: Compute = ON_CPU,
    ) -> Self:
        """Load the files in `folder`, which are those of an encoder with these settings."""
        session = OnnxSession(folder / GRAPH, compute)
        session.require(
            {
                "window": (settings.window_frames, settings.features),
                "keys": settings.memory,
                "new_keys": (settings.blocks, settings.heads, settings.chunk_frames, None),
                "encoded": (None, settings.width),
            }
        )
        normalisation = read_array(folder / NORMALISATION, 2, settings.features)
        centroids = read_array(folder / CENTROIDS, None, settings.width)
        return cls(settings, normalisation, centroids, _Graph(session))

    def session(self) -> "LinguisticSession":
        """Return a session at the beginning of a stream."""
        return LinguisticSession(self, self.front_end.stream(), EncoderState(self.settings))

    def encode(self, features: Features, state: EncoderState, token: CancelToken | None = None) -> Features:
        """Compute one step for 1 to chunk_frames new frames, and add them to `state`.

        Returns the encoded window without its missing frames; the last `len(features)` rows are those of the
        new frames. Only a stream's last step may have fewer than chunk_frames. Raises `Cancelled`, and then
        leaves `state` as it was.
        """
        settings = self.settings
        end = settings.overlap_frames + len(features)
        window = np.zeros((settings.window_frames, settings.features), np.float32)
        window[: settings.overlap_frames] = state.overlap
        window[settings.overlap_frames : end] = self._placed(features, state.frames)
        present = np.zeros(settings.past_frames + settings.window_frames, np.float32)
        present[: state.steps * settings.chunk_frames] = 1.0
        present[settings.past_frames :] = np.arange(settings.window_frames) < end

        encoded, keys, values = self._step(window, state.keys, state.values, present, token)

        slot = state.steps % settings.look_back_chunks * settings.chunk_frames
        state.keys[:, :, slot : slot + settings.chunk_frames] = keys
        state.values[:, :, slot : slot + settings.chunk_frames] = values
        state.overlap = window[end - settings.overlap_frames : end]
        state.frames += len(features)
        state.steps += 1
        return encoded[:end]

    def nearest(self, encoded: Features) -> Codes:
        """Return the code of each encoded frame: the nearest centroid, the first one in a tie."""
        # The differences themselves: |c|^2 - 2 x.c is faster, but rounds close calls the wrong way.
        differences = (self._centroids - frame for frame in encoded)
        return np.array([np.argmin(np.einsum("cw,cw->c", d, d)) for d in differences], np.int64)

    def _placed(self, features: Features, before: int) -> NDArray[np.float32]:
        """Return `features`, scaled, plus the encoding of their positions after `before` frames, from 1.

        It is computed here in float64, not in the graph: in a session of hours the angles outgrow float32.
        """
        positions = before + 1 + np.arange(len(features))
        angles = positions[:, None] * self._rates
        encoding = np.concatenate((np.sin(angles), np.cos(angles)), axis=1).astype(np.float32)
        placed: NDArray[np.float32] = features * np.float32(self.settings.width**0.5) + encoding
        return placed


class LinguisticSession:
    """One stream of sound and its codes, which don't depend on where the sound is cut."""

    def __init__(self, encoder: LinguisticEncoder, stream: FeatureStream, state: EncoderState) -> None:
        self._encoder = encoder
        self._stream = stream
        self._state = state

    @property
    def steps(self) -> int:
        """Steps of the encoder so far."""
        return self._state.steps

    def feed(self, pcm: Samples, token: CancelToken | None = None) -> Codes:
        """Take samples at 16 kHz in [-1, 1]; return the codes of all steps that they complete.

        Raises `Cancelled`; the session has then lost codes and can't be used further.
        """
        self._stream.push(pcm)
        codes = [np.empty(0, np.int64)]
        while (features := self._stream.next_step()) is not None:
            codes.append(self._codes(features, token))
        return np.concatenate(codes)

    def finish(self, token: CancelToken | None = None) -> Codes:
        """Return the remaining codes; the session takes no more samples after that.

        They differ from those of the same sound when more follows, as the last step has less context.
        """
        features = self._stream.last_step()
        return np.empty(0, np.int64) if features is None else self._codes(features, token)

    def fork(self) -> "LinguisticSession":
        """Return an independent session that continues from here: finish it for the codes up to a pause."""
        return LinguisticSession(self._encoder, self._stream.fork(), self._state.copy())

    def _codes(self, features: Features, token: CancelToken | None) -> Codes:
        encoded = self._encoder.encode(features, self._state, token)
        return self._encoder.nearest(encoded[-len(features) :])
