"""Prepares a recording for the tokenizers."""

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.step_audio.features.loudness import energy_norm
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.features.trim import trim_silence
from runtime.errors import UserError


def preprocess(recording: Recording, *, trim: bool) -> Samples:
    """Return `recording` at 16 kHz, at full level, and with `trim` without the silence around the speech.

    The release trims the recording of a voice prompt, and leaves speech in a dialogue as it is. Raises
    `UserError` for a rate under 16 kHz, as the release does: such a recording lacks the upper half of the
    models' spectrum.
    """
    if recording.rate_hz < INPUT_RATE_HZ:
        raise UserError(
            f"The recording has a rate of {recording.rate_hz} Hz; the tokenizer needs {INPUT_RATE_HZ} Hz.",
            "Choose a recording with at least that rate.",
        )
    levelled = energy_norm(recording.at(INPUT_RATE_HZ))
    return trim_silence(levelled) if trim else levelled
