"""Loads an exported speech decoder: a flow and a vocoder that share a spectrogram."""

from pathlib import Path

from edge_audio.step_audio.decoder import flow, hift
from edge_audio.step_audio.decoder.flow import FlowDecoder
from edge_audio.step_audio.decoder.hift import HiftVocoder
from edge_audio.step_audio.decoder.speech import Chunking, SpeechDecoder
from edge_audio.step_audio.placement import ALL_ON_CPU, Placement
from runtime.errors import UserError


def exported_decoder(
    folder: Path,
    placement: Placement = ALL_ON_CPU,
    chunking: Chunking | None = None,
    *,
    steps: int | None = None,
    suffix: str = "",
) -> SpeechDecoder:
    """Load the components `flow` and `hift` in `folder`, whose names end in `suffix`.

    `steps` are the flow's Euler steps, by default the release's. Blocks. Raises `UserError` if one is missing
    or they don't fit each other.
    """
    names = [f"{flow.COMPONENT}{suffix}", f"{hift.COMPONENT}{suffix}"]
    mel = FlowDecoder.load(folder / names[0], placement.of(flow.COMPONENT), steps=steps)
    vocoder = HiftVocoder.load(folder / names[1], placement.of(hift.COMPONENT))
    output, input_ = mel.settings, vocoder.settings
    if (output.bands, output.sample_rate_hz, output.hop_samples) != (
        input_.bands,
        input_.source.sample_rate_hz,
        input_.source.samples_per_frame,
    ):
        raise UserError(
            f"{folder}: {' and '.join(names)} belong to different spectrograms.",
            "Export both of one release.",
        )
    return SpeechDecoder(mel, vocoder, chunking)
