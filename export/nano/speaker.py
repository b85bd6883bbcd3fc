"""The speaker model's stage: a small network tells the narrators apart, and so makes a vector of a voice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_audio.step_audio.features.kaldi import BANDS, Fbank
from export.nano.features import Sentence
from export.nano.manner import NARRATORS

NAME = "speaker"
EMBEDDING = 192
"""Values of a speaker's vector, as in the release."""

_WIDTH = 96
_CROP_FRAMES = 150
_BATCH = 48
_THROATS = (0.88, 1.0, 1.14)
"""By which bands are moved: the same narrator with another throat counts as somebody else."""


class SpeakerModel(nn.Module):
    """Convolutions over time, of whose output mean and deviation make the vector (x-vector)."""

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
        """Return vectors (batch, 192) for bands without their mean over time, (batch, frames, 80)."""
        frames = self.layers(features.transpose(1, 2))
        mean = frames.mean(dim=2)
        deviation = ((frames - mean[:, :, None]).square().mean(dim=2) + 1e-5).sqrt()
        vector: Tensor = self.vector(torch.cat((mean, deviation), dim=1))
        return vector


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A sentence as the speaker model hears it."""

    bands: NDArray[np.float32]
    narrator: int


def voices(sentences: Sequence[Sentence]) -> list[Voice]:
    """Return what the speaker model hears of `sentences` that are longer than a crop."""
    fbank = Fbank("povey", 1.0)
    names = [narrator.name for narrator in NARRATORS]
    heard = ((fbank(each["pcm"].astype(np.float32) / np.float32(32767)), each.narrator) for each in sentences)
    return [Voice(bands, names.index(name)) for bands, name in heard if len(bands) > _CROP_FRAMES]


class Speakers(nn.Module):
    """The model, and the directions that the narrators' vectors learn to have."""

    def __init__(self) -> None:
        super().__init__()
        self.model = SpeakerModel()
        self.known = nn.Parameter(torch.randn(len(NARRATORS) * len(_THROATS), EMBEDDING))


class SpeakerStage:
    """Crops of sentences, at any level and with some noise; vectors are told apart by their angles."""

    name = NAME

    def __init__(self, voices: Sequence[Voice]) -> None:
        self._speakers = Speakers()
        self.module: nn.Module = self._speakers
        self._voices = voices

    def losses(self, step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        """See `Stage.losses`."""
        crops, who = [], []
        for index in rng.integers(len(self._voices), size=_BATCH):
            voice = self._voices[index]
            start = int(rng.integers(len(voice.bands) - _CROP_FRAMES))
            throat = int(rng.integers(len(_THROATS)))
            bands = voice.bands[start : start + _CROP_FRAMES]
            places = np.clip(np.arange(BANDS) / _THROATS[throat], 0, BANDS - 1.001)
            low = places.astype(int)
            part = (places - low).astype(np.float32)
            bands = bands[:, low] * (1 - part) + bands[:, low + 1] * part
            noise = bands.max() - rng.uniform(5.0, 16.0) + rng.standard_normal(bands.shape)
            bands = np.logaddexp(bands, noise.astype(np.float32))
            crops.append(bands - bands.mean(axis=0))
            who.append(voice.narrator * len(_THROATS) + throat)
        vectors = nn.functional.normalize(self._speakers.model(torch.from_numpy(np.stack(crops))), dim=1)
        known = nn.functional.normalize(self._speakers.known, dim=1)
        truth = torch.tensor(who)
        cosines = vectors @ known.T - 0.2 * nn.functional.one_hot(truth, len(known))  # a margin (CosFace)
        return {"who": nn.functional.cross_entropy(20.0 * cosines, truth)}


@torch.no_grad()
def vector(speakers: Speakers, voice: Voice) -> NDArray[np.float32]:
    """Return the vector of `voice`, shape (192,)."""
    features = torch.from_numpy(voice.bands - voice.bands.mean(axis=0))[None]
    found: NDArray[np.float32] = speakers.model(features)[0].numpy()
    return found


@torch.no_grad()
def told(speakers: Speakers, voice: Voice) -> int:
    """Return the narrator that `voice` sounds like."""
    known = nn.functional.normalize(speakers.known, dim=1)[len(_THROATS) // 2 :: len(_THROATS)]
    return int((known @ torch.from_numpy(vector(speakers, voice))).argmax())
