"""The tokenizers' stage: two encoders and their codebooks (VQ) learn what is said, and how.

From both codes of a moment together its spectrum, phones and pitch are predicted, given the speaker; from
each code alone its phones, and from the semantic one the pitch. First the encoders are trained without
codebooks. These are then initialised by k-means of the encoders' output, and all are trained on together,
with gradients passed straight through the quantisation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.linguistic.encoder import EncoderSizes, LinguisticEncoder
from export.nano.augmentation import augmented
from export.nano.features import PHONES, SEMANTIC_BANDS, Sentence
from export.nano.linguistic import all_steps
from export.nano.style import SPEAKERS
from export.semantic.encoder import SemanticEncoder, SemanticSizes

NAME = "tokenizers"

LINGUISTIC = EncoderSizes(
    features=560, width=128, heads=4, feed_forward=512, blocks=5, kernel=11, window=9, chunk=4, past=16
)
SEMANTIC = SemanticSizes(bands=SEMANTIC_BANDS, width=192, heads=4, blocks=4, codes=4096)
LINGUISTIC_CODES = 1024

STACKED = 7
"""Frames of the filter bank in a frame of the linguistic encoder, as in the release."""

STRIDE = 6
"""Frames of the filter bank from a frame of the linguistic encoder to the next, as in the release."""

CHUNK_HOPS = STRIDE * LINGUISTIC.chunk
"""Hops of 10 ms in a step of the linguistic encoder: a whole number of both codebooks' codes."""

_FBANK_BANDS = 80
_MOST_POSITIONS = 1400

_COMMITMENT = 0.25
"""Weight of the commitment loss, as in VQ-VAE."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Sentences one after another, in hops of 10 ms."""

    fbank: NDArray[np.float16]
    """Shape (hops, 80)."""
    log_mel: NDArray[np.float16]
    """Shape (hops, 128)."""
    labels: NDArray[np.uint8]
    f0: NDArray[np.float32]
    """The logarithm of the pitch relative to the speaker's usual one; NaN where unvoiced."""
    speaker: NDArray[np.uint8]
    """Index in `SPEAKERS`."""


