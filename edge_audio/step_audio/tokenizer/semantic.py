"""Semantic codes (vq06), 25 a second: how it is said, from the released S3 tokenizer of CosyVoice."""

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
so they are identified by their order."""

PIECE_SAMPLES = 30 * INPUT_RATE_HZ
"""A recording is cut into pieces of 30 s, each of which is encoded alone (Step-Audio release)."""

LEAST_SAMPLES = 480
"""A shorter piece gets no codes (Step-Audio release)."""

_RANGE = np.float32(2.0)
"""A log-mel is clipped this far below its loudest value: 80 dB, in its units of 40 dB."""

_NO_CODES: Codes = np.empty(0, np.int64)


class SemanticSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the runtime must know of the released graph."""

    bands: FewCount
    """Mel bands of its input: 128 in the Step-Audio release."""
    hops_per_code: FewCount
    """Columns of the log-mel, 10 ms each, for a code: 4 in the Step-Audio release."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """How sound is cut to get codes while it arrives.

    The released encoder attends to whole recordings in both directions; on a stream, it reads one segment
    after another. The defaults are not tuned, as that takes the released weights. `edge-audio tokenize
    --compare` reports how many codes are the same as offline.
    """

    segment_s: float = 1.0
    """Length of a segment, rounded to a whole number of codes; its codes come all at once."""
    context_s: float = 1.0
    """Seconds before a segment that are encoded again with it, which costs as much as so much sound."""

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
        """Load the component in `folder`, which `python -m export semantic` wrote. Raises `UserError`."""
        component = Component(folder, COMPONENT)
        settings = component.settings(SemanticSettings)
        session = OnnxSession(component.path(GRAPH), compute)
        session.require({session.inputs[0]: (None, settings.bands, None)})
        return cls(session, settings)

    def codes(self, pcm: Samples, token: CancelToken | None = None) -> Codes:
        """Return the codes of a whole recording at 16 kHz, computed as in the release. Raises `Cancelled`."""
        pieces = [pcm[start : start + PIECE_SAMPLES] for start in range(0, len(pcm), PIECE_SAMPLES)]
        codes = [self.encode(self.log_mel(piece), token) for piece in pieces if len(piece) >= LEAST_SAMPLES]
        return np.concatenate([_NO_CODES, *codes])

    def log_mel(self, pcm: Samples) -> Features:
        """Return the encoder's input for `pcm`, shape (bands, samples // 160); at least 480 samples."""
        return self._log_mel(pcm)

    def encode(self, features: Features, token: CancelToken | None = None) -> Codes:
        """Return the codes for `features`, shape (bands, hops): one for every 4 hops, rounded up."""
        mel, length = self._session.inputs[:2]
        feeds = {mel: features[np.newaxis], length: np.array([features.shape[1]], np.int32)}
        codes: Codes = self._session.run(feeds, token)[0].reshape(-1).astype(np.int64)
        return codes

    def session(self, segmentation: Segmentation | None = None) -> "SemanticSession":
        """Return a session at the beginning of a stream."""
        return SemanticSession(self, segmentation or Segmentation())


class SemanticSession:
    """One stream of sound and its codes, segment by segment; up to 30 s there are as many as offline."""

    def __init__(self, encoder: SemanticEncoder, segmentation: Segmentation) -> None:
        self._encoder = encoder
        self._segmentation = segmentation
        self._code_samples = encoder.settings.hops_per_code * HOP_SAMPLES
        self._segment = max(1, self._codes_in(segmentation.segment_s)) * self._code_samples
        self._context = self._codes_in(segmentation.context_s) * self._code_samples
        self._pcm: Samples = np.zeros(0, np.float32)
        """The context, and the samples after it."""
        self._coded = 0
        """Samples of the context, whose codes were returned."""
        self._peak = np.float32(-np.inf)
        """The loudest value of the log-mel so far."""

    def feed(self, pcm: Samples, token: CancelToken | None = None) -> Codes:
        """Take samples at 16 kHz in [-1, 1]; return the codes of the segments that they complete.

        Raises `Cancelled`; the session has then lost codes and can't be used further.
        """
        self._pcm = np.concatenate((self._pcm, pcm))
        codes = [_NO_CODES]
        while len(self._pcm) >= (end := self._coded + self._segment):
            codes.append(self._new_codes(self._pcm[:end], token))
            kept = min(end, self._context)
            self._pcm, self._coded = self._pcm[end - kept :], kept
        return np.concatenate(codes)

    def finish(self, token: CancelToken | None = None) -> Codes:
        """Return the remaining codes; the session takes no more samples after that."""
        least = self._coded + HOP_SAMPLES if np.isfinite(self._peak) else LEAST_SAMPLES
        return self._new_codes(self._pcm, token) if len(self._pcm) >= least else _NO_CODES

    def fork(self) -> "SemanticSession":
        """Return an independent session that continues from here: finish it for the codes up to a pause."""
        copy = SemanticSession(self._encoder, self._segmentation)
        copy._pcm, copy._coded, copy._peak = self._pcm, self._coded, self._peak
        return copy

    def _new_codes(self, pcm: Samples, token: CancelToken | None) -> Codes:
        """Return the codes of the samples after the context in `pcm`, which begins with the context."""
        features = self._encoder.log_mel(pcm)
        # Offline, values are clipped 80 dB below the loudest of all; here, below the loudest so far.
        self._peak = max(self._peak, features.max())
        codes = self._encoder.encode(np.maximum(features, self._peak - _RANGE), token)
        return codes[self._coded // self._code_samples :]

    def _codes_in(self, seconds: float) -> int:
        return round(seconds * INPUT_RATE_HZ / self._code_samples)
