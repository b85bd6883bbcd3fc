"""The dual-codebook tokenizer: token ids of two linguistic and three semantic codes in turn."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from edge_audio.audio.frame import Samples
from edge_audio.step_audio import sentencepiece_vocabulary, text_tokenizer
from edge_audio.step_audio.features.loudness import QUIETEST_PEAK, RunningPeak
from edge_audio.step_audio.features.preprocess import preprocess
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.language_model import settings as language_model
from edge_audio.step_audio.placement import ALL_ON_CPU, Placement
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from edge_audio.step_audio.tokenizer import linguistic, semantic
from edge_audio.step_audio.tokenizer.linguistic import LinguisticEncoder, LinguisticSession
from edge_audio.step_audio.tokenizer.semantic import Segmentation, SemanticEncoder, SemanticSession
from edge_audio.step_audio.tokens import RELEASED, AudioTokens, Codes, Ids, Interleaver
from runtime.errors import UserError
from runtime.worker import CancelToken


@dataclass(frozen=True, slots=True, eq=False)
class DualCodes:
    """The codes of a recording, by codebook."""

    linguistic: Codes
    """16.67 a second; the release calls them vq02."""
    semantic: Codes
    """25 a second; the release calls them vq06."""


class DualTokenizer:
    """Both encoders, shared by any number of sessions. Blocks while it computes: belongs on a lane."""

    def __init__(
        self, linguistic: LinguisticEncoder, semantic: SemanticEncoder, tokens: AudioTokens = RELEASED
    ) -> None:
        """`tokens` are the audio tokens of the model that reads the codes."""
        self.tokens = tokens
        self._linguistic = linguistic
        self._semantic = semantic

    @classmethod
    def load(cls, models: Path, placement: Placement = ALL_ON_CPU, tokens: AudioTokens | None = None) -> Self:
        """Load both encoders from `models`, which `python -m export all` wrote.

        `tokens` are by default those of the language model's tokenizer in `models`, or else the release's.
        Raises `UserError` if a component is missing or they don't fit each other.
        """
        tokens = tokens or _audio_tokens(models / language_model.NAME) or RELEASED
        first = LinguisticEncoder.load(models / linguistic.COMPONENT, placement.of(linguistic.COMPONENT))
        if first.codes > tokens.linguistic:
            raise UserError(
                f"{models / linguistic.COMPONENT / linguistic.CENTROIDS} has {first.codes} codes, "
                f"but there are tokens for {tokens.linguistic}.",
                "Export encoder and language model of the same release.",
            )
        then = SemanticEncoder.load(models / semantic.COMPONENT, placement.of(semantic.COMPONENT))
        return cls(first, then, tokens)

    def tokenize(
        self, recording: Recording, *, trim: bool = False, token: CancelToken | None = None
    ) -> DualCodes:
        """Return the codes of a whole recording, as the release computes them.

        The release trims silence (`trim`) from the recording of a voice prompt, but not from speech in a
        dialogue. Raises `UserError` for a rate under 16 kHz, `Cancelled` once `token` is cancelled.
        """
        pcm = preprocess(recording, trim=trim)
        session = self._linguistic.session()
        codes = np.concatenate((session.feed(pcm, token), session.finish(token)))
        return DualCodes(codes, self._semantic.codes(pcm, token))

    def ids(self, codes: DualCodes) -> Ids:
        """Return the token ids of a recording's codes; an incomplete last group is dropped."""
        return self.tokens.interleave(codes.linguistic, codes.semantic)

    def session(self, segmentation: Segmentation | None = None, peak: float = QUIETEST_PEAK) -> "DualSession":
        """Return a session at the beginning of a stream; `peak` is its initial level."""
        return DualSession(
            self._linguistic.session(),
            self._semantic.session(segmentation),
            RunningPeak(peak),
            Interleaver(self.tokens),
        )


class DualSession:
    """One stream of sound and its token ids, which are computed while it arrives.

    A stream can't be scaled by the loudest sample of all, and the semantic encoder can't read a whole
    recording: so the ids differ from the offline ones (`edge-audio tokenize --compare` reports how much).
    They don't depend on where the stream is cut.
    """

    def __init__(
        self,
        linguistic: LinguisticSession,
        semantic: SemanticSession,
        level: RunningPeak,
        interleaver: Interleaver,
    ) -> None:
        self._linguistic = linguistic
        self._semantic = semantic
        self._level = level
        self._interleaver = interleaver

    @property
    def peak(self) -> float:
        """The largest magnitude so far, with which the same speaker's next session can begin."""
        return self._level.peak

    def feed(self, pcm: Samples, token: CancelToken | None = None) -> Ids:
        """Take samples at 16 kHz; return the ids of all groups that they complete.

        Raises `Cancelled`; the session has then lost codes and can't be used further.
        """
        levelled = self._level.push(pcm)
        return self._interleaver.feed(
            self._linguistic.feed(levelled, token), self._semantic.feed(levelled, token)
        )

    def finish(self, token: CancelToken | None = None) -> Ids:
        """Return the remaining ids; an incomplete last group is dropped."""
        return self._interleaver.feed(self._linguistic.finish(token), self._semantic.finish(token))

    def fork(self) -> "DualSession":
        """Return an independent session that continues from here: finish it to get the ids up to a pause."""
        return DualSession(
            self._linguistic.fork(),
            self._semantic.fork(),
            RunningPeak(self._level.peak),
            copy.deepcopy(self._interleaver),
        )


def _audio_tokens(folder: Path) -> AudioTokens | None:
    """Return the audio tokens of the language model in `folder`, None if there is none or it has none."""
    names = (sentencepiece_vocabulary.MODEL, text_tokenizer.JSON)
    if not any((folder / name).is_file() for name in names):
        return None
    return TextTokenizer.open(folder).audio
