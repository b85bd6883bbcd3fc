"""The flow's stage: codes and a speaker embedding become a mel spectrogram by flow matching.

A prior loss (as in Matcha-TTS; in training only) makes the encoder's output predict the spectrogram, so that
little is left for the flow. Some examples have no conditions, for classifier-free guidance.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_audio.step_audio.decoder.flow import frame_positions
from edge_audio.step_audio.tokens import GROUP, RELEASED
from export.flow.conformer import ConformerSizes
from export.flow.estimator import EstimatorSizes
from export.flow.flow import Flow, FlowEncoder, FlowSizes
from export.flow.length_regulator import RegulatorSizes
from export.nano.codes import GROUP_S, Coded
from export.nano.features import MEL_BANDS, MEL_HOP, MEL_RATE_HZ, Sentence
from export.nano.skip_initialisation import initialise_skip
from export.nano.speaker import EMBEDDING

NAME = "flow"

SIZES = FlowSizes(
    vocabulary=RELEASED.count,
    bands=MEL_BANDS,
    embedding=EMBEDDING,
    regulator=RegulatorSizes(convolutions=4, groups=1),
    encoder=ConformerSizes(inputs=160, width=192, heads=4, hidden=576, layers=4),
    estimator=EstimatorSizes(
        inputs=4 * MEL_BANDS,
        bands=MEL_BANDS,
        channels=(192, 128),
        time_inputs=4 * MEL_BANDS,
        time_width=256,
        heads=4,
        attention_width=128,
        hidden=(384, 384),
        transformers=1,
        middle_blocks=4,
    ),
)

_LENGTHS = (20, 32, 48)
"""Groups of prompt and target together, one of these for each batch: a decoder's window may have 50."""

_FRAMES_PER_GROUP = GROUP_S * MEL_RATE_HZ / MEL_HOP
_BATCH_GROUPS = 440
"""Groups of all examples of a batch."""
_UNCONDITIONAL = 0.1
"""Share of the examples whose conditions (codes, speaker, prompt) are dropped, which teaches the
unconditional velocity of classifier-free guidance: half of CosyVoice's, as a small model has less capacity to
spare."""

_LAST_TIME = 0.9
"""The last time that is trained, before the cosine: ten steps never evaluate a later one."""

_LEAST_GROUPS = 4

_LOUD_PERCENT = 80
_LEVEL = -0.3
"""Level of the loudest band of loud frames: codes don't carry the loudness of a sentence, its prompt does."""

_SPREAD = 0.5
"""Standard deviation of the codes' embeddings at the start."""

_GAIN = 0.4
"""Augmentation: how far an example may be louder or quieter than `_LEVEL`."""

_MEAN = -6.0
"""The spectrogram's mean."""

