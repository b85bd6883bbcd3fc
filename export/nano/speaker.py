"""The speaker model's stage: a network that classifies speakers, whose embedding stands for a voice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_audio.step_audio.features.kaldi import BANDS, Fbank
from export.nano.features import Sentence
from export.nano.style import SPEAKERS

NAME = "speaker"
EMBEDDING = 192
"""Size of a speaker embedding, as in the release."""

_WIDTH = 96
_CROP_FRAMES = 150
_BATCH = 48
_TRACTS = (0.88, 1.0, 1.14)
"""Augmentation by vocal tract length: factors on the bands. A warped speaker counts as another speaker."""


class SpeakerModel(nn.Module):
    """Convolutions over time, then the mean and deviation of their output, then the embedding (x-vector)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(BANDS, _WIDTH, 5, padding=2),
            nn.ReLU(),
            nn.Conv1d(_WIDTH, _WIDTH, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv1d(_WIDTH, _WIDTH, 3, padding=3, dilation=3),
            nn.ReLU(),
            nn.Conv1d(_WIDTH, 2 * _WIDTH, 1),
            nn.ReLU(),
        )
        self.vector = nn.Linear(4 * _WIDTH, EMBEDDING)

    def forward(self, features: Tensor) -> Tensor:
        """Return embeddings (batch, 192) of bands less their mean over time, (batch, frames, 80)."""
        frames = self.layers(features.transpose(1, 2))
        mean = frames.mean(dim=2)
        deviation = ((frames - mean[:, :, None]).square().mean(dim=2) + 1e-5).sqrt()
        vector: Tensor = self.vector(torch.cat((mean, deviation), dim=1))
        return vector


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A sentence as the speaker model reads it."""

    bands: NDArray[np.float32]
    """Shape (frames, 80)."""
    speaker: int
    """Index in `SPEAKERS`."""


def voices(sentences: Sequence[Sentence]) -> list[Voice]:
    """Return the filter banks of the `sentences` that are longer than a crop."""
    fbank = Fbank("povey", 1.0)
    names = [speaker.name for speaker in SPEAKERS]
    found = ((fbank(each["pcm"].astype(np.float32) / np.float32(32767)), each.speaker) for each in sentences)
    return [Voice(bands, names.index(name)) for bands, name in found if len(bands) > _CROP_FRAMES]


class SpeakerClassifier(nn.Module):
    """The model, and the direction of each known speaker's embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.model = SpeakerModel()
        self.known = nn.Parameter(torch.randn(len(SPEAKERS) * len(_TRACTS), EMBEDDING))


class SpeakerStage:
    """Learns from crops of sentences, augmented by vocal tract length and noise, with the CosFace loss."""

    name = NAME

    def __init__(self, voices: Sequence[Voice]) -> None:
        self._classifier = SpeakerClassifier()
        self.module: nn.Module = self._classifier
        self._voices = voices

    def losses(self, step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        """See `Stage.losses`."""
        crops, speakers = [], []
        for index in rng.integers(len(self._voices), size=_BATCH):
            voice = self._voices[index]
            start = int(rng.integers(len(voice.bands) - _CROP_FRAMES))
            tract = int(rng.integers(len(_TRACTS)))
            bands = voice.bands[start : start + _CROP_FRAMES]
            places = np.clip(np.arange(BANDS) / _TRACTS[tract], 0, BANDS - 1.001)
            low = places.astype(int)
            part = (places - low).astype(np.float32)
            bands = bands[:, low] * (1 - part) + bands[:, low + 1] * part
            noise = bands.max() - rng.uniform(5.0, 16.0) + rng.standard_normal(bands.shape)
            bands = np.logaddexp(bands, noise.astype(np.float32))
            crops.append(bands - bands.mean(axis=0))
            speakers.append(voice.speaker * len(_TRACTS) + tract)
        vectors = nn.functional.normalize(self._classifier.model(torch.from_numpy(np.stack(crops))), dim=1)
        known = nn.functional.normalize(self._classifier.known, dim=1)
        truth = torch.tensor(speakers)
        cosines = vectors @ known.T - 0.2 * nn.functional.one_hot(truth, len(known))  # CosFace's margin
        return {"speaker": nn.functional.cross_entropy(20.0 * cosines, truth)}


@torch.no_grad()
def embedding(classifier: SpeakerClassifier, voice: Voice) -> NDArray[np.float32]:
    """Return the speaker embedding of `voice`, shape (192,)."""
    features = torch.from_numpy(voice.bands - voice.bands.mean(axis=0))[None]
    found: NDArray[np.float32] = classifier.model(features)[0].numpy()
    return found


@torch.no_grad()
def classified(classifier: SpeakerClassifier, voice: Voice) -> int:
    """Return the index in `SPEAKERS` of the speaker that `voice` sounds like."""
    known = nn.functional.normalize(classifier.known, dim=1)[len(_TRACTS) // 2 :: len(_TRACTS)]
    return int((known @ torch.from_numpy(embedding(classifier, voice))).argmax())
