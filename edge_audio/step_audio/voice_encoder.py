"""From a recording to a voice prompt, by the exported models."""

import hashlib
from pathlib import Path
from typing import Self

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.step_audio.component import RECORD, Component
from edge_audio.step_audio.decoder import flow
from edge_audio.step_audio.decoder.flow import FlowSettings
from edge_audio.step_audio.features.prompt_mel import PromptMel
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.features.speaker import COMPONENT as SPEAKER
from edge_audio.step_audio.features.speaker import FILE, SpeakerModel
from edge_audio.step_audio.placement import ALL_ON_CPU, Placement
from edge_audio.step_audio.tokenizer import linguistic, semantic
from edge_audio.step_audio.tokenizer.dual import DualTokenizer
from edge_audio.step_audio.tokens import Codes
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.errors import UserError
from runtime.worker import CancelToken

FFT_SAMPLES = 1024
"""Window of the decoder's spectrogram, which its record doesn't hold (the release's `cosyvoice.yaml`)."""

TOP_HZ = 8000.0
"""Upper edge of its highest band, from the same file."""

_COMPONENTS = (linguistic.COMPONENT, semantic.COMPONENT, flow.COMPONENT, SPEAKER)


class VoiceEncoder:
    """A `PromptEncoder`. Blocks while it computes, and loads its models for each voice: belongs on a lane.

    Voices are rarely made and the models are large, so nothing stays loaded between two calls.
    """

    def __init__(self, models: Path, placement: Placement = ALL_ON_CPU) -> None:
        """Use the components in `models` (`python -m export all`). Raises `UserError` if one is missing."""
        self._models = models
        self._placement = placement
        settings = Component(models / flow.COMPONENT, flow.COMPONENT).settings(FlowSettings)
        self._mel = PromptMel(
            settings.sample_rate_hz, FFT_SAMPLES, settings.hop_samples, settings.bands, TOP_HZ
        )
        self._speaker = Component(models / SPEAKER, SPEAKER).path(FILE)
        digest = hashlib.sha256()
        for name in _COMPONENTS:
            Component(models / name, name)
            digest.update((models / name / RECORD).read_bytes())
        self.fingerprint = digest.hexdigest()
        """Hash of the models' records, which hold the hashes of the files they were exported from."""

    @classmethod
    def if_present(cls, models: Path, placement: Placement = ALL_ON_CPU) -> Self | None:
        """Return the encoder, or None without a component: a device that only speaks needs no encoder."""
        present = all((models / name / RECORD).is_file() for name in _COMPONENTS)
        return cls(models, placement) if present else None

    def __call__(self, recording: Recording, token: CancelToken | None = None) -> VoicePrompt:
        """Return the voice prompt of `recording`, as the release computes it.

        Raises `UserError` for a recording that is too short or below 16 kHz, `Cancelled` once `token` is
        cancelled.
        """
        tokenizer = DualTokenizer.load(self._models, self._placement)
        ids = tokenizer.ids(tokenizer.tokenize(recording, trim=True, token=token))
        codes = tokenizer.tokens.codes(ids)
        speaker = SpeakerModel(self._speaker, self._placement.of(SPEAKER))
        return voice_prompt(recording, codes, self._mel, speaker, token)


def voice_prompt(
    recording: Recording,
    codes: Codes,
    mel: PromptMel,
    speaker: SpeakerModel,
    token: CancelToken | None = None,
) -> VoicePrompt:
    """Return the voice prompt of `recording`, whose codes the tokenizer computed.

    The codes are those of `preprocess(recording, trim=True)`, but the spectrogram and the speaker embedding
    come from the untrimmed recording at its own level. So it is in the release, whose decoder stretches one
    to the length of the other. Blocks while it computes: belongs on a lane. Raises `UserError` for a
    recording that is too short, `Cancelled` once `token` is cancelled.
    """
    embedding = speaker(recording.at(INPUT_RATE_HZ), token)
    pcm = recording.at(mel.rate_hz)
    if len(pcm) < mel.least_samples:
        raise UserError("The recording is too short for a voice.", "Record a few seconds of speech.")
    return VoicePrompt(codes, mel(pcm), embedding)