_FLOOR = np.float32(math.log(1e-5))
"""The spectrogram's lowest value."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A sentence as the flow is trained on it."""

    codes: NDArray[np.int64]
    """Whole groups."""
    mel: NDArray[np.float32]
    """Shape (frames, bands), at the same level as all others."""
    speaker: str

    @property
    def groups(self) -> int:
        """Groups of codes."""
        return len(self.codes) // GROUP

    def cut(self, first: int, groups: int, frames: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the codes of `groups` from `first` on, and `frames` of their mel, the last one repeated."""
        start = round(first * _FRAMES_PER_GROUP)
        places = np.minimum(start + np.arange(frames), len(self.mel) - 1)
        return self.codes[first * GROUP : (first + groups) * GROUP], self.mel[places]


def frames_of(groups: int) -> int:
    """Return how many mel frames `groups` of codes have."""
    return int(groups * _FRAMES_PER_GROUP)


def spoken(sentences: Sequence[Sentence], coded: Mapping[tuple[str, str, str], Coded]) -> list[Spoken]:
    """Join the mels of `sentences` with their codes, and bring all mels to one level."""
    found = []
    for sentence in sentences:
        codes = np.array(coded[sentence.text, sentence.speaker, sentence.tag].codes, np.int64)
        mel = sentence["mel"].astype(np.float32)
        level = np.percentile(mel.max(axis=1), _LOUD_PERCENT)
        levelled = np.maximum(mel + np.float32(_LEVEL - level), _FLOOR)
        found.append(Spoken(codes, levelled, sentence.speaker))
    return found


def new_flow(codebooks: Sequence[Tensor] = ()) -> Flow:
    """Return an untrained flow; the codes' embeddings are initialised from `codebooks`, if given."""
    flow = Flow(SIZES)
    for name, parameter in flow.named_parameters():
        if "pos_bias" in name:
            nn.init.normal_(parameter, std=0.02)
    nn.init.normal_(flow.input_embedding.weight, std=0.3)
    if codebooks:
        _initialise_from(flow.input_embedding.weight, codebooks)
    smoothed = flow.length_regulator.model[-1]
    assert isinstance(smoothed, nn.Conv1d)
    assert smoothed.bias is not None
    nn.init.constant_(smoothed.bias, _MEAN)
    initialise_skip(flow.decoder.estimator, MEL_BANDS)
    return flow


@torch.no_grad()
def _initialise_from(embeddings: Tensor, codebooks: Sequence[Tensor]) -> None:
    """Give codes that sound alike similar `embeddings`: training then takes a third of the steps."""
    embeddings.zero_()
    first = 0
    for number, book in enumerate(codebooks):
        centred = book - book.mean(0)
        if book.shape[1] > embeddings.shape[1]:  # the principal components
            centred = centred @ torch.linalg.svd(centred, full_matrices=False)[2][: embeddings.shape[1]].T
        rows = embeddings[first : first + len(book)]
        rows[:, : centred.shape[1]] = _SPREAD * centred / centred.std()
        rows[:, centred.shape[1] :] = _SPREAD if number == 0 else 0.0  # which book it is
        first += len(book)


class FlowStage:
    """Learns to continue a prompt with a piece of another sentence by the same speaker."""

    name = NAME

    def __init__(
        self,
        spoken: Sequence[Spoken],
        embeddings: Mapping[str, NDArray[np.float32]],
        codebooks: Sequence[Tensor] = (),
    ) -> None:
        """`embeddings` are those of each speaker, shape (n, 192); for `codebooks` see `new_flow`."""
        self._flow = new_flow(codebooks)
        self.module: nn.Module = self._flow
        self._encoder = FlowEncoder(self._flow)
        self._spoken = [each for each in spoken if each.groups >= _LEAST_GROUPS]
        self._of = {
            name: [index for index, each in enumerate(self._spoken) if each.speaker == name]
            for name in embeddings
        }
        self._embeddings = embeddings

    def losses(self, step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        """See `Stage.losses`."""
        total = int(rng.choice(_LENGTHS))
        batch = [self._example(total, rng) for _ in range(_BATCH_GROUPS // total)]
        codes, positions, embeddings = (
            torch.from_numpy(np.stack([getattr(each, name) for each in batch]))
            for name in ("codes", "positions", "embedding")
        )
        mel = torch.from_numpy(np.stack([each.mel for each in batch]))
        prompted = torch.tensor([each.prompted for each in batch])
        flow = self._flow
        with torch.autocast("cpu", torch.bfloat16):
            mu, spks = torch.vmap(self._encoder)(codes, positions, embeddings)
        mu = mu.float()
        target = (torch.arange(mel.shape[2]) >= prompted[:, None]).float()[:, None]
        count = target.sum() * MEL_BANDS
        prior_loss = ((mu - mel).abs() * target).sum() / count
        conditional = (torch.from_numpy(rng.random(len(batch))) >= _UNCONDITIONAL).float()[:, None, None]
        noise = torch.randn(mel.shape)
        time = 1 - torch.cos(torch.rand(len(batch)) * _LAST_TIME * 0.5 * math.pi)
        at = time[:, None, None]
        x = (1 - at) * noise + at * mel
        with torch.autocast("cpu", torch.bfloat16):
            prompt = mel * (1 - target) * conditional
            velocity = flow.decoder.estimator(
                x, mu * conditional, time, spks * conditional[:, :, 0], prompt
            ).float()
        flow_loss = ((velocity - (mel - noise)).square() * target).sum() / count
        return {"flow": flow_loss, "prior": prior_loss}

    def _example(self, total: int, rng: np.random.Generator) -> "_Example":
        """Draw an example with `total` groups of codes."""
        while True:
            spoken = self._spoken[int(rng.integers(len(self._spoken)))]
            others = self._of[spoken.speaker]
            prompt = self._spoken[others[int(rng.integers(len(others)))]]
            before = int(rng.integers(total - _LEAST_GROUPS))
            if before <= prompt.groups and total - before <= spoken.groups:
                break
        frames = round(before * _FRAMES_PER_GROUP)
        after = frames_of(total) - frames
        first = prompt.cut(int(rng.integers(prompt.groups - before + 1)), before, frames)
        groups = total - before
        then = spoken.cut(int(rng.integers(spoken.groups - groups + 1)), groups, after)
        gain = np.float32(rng.uniform(-_GAIN, _GAIN))
        pool = self._embeddings[spoken.speaker]
        return _Example(
            codes=np.concatenate((first[0], then[0])),
            positions=np.concatenate(
                (
                    frame_positions(before * GROUP, frames),
                    np.float32(before * GROUP) + frame_positions(groups * GROUP, after),
                )
            ),
            mel=np.maximum(np.concatenate((first[1], then[1])).T + gain, _FLOOR),
            prompted=frames,
            embedding=pool[int(rng.integers(len(pool)))],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Example:
    """A prompt and its continuation."""

    codes: NDArray[np.int64]
    positions: NDArray[np.float32]
    """Of each frame, in codes from the first one."""
    mel: NDArray[np.float32]
    """Shape (bands, frames)."""
    prompted: int
    """Frames of the prompt."""
    embedding: NDArray[np.float32]
    """Of the speaker, shape (192,)."""
