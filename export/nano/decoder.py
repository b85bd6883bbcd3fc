"""The flow's stage: codes and a voice become a mel spectrogram by flow matching.

The encoder's output learns the spectrogram itself first (a loss of the training alone, after Matcha-TTS), so
that what is left for the flow is little.
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
from export.nano.passage import open_passage
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
"""Groups of prompt and target together, of which a batch has one: a window of the decoder may have 50."""

_FRAMES_PER_GROUP = GROUP_S * MEL_RATE_HZ / MEL_HOP
_BATCH_GROUPS = 440
"""Of all examples of a batch."""
_UNGUIDED = 0.1
"""Part of the examples without codes and speaker: half of CosyVoice's, as a small model has less to spare."""

_LAST_TIME = 0.9
"""How much of the way is learned, before the cosine: ten steps never ask for more."""

_LEAST_GROUPS = 4

_LOUD_PERCENT = 80
_LEVEL = -0.3
"""Where the loudest band of loud frames goes: codes don't tell how loud a sentence is, its prompt does."""

_SPREAD = 0.5
"""Of the codes' vectors at first."""

_GAIN = 0.4
"""How far an example may be louder or quieter than that."""

_USUAL = -6.0
"""The spectrogram's mean."""

_FLOOR = np.float32(math.log(1e-5))
"""Of the spectrogram."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A sentence as the flow learns it."""

    codes: NDArray[np.int64]
    """Whole groups."""
    mel: NDArray[np.float32]
    """Shape (frames, bands), at the level of all others."""
    narrator: str

    @property
    def groups(self) -> int:
        """Groups of codes."""
        return len(self.codes) // GROUP

    def cut(self, first: int, groups: int, frames: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the codes of `groups` from `first` on, and `frames` of theirs, the last one repeated."""
        start = round(first * _FRAMES_PER_GROUP)
        places = np.minimum(start + np.arange(frames), len(self.mel) - 1)
        return self.codes[first * GROUP : (first + groups) * GROUP], self.mel[places]


def frames_of(groups: int) -> int:
    """Return how many frames so many groups of codes have."""
    return int(groups * _FRAMES_PER_GROUP)


def spoken(sentences: Sequence[Sentence], coded: Mapping[tuple[str, str, str], Coded]) -> list[Spoken]:
    """Join the mels of `sentences` with their codes, and bring all to one level."""
    found = []
    for sentence in sentences:
        codes = np.array(coded[sentence.text, sentence.narrator, sentence.tag].codes, np.int64)
        mel = sentence["mel"].astype(np.float32)
        level = np.percentile(mel.max(axis=1), _LOUD_PERCENT)
        levelled = np.maximum(mel + np.float32(_LEVEL - level), _FLOOR)
        found.append(Spoken(codes, levelled, sentence.narrator))
    return found


def new_flow(books: Sequence[Tensor] = ()) -> Flow:
    """Return an untrained flow; its vectors of codes begin as those of the tokenizers' `books`, if given."""
    flow = Flow(SIZES)
    for name, parameter in flow.named_parameters():
        if "pos_bias" in name:
            nn.init.normal_(parameter, std=0.02)
    nn.init.normal_(flow.input_embedding.weight, std=0.3)
    if books:
        _begin_as(flow.input_embedding.weight, books)
    smoothed = flow.length_regulator.model[-1]
    assert isinstance(smoothed, nn.Conv1d)
    assert smoothed.bias is not None
    nn.init.constant_(smoothed.bias, _USUAL)
    open_passage(flow.decoder.estimator, MEL_BANDS)
    return flow


@torch.no_grad()
def _begin_as(vectors: Tensor, books: Sequence[Tensor]) -> None:
    """Let codes that sound alike begin with `vectors` that are alike: it takes a third of the steps."""
    vectors.zero_()
    first = 0
    for number, book in enumerate(books):
        centred = book - book.mean(0)
        if book.shape[1] > vectors.shape[1]:  # what varies most
            centred = centred @ torch.linalg.svd(centred, full_matrices=False)[2][: vectors.shape[1]].T
        rows = vectors[first : first + len(book)]
        rows[:, : centred.shape[1]] = _SPREAD * centred / centred.std()
        rows[:, centred.shape[1] :] = _SPREAD if number == 0 else 0.0  # which book it is
        first += len(book)


class FlowStage:
    """Pieces of a sentence after a prompt of another one by the same narrator."""

    name = NAME

    def __init__(
        self,
        spoken: Sequence[Spoken],
        vectors: Mapping[str, NDArray[np.float32]],
        books: Sequence[Tensor] = (),
    ) -> None:
        """`vectors` are speakers' vectors of each narrator, shape (n, 192); for `books` see `new_flow`."""
        self._flow = new_flow(books)
        self.module: nn.Module = self._flow
        self._encoder = FlowEncoder(self._flow)
        self._spoken = [each for each in spoken if each.groups >= _LEAST_GROUPS]
        self._of = {
            name: [index for index, each in enumerate(self._spoken) if each.narrator == name]
            for name in vectors
        }
        self._vectors = vectors

    def losses(self, step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        """See `Stage.losses`."""
        total = int(rng.choice(_LENGTHS))
        batch = [self._example(total, rng) for _ in range(_BATCH_GROUPS // total)]
        codes, positions, vectors = (
            torch.from_numpy(np.stack([getattr(each, name) for each in batch]))
            for name in ("codes", "positions", "vector")
        )
        mel = torch.from_numpy(np.stack([each.mel for each in batch]))
        prompted = torch.tensor([each.prompted for each in batch])
        flow = self._flow
        with torch.autocast("cpu", torch.bfloat16):
            mu, spks = torch.vmap(self._encoder)(codes, positions, vectors)
        mu = mu.float()
        asked = (torch.arange(mel.shape[2]) >= prompted[:, None]).float()[:, None]
        count = asked.sum() * MEL_BANDS
        told = ((mu - mel).abs() * asked).sum() / count
        led = (torch.from_numpy(rng.random(len(batch))) >= _UNGUIDED).float()[:, None, None]
        noise = torch.randn(mel.shape)
        time = 1 - torch.cos(torch.rand(len(batch)) * _LAST_TIME * 0.5 * math.pi)
        at = time[:, None, None]
        x = (1 - at) * noise + at * mel
        with torch.autocast("cpu", torch.bfloat16):
            known = mel * (1 - asked)
            velocity = flow.decoder.estimator(x, mu * led, time, spks * led[:, :, 0], known * led).float()
        wrong = ((velocity - (mel - noise)).square() * asked).sum() / count
        return {"flow": wrong, "mean": told}

    def _example(self, total: int, rng: np.random.Generator) -> "_Example":
        """Draw an example with `total` groups of codes."""
        while True:
            spoken = self._spoken[int(rng.integers(len(self._spoken)))]
            others = self._of[spoken.narrator]
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
        pool = self._vectors[spoken.narrator]
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
            vector=pool[int(rng.integers(len(pool)))],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Example:
    """A prompt and what follows it."""

    codes: NDArray[np.int64]
    positions: NDArray[np.float32]
    """Of the frames among the codes."""
    mel: NDArray[np.float32]
    """Shape (bands, frames)."""
    prompted: int
    """Frames of the prompt."""
    vector: NDArray[np.float32]
    """Of the speaker."""