def stream(sentences: Sequence[Sentence]) -> Stream:
    """Join `sentences`, each padded with its last hop to whole steps of the linguistic encoder."""
    names = [speaker.name for speaker in SPEAKERS]
    usual = _usual_pitch(sentences)
    columns: list[list[NDArray[Any]]] = [[] for _ in range(5)]
    for sentence in sentences:
        count = -(-len(sentence["log_mel"]) // CHUNK_HOPS) * CHUNK_HOPS
        hops = np.arange(count)
        at_mel = np.minimum(
            (hops * len(sentence["f0"]) / len(sentence["log_mel"])).astype(int), len(sentence["f0"]) - 1
        )
        f0 = sentence["f0"][at_mel]
        with np.errstate(divide="ignore"):
            relative = np.where(f0 > 0, np.log(f0) - usual[sentence.speaker], np.nan)
        for column, array in zip(
            columns,
            (
                *(
                    sentence[name][np.minimum(hops, len(sentence[name]) - 1)]
                    for name in ("fbank", "log_mel", "labels")
                ),
                relative.astype(np.float32),
                np.full(count, names.index(sentence.speaker), np.uint8),
            ),
            strict=True,
        ):
            column.append(array)
    return Stream(*(np.concatenate(column) for column in columns))


def _usual_pitch(sentences: Sequence[Sentence]) -> dict[str, float]:
    """Return the median of the logarithm of each speaker's pitch."""
    found: dict[str, list[NDArray[np.float32]]] = {}
    for sentence in sentences:
        if not sentence.tag:
            found.setdefault(sentence.speaker, []).append(sentence["f0"][sentence["f0"] > 0])
    return {name: float(np.median(np.log(np.concatenate(values)))) for name, values in found.items()}


class ConvNextBlock(nn.Module):
    """A residual block (ConvNeXt): a depth-wise convolution over time, a norm, and a net for each frame."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.net = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, frames: Tensor) -> Tensor:
        """Map `frames` (batch, frames, width) to the same shape."""
        mixed = self.conv(frames.transpose(1, 2)).transpose(1, 2)
        result: Tensor = frames + self.net(self.norm(mixed))
        return result


class Tokenizers(nn.Module):
    """Both encoders and codebooks, and the heads that predict from their codes in training."""

    def __init__(self) -> None:
        super().__init__()
        self.linguistic = LinguisticEncoder(LINGUISTIC)
        self.semantic = SemanticEncoder(SEMANTIC)
        self.centroids = nn.Parameter(torch.zeros(LINGUISTIC_CODES, LINGUISTIC.width))
        self.register_buffer("normalisation", torch.zeros(2, LINGUISTIC.features))
        self.register_buffer("target", torch.zeros(2, _FBANK_BANDS))
        self.register_buffer("use_linguistic", torch.zeros(LINGUISTIC_CODES))
        self.register_buffer("use_semantic", torch.zeros(SEMANTIC.codes))
        self.normalisation: Tensor
        """What is added to a stacked frame, and the factor on the sum."""
        self.target: Tensor
        """The same for the spectrum that is predicted."""
        self.use_linguistic: Tensor
        """How often each code was used of late; 1 is the mean of all codes."""
        self.use_semantic: Tensor
        width = 192
        self.linguistic_phones = nn.Linear(LINGUISTIC.width, 3 * len(PHONES))
        self.semantic_phones = nn.Linear(SEMANTIC.width, 2 * len(PHONES))
        self.semantic_pitch = nn.Linear(SEMANTIC.width, 4)
        self.narrators = nn.Embedding(len(SPEAKERS), 32)  # of speakers; saved states have it by this name
        self.join = nn.Linear(LINGUISTIC.width + SEMANTIC.width + 32, width)
        self.smoothers = nn.Sequential(*(ConvNextBlock(width) for _ in range(4)))
        self.spectrum = nn.Linear(width, 2 * _FBANK_BANDS)
        self.pitch = nn.Linear(width, 4)
        self.phones = nn.Linear(width, 2 * len(PHONES))

    def stacked(self, fbank: Tensor) -> Tensor:
        """Return the linguistic encoder's input (batch, hops / 6, 560) of filter banks (batch, hops, 80)."""
        lead = fbank[:, :1].expand(-1, STACKED // 2, -1)
        trail = fbank[:, -1:].expand(-1, STACKED, -1)
        frames = torch.cat((lead, fbank, trail), dim=1).unfold(1, STACKED, STRIDE)
        count = fbank.shape[1] // STRIDE
        values = frames[:, :count].transpose(2, 3).flatten(2)
        return (values + self.normalisation[0]) * self.normalisation[1]

    def encode(self, fbank: Tensor, log_mel: Tensor, first: int = 0) -> tuple[Tensor, Tensor]:
        """Return the vectors that are quantised to linguistic and to semantic codes.

        Their shapes are (batch, hops / 6, width) and (batch, hops / 4, width); the latter have length 1.
        `first` is the position of the first frame.
        """
        linguistic = all_steps(self.linguistic, self.stacked(fbank), first)
        length = torch.tensor([log_mel.shape[1]], dtype=torch.int32)
        semantic = self.semantic.vectors(log_mel.transpose(1, 2), length, first)
        return linguistic, nn.functional.normalize(semantic.float(), dim=-1)

    @property
    def directions(self) -> Tensor:
        """The semantic codebook, each vector of length 1."""
        return nn.functional.normalize(self.semantic.codebook.weight, dim=-1)

    @property
    def codebooks(self) -> tuple[Tensor, Tensor]:
        """Both codebooks; codes that sound alike have vectors that are near each other."""
        return self.centroids.detach(), self.directions.detach()

    def linguistic_codes(self, vectors: Tensor) -> Tensor:
        """Return the nearest centroid of each vector."""
        scores = vectors @ self.centroids.T - 0.5 * self.centroids.square().sum(1)
        return scores.argmax(-1)

    def semantic_codes(self, vectors: Tensor) -> Tensor:
        """Return the nearest direction of each vector."""
        return (vectors @ self.directions.T).argmax(-1)


class TokenizersStage:
    """Learns from crops of a stream; see `augmented` for their augmentation."""

    name = NAME

    def __init__(self, stream: Stream, steps: int) -> None:
        """The codebooks are initialised after two fifths of `steps`."""
        self._stream = stream
        self._quantised_from = 2 * steps // 5
        self.module: nn.Module = Tokenizers()
        tokenizers = self.module
        assert isinstance(tokenizers, Tokenizers)
        self._tokenizers = tokenizers
        sample = torch.from_numpy(stream.fbank[: 200 * CHUNK_HOPS * 5].astype(np.float32))
        mean, deviation = sample.mean(0), sample.std(0)
        tokenizers.target.copy_(torch.stack((-mean, 1 / deviation)))
        tokenizers.normalisation.copy_(tokenizers.target.repeat(1, STACKED))

    def losses(self, step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        """See `Stage.losses`."""
        tokenizers = self._tokenizers
        if step == self._quantised_from:
            self._initialise_codebooks(rng)
        chunks = int(rng.choice((8, 8, 16, 32)))
        batch = self._batch(rng, chunks, 160 // chunks)
        first = int(rng.integers(_MOST_POSITIONS - 6 * chunks)) if rng.random() < 0.7 else 0
        with torch.autocast("cpu", torch.bfloat16):
            linguistic, semantic = tokenizers.encode(*augmented(batch["fbank"], batch["log_mel"], rng), first)
        linguistic = linguistic.float()
        losses: dict[str, Tensor] = {}
        if step >= self._quantised_from:
            linguistic, losses["linguistic"] = self._linguistic_quantised(linguistic, step)
            semantic, losses["semantic"] = self._semantic_quantised(semantic, step)
        with torch.autocast("cpu", torch.bfloat16):
            losses |= self._head_losses(linguistic, semantic * SEMANTIC.width**0.5, batch)
        return losses

    def _head_losses(
        self, linguistic: Tensor, semantic: Tensor, batch: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the losses of what the heads predict from the quantised vectors."""
        tokenizers = self._tokenizers
        labels = batch["labels"]
        speaker = tokenizers.narrators(batch["speaker"][:, ::2])
        joined = torch.cat(
            (linguistic.repeat_interleave(3, 1), semantic.repeat_interleave(2, 1), speaker), -1
        )
        frames = tokenizers.smoothers(tokenizers.join(joined))
        spectrum = tokenizers.spectrum(frames).float().unflatten(-1, (2, -1)).flatten(1, 2)
        true = (batch["fbank"] + tokenizers.target[0]) * tokenizers.target[1]
        return {
            "spectrum": (spectrum - true).abs().mean(),
            "phones": 0.5 * _phone_loss(tokenizers.phones(frames), labels, 2, (0, 1)),
            "from_linguistic": 0.5
            * _phone_loss(tokenizers.linguistic_phones(linguistic), labels, 6, (0, 2, 4)),
            "from_semantic": 0.5 * _phone_loss(tokenizers.semantic_phones(semantic), labels, 4, (0, 2)),
            "pitch": _pitch_loss(tokenizers.pitch(frames), batch["f0"], 2, (0, 1)),
            "semantic_pitch": _pitch_loss(tokenizers.semantic_pitch(semantic), batch["f0"], 4, (0, 2)),
        }

    def _linguistic_quantised(self, vectors: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Return the quantised `vectors`, and the VQ loss."""
        tokenizers = self._tokenizers
        with torch.no_grad():
            codes = tokenizers.linguistic_codes(vectors)
        _restart_dead_codes(tokenizers.centroids, tokenizers.use_linguistic, codes, vectors, step)
        nearest = tokenizers.centroids[codes]
        codebook_loss = (nearest - vectors.detach()).square().mean()
        commitment_loss = (nearest.detach() - vectors).square().mean()
        return _straight_through(vectors, nearest), codebook_loss + _COMMITMENT * commitment_loss

    def _semantic_quantised(self, vectors: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Return the quantised `vectors`, which keep the length 1, and the VQ loss."""
        tokenizers = self._tokenizers
        with torch.no_grad():
            codes = tokenizers.semantic_codes(vectors)
        _restart_dead_codes(
            tokenizers.semantic.codebook.weight, tokenizers.use_semantic, codes, vectors, step
        )
        nearest = nn.functional.normalize(tokenizers.semantic.codebook.weight[codes], dim=-1)
        codebook_loss = (nearest - vectors.detach()).square().sum(-1).mean()
        commitment_loss = (nearest.detach() - vectors).square().sum(-1).mean()
        return _straight_through(vectors, nearest), codebook_loss + _COMMITMENT * commitment_loss

    @torch.no_grad()
    def _initialise_codebooks(self, rng: np.random.Generator) -> None:
        """Initialise both codebooks by k-means of the encoders' output for some crops."""
        tokenizers = self._tokenizers
        linguistic, semantic = [], []
        for _ in range(60):
            batch = self._batch(rng, 16, 20)
            one, other = tokenizers.encode(*augmented(batch["fbank"], batch["log_mel"], rng))
            linguistic.append(one.flatten(0, 1))
            semantic.append(other.flatten(0, 1))
        tokenizers.centroids.copy_(k_means(torch.cat(linguistic), LINGUISTIC_CODES, rng))
        directions = k_means(torch.cat(semantic), SEMANTIC.codes, rng)
        tokenizers.semantic.codebook.weight.copy_(nn.functional.normalize(directions, dim=-1))
        tokenizers.use_linguistic.fill_(1)
        tokenizers.use_semantic.fill_(1)

    def _batch(self, rng: np.random.Generator, chunks: int, size: int) -> dict[str, Tensor]:
        """Draw `size` crops of `chunks` steps of the linguistic encoder."""
        length = chunks * CHUNK_HOPS
        starts = rng.integers((len(self._stream.labels) - length) // CHUNK_HOPS, size=size) * CHUNK_HOPS
        places = starts[:, None] + np.arange(length)
        data = self._stream
        return {
            "fbank": torch.from_numpy(data.fbank[places].astype(np.float32)),
            "log_mel": torch.from_numpy(data.log_mel[places].astype(np.float32)),
            "labels": torch.from_numpy(data.labels[places].astype(np.int64)),
            "f0": torch.from_numpy(data.f0[places]),
            "speaker": torch.from_numpy(data.speaker[places].astype(np.int64)),
        }


def _straight_through(vectors: Tensor, quantised: Tensor) -> Tensor:
    """Return `quantised` with the gradient of `vectors`: the straight-through estimator."""
    return vectors + (quantised - vectors).detach()


@torch.no_grad()
def k_means(vectors: Tensor, count: int, rng: np.random.Generator, rounds: int = 8) -> Tensor:
    """Return `count` centres of `vectors` (n, width) by Lloyd's algorithm; empty ones restart at random."""
    centres = vectors[torch.from_numpy(rng.permutation(len(vectors))[:count])].clone()
    for _ in range(rounds):
        half = 0.5 * centres.square().sum(1)
        nearest = torch.cat([(part @ centres.T - half).argmax(1) for part in torch.split(vectors, 8192)])
        sums = torch.zeros_like(centres).index_add_(0, nearest, vectors)
        sizes = torch.bincount(nearest, minlength=count)
        centres = sums / sizes.clamp(min=1)[:, None]
        empty = (sizes == 0).nonzero()[:, 0]
        centres[empty] = vectors[torch.from_numpy(rng.integers(len(vectors), size=len(empty)))]
    return centres


@torch.no_grad()
def _restart_dead_codes(book: Tensor, use: Tensor, codes: Tensor, vectors: Tensor, step: int) -> None:
    """Track how often each code is used; every 50 steps, dead codes become vectors of the current step."""
    used = torch.bincount(codes.flatten(), minlength=len(book)).float()
    use.mul_(0.99).add_(used, alpha=0.01 * len(book) / codes.numel())
    if step % 50 == 0:
        dead = (use < 0.03).nonzero()[:, 0]
        flat = vectors.flatten(0, 1)
        dead = dead[torch.randperm(len(dead))[: len(flat) // 8]]
        book[dead] = flat[torch.randint(len(flat), (len(dead),))]
        use[dead] = 1.0


def _phone_loss(scores: Tensor, labels: Tensor, stride: int, offsets: tuple[int, ...]) -> Tensor:
    """Return the cross entropy of `scores` (batch, codes, …) and `labels` at `offsets` of every `stride`."""
    true = torch.stack([labels[:, offset::stride] for offset in offsets], dim=2)
    return nn.functional.cross_entropy(scores.float().reshape(-1, len(PHONES)), true.flatten())


def _pitch_loss(predicted: Tensor, f0: Tensor, stride: int, offsets: tuple[int, ...]) -> Tensor:
    """Return the loss of voicing (cross entropy) and of the pitch where speech is voiced (L1)."""
    true = torch.stack([f0[:, offset::stride] for offset in offsets], dim=2)
    voiced = ~true.isnan()
    pitch, voicing = predicted.float().reshape(*true.shape, 2).unbind(-1)
    voicing_loss = nn.functional.binary_cross_entropy_with_logits(voicing, voiced.float())
    loss: Tensor = 0.2 * voicing_loss + 2.0 * (pitch - true.nan_to_num()).abs()[voiced].mean()
    return loss
