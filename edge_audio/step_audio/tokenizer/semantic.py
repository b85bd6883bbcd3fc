"""Semantic codes (vq06): how it is said, 25 codes a second, from the released S3 tokenizer of CosyVoice."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec
import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.audio.log_mel import HOP_SAMPLES, Features, LogMel
from edge_audio.step_audio.component import Component, FewCount
from edge_audio.step_audio.tokens import Codes
from runtime.compute import ON_CPU, Compute
from runtime.errors import UserError
from runtime.session import OnnxSession
from runtime.worker import CancelToken

COMPONENT = "semantic"
"""Name of the component, and of its folder."""

GRAPH = "encoder.onnx"
"""The released graph: log-mel and its length in, codes out. The names of its inputs differ between editions,
so they are told by their order."""

PIECE_SAMPLES = 30 * INPUT_RATE_HZ
"""A recording is cut into pieces of 30 s, each heard by itself (Step-Audio release)."""

LEAST_SAMPLES = 480
"""A shorter piece gets no codes (Step-Audio release)."""

_RANGE = np.float32(2.0)
"""How far below the loudest value of a log-mel the others are raised to: 80 dB, in its units of 40 dB."""

_NO_CODES: Codes = np.empty(0, np.int64)


class SemanticSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the runtime must know of the released graph."""

    bands: FewCount
    """Mel bands that it hears: 128 in the Step-Audio release."""
    hops_per_code: FewCount
    """Columns of the log-mel, 10 ms each, that make a code: 4 in the Step-Audio release."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """How sound is cut to get codes while it still goes on.

    The released encoder hears whole recordings, in both directions; live, it hears one segment after another.
    Nobody has tuned the defaults: that takes the released weights. `edge-audio tokenize --compare` tells how
    many codes stay what they are offline.
    """

    segment_s: float = 1.0
    """Codes come once for every so many seconds; a segment is a whole number of codes long."""
    context_s: float = 1.0
    """Seconds before a segment that are heard with it once more, at the cost of as much computing."""

    def __post_init__(self) -> None:
        if not self.segment_s > 0 or not self.context_s >= 0:
            raise UserError(
                f"A segment of {self.segment_s} s after a context of {self.context_s} s makes no sense.",
                "Choose a segment longer than 0 s, and no negative context.",
            )


class SemanticEncoder:
    """The loaded graph, shared by any number of sessions. Blocks while it computes: belongs on a lane."""

    def __init__(self, session: OnnxSession, settings: SemanticSettings) -> None:
        self.settings = settings
        self._session = session
        self._log_mel = LogMel(settings.bands)

    @classmethod
    def load(cls, folder: Path, compute: Compute = ON_CPU) -> Self:
        """Load what `python -m export semantic` wrote into `folder`. Raises `UserError`."""
        component = Component(folder, COMPONENT)
        settings = component.settings(SemanticSettings)
        session = OnnxSession(component.path(GRAPH), compute)
        session.require({session.inputs[0]: (None, settings.bands, None)})
        return cls(session, settings)

    def codes(self, pcm: Samples, token: CancelToken | None = None) -> Codes:
        """Return the codes of a whole recording at 16 kHz, as the release makes them. Raises `Cancelled`."""
        pieces = [pcm[start : start + PIECE_SAMPLES] for start in range(0, len(pcm), PIECE_SAMPLES)]
        heard = [self.encode(self.log_mel(piece), token) for piece in pieces if len(piece) >= LEAST_SAMPLES]
        return np.concatenate([_NO_CODES, *heard])

    def log_mel(self, pcm: Samples) -> Features:
        """Return what the encoder hears of `pcm`, shape (bands, samples // 160); at least 480 samples."""
        return self._log_mel(pcm)

    def encode(self, features: Features, token: CancelToken | None = None) -> Codes:
        """Return the codes for `features`, shape (bands, hops): one for every 4 hops begun."""
        mel, length = self._session.inputs[:2]
        feeds = {mel: features[np.newaxis], length: np.array([features.shape[1]], np.int32)}
        codes: Codes = self._session.run(feeds, token)[0].reshape(-1).astype(np.int64)
        return codes

    def session(self, segmentation: Segmentation | None = None) -> "SemanticSession":
        """Return a session at the beginning of a stream."""
        return SemanticSession(self, segmentation or Segmentation())


class SemanticSession:
    """One stream of sound and its codes, segment by segment, as many as offline in up to 30 s."""

    def __init__(self, encoder: SemanticEncoder, segmentation: Segmentation) -> None:
        self._encoder = encoder
        self._segmentation = segmentation
        self._code_samples = encoder.settings.hops_per_code * HOP_SAMPLES
        self._segment = max(1, self._codes_in(segmentation.segment_s)) * self._code_samples
        self._context = self._codes_in(segmentation.context_s) * self._code_samples
        self._pcm: Samples = np.zeros(0, np.float32)
        """The context, and what came after it."""
        self._heard = 0
        """Samples of the context, which have their codes."""
        self._peak = np.float32(-np.inf)
        """The loudest value of the log-mel so far."""

    def feed(self, pcm: Samples, token: CancelToken | None = None) -> Codes:
        """Take in samples at 16 kHz in [-1, 1]; return the codes of the segments that they complete.

        Raises `Cancelled`; the session has lost codes then and must be given up.
        """
        self._pcm = np.concatenate((self._pcm, pcm))
        codes = [_NO_CODES]
        while len(self._pcm) >= (end := self._heard + self._segment):
            codes.append(self._new_codes(self._pcm[:end], token))
            kept = min(end, self._context)
            self._pcm, self._heard = self._pcm[end - kept :], kept
        return np.concatenate(codes)

    def finish(self, token: CancelToken | None = None) -> Codes:
        """Return the codes of what is left; the session takes in nothing after that."""
        least = self._heard + HOP_SAMPLES if np.isfinite(self._peak) else LEAST_SAMPLES
        return self._new_codes(self._pcm, token) if len(self._pcm) >= least else _NO_CODES

    def fork(self) -> "SemanticSession":
        """Return a session that goes on from here by itself: finish it to learn the codes up to a pause."""
        copy = SemanticSession(self._encoder, self._segmentation)
        copy._pcm, copy._heard, copy._peak = self._pcm, self._heard, self._peak
        return copy

    def _new_codes(self, pcm: Samples, token: CancelToken | None) -> Codes:
        """Return the codes of what follows the context in `pcm`, which begins with the context."""
        features = self._encoder.log_mel(pcm)
        # Offline, values are raised to 80 dB below the loudest of all; here, below the loudest so far.
        self._peak = max(self._peak, features.max())
        codes = self._encoder.encode(np.maximum(features, self._peak - _RANGE), token)
        return codes[self._heard // self._code_samples :]

    def _codes_in(self, seconds: float) -> int:
        return round(seconds * INPUT_RATE_HZ / self._code_samples)
