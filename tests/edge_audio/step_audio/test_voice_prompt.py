from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.features.prompt_mel import PromptMel
from edge_audio.step_audio.features.recording import Recording, read_recording
from edge_audio.step_audio.features.speaker import SpeakerModel
from edge_audio.step_audio.voice_encoder import voice_prompt
from runtime.errors import UserError

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
MEL = PromptMel(22_050, 1024, 256, 80, 8000.0)
CODES = np.array([1, 2, 3, 4, 5])


@pytest.fixture(scope="module")
def speaker() -> SpeakerModel:
    return SpeakerModel(GOLDEN / "features" / "campplus.onnx")


def test_spectrogram_and_speaker_are_those_of_the_untrimmed_recording(speaker: SpeakerModel) -> None:
    golden = np.load(GOLDEN / "features" / "prompt.npz")
    recording = read_recording(GOLDEN / "audio" / "speech_a_native.wav")
    prompt = voice_prompt(recording, CODES, MEL, speaker)
    np.testing.assert_array_equal(prompt.codes, CODES)
    np.testing.assert_allclose(prompt.mel, golden["speech_a_native_prompt_mel"], rtol=0, atol=2e-3)
    np.testing.assert_allclose(prompt.embedding, golden["speech_a_native_embedding"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("samples", [1, 1102])
def test_a_recording_too_short_for_a_voice_is_refused(speaker: SpeakerModel, samples: int) -> None:
    with pytest.raises(UserError, match="too short"):
        voice_prompt(Recording(np.ones(samples, np.float32), 48_000), CODES, MEL, speaker)


def test_a_recording_too_short_for_the_decoders_window_is_refused(speaker: SpeakerModel) -> None:
    wide = PromptMel(22_050, 8192, 256, 80, 8000.0)
    with pytest.raises(UserError, match="too short"):
        voice_prompt(Recording(np.ones(2000, np.float32), 48_000), CODES, wide, speaker)
