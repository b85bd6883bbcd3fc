"""The vocoder's stage: HiFT learns to turn a mel spectrogram into a waveform, and to predict its pitch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.audio.log_mel import slaney_filters
from edge_audio.step_audio.features.prompt_mel import PromptMel
from edge_audio.step_audio.features.resampler import SincResampler
from export.hift.config import HiftConfig, IstftParams
from export.hift.generator import HiftGenerator, HiftSizes
from export.nano.features import MEL_BANDS, MEL_HOP, MEL_RATE_HZ, Sentence

NAME = "vocoder"

CONFIG = HiftConfig(
    sampling_rate=MEL_RATE_HZ,
    nsf_alpha=0.1,
    nsf_sigma=0.003,
    nsf_voiced_threshold=10,
    upsample_rates=(8, 8),
    upsample_kernel_sizes=(16, 16),
    istft_params=IstftParams(n_fft=16, hop_len=4),
    resblock_kernel_sizes=(3, 7),
    resblock_dilation_sizes=((1, 3), (1, 3)),
    source_resblock_kernel_sizes=(7, 7),
    source_resblock_dilation_sizes=((1, 3), (1, 3)),
    lrelu_slope=0.1,
    audio_limit=0.99,
)
"""As in the release, with fewer residual blocks."""

SIZES = HiftSizes(bands=MEL_BANDS, channels=(160, 80, 40), harmonics=9, f0_channels=96)

_CROP_FRAMES = 48
_BATCH = 16
_FFTS = (256, 512, 1024, 2048)
_TYPICAL_F0_HZ = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A sentence as the vocoder is trained on it."""

    mel: NDArray[np.float16]
    """Shape (frames, bands)."""
    f0: NDArray[np.float32]
    pcm: NDArray[np.int16]
    """At `MEL_RATE_HZ`; one hop for each frame."""


def recordings(sentences: Sequence[Sentence]) -> list[Recording]:
    """Resample `sentences` to the vocoder's rate; those that are shorter than a crop are left out."""
    resampler = SincResampler(INPUT_RATE_HZ, MEL_RATE_HZ)
    found = []
    for sentence in sentences:
        mel = np.array(sentence["mel"])
        if len(mel) > _CROP_FRAMES:
            pcm = resampler(sentence["pcm"].astype(np.float32) / np.float32(32767))[: len(mel) * MEL_HOP]
            found.append(Recording(mel, np.array(sentence["f0"]), (pcm * 32767).astype(np.int16)))
    return found


def decoder_mel() -> PromptMel:
    """Return what computes the mel spectrogram of the vocoder's output."""
    return PromptMel(MEL_RATE_HZ, 1024, MEL_HOP, MEL_BANDS, 8000.0)


def new_vocoder() -> HiftGenerator:
    """Return an untrained vocoder."""
    vocoder = HiftGenerator(CONFIG, SIZES)
    with torch.no_grad():
        # Begin at the pitch of speech, rather than far below the voiced range.
        vocoder.f0_predictor.classifier.bias.add_(_TYPICAL_F0_HZ)
        # Begin with the magnitudes of quiet noise, rather than of loud noise.
        vocoder.conv_post.weight.mul_(0.1)
        magnitudes = CONFIG.istft_params.n_fft // 2 + 1
        assert vocoder.conv_post.bias is not None
        vocoder.conv_post.bias[:magnitudes].sub_(2.0)
    return vocoder


class VocoderStage:
    """Minimises the multi-resolution STFT loss, the mel loss and the error of the predicted pitch."""

    name = NAME

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.module: nn.Module = new_vocoder()
        self._vocoder = self.module
        self._recordings = recordings
        filters = slaney_filters(MEL_RATE_HZ, 1024, MEL_BANDS, 8000.0)
        self._filters = torch.from_numpy(filters.astype(np.float32))
        self._windows = {size: torch.hann_window(size) for size in _FFTS}

    def losses(self, step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        """See `Stage.losses`."""
        vocoder = self._vocoder
        assert isinstance(vocoder, HiftGenerator)
        mel, f0, wav = self._batch(rng)
        harmonics = SIZES.harmonics
        phase = (torch.rand(_BATCH, harmonics, 1) * 2 - 1) * torch.pi
        phase[:, 0] = 0
        source = vocoder.m_source(f0, phase, torch.randn(_BATCH, harmonics, wav.shape[1]))
        with torch.autocast("cpu", torch.bfloat16):
            spectrum = vocoder.spectrum(source)
            x = vocoder.conv_pre(mel)
            for stage in range(len(vocoder.ups)):
                x = vocoder.stage(stage, x, vocoder.source_branch(stage, spectrum))
        made = vocoder.wav(vocoder.spectral_frames(x.float()))
        predicted = vocoder.f0_predictor(mel)
        return {"f0": 0.02 * nn.functional.l1_loss(predicted, f0), **self._spectral(made, wav)}

    def _spectral(self, made: Tensor, wav: Tensor) -> dict[str, Tensor]:
        log, linear = torch.zeros(()), torch.zeros(())
        for size in _FFTS:
            one, other = (
                torch.view_as_real(
                    torch.stft(each, size, size // 4, window=self._windows[size], return_complex=True)
                )
                .square()
                .sum(-1)
                .add(1e-7)
                .sqrt()
                for each in (made, wav)
            )
            log = log + (one.add(1e-3).log() - other.add(1e-3).log()).abs().mean() / len(_FFTS)
            linear = linear + (one - other).norm() / other.norm() / len(_FFTS)
            if size == 1024:
                bands, true = (each.transpose(1, 2) @ self._filters for each in (one, other))
                mel = (bands.clamp(min=1e-4).log() - true.clamp(min=1e-4).log()).abs().mean()
        return {"log": log, "linear": 0.5 * linear, "mel": mel}

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        mels, f0s, wavs = [], [], []
        for index in rng.integers(len(self._recordings), size=_BATCH):
            recording = self._recordings[index]
            start = int(rng.integers(len(recording.mel) - _CROP_FRAMES + 1))
            stop = start + _CROP_FRAMES
            mels.append(recording.mel[start:stop].T)
            f0s.append(recording.f0[start:stop])
            wavs.append(recording.pcm[start * MEL_HOP : stop * MEL_HOP])
        mel = torch.from_numpy(np.stack(mels).astype(np.float32))
        wav = torch.from_numpy(np.stack(wavs).astype(np.float32) / 32767)
        return mel, torch.from_numpy(np.stack(f0s)), wav
