import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.features.recording import Recording, read_recording
from edge_audio.step_audio.tokenizer.dual import DualTokenizer
from edge_audio.step_audio.voice_encoder import VoiceEncoder
from edge_audio.step_audio.voices import VoiceRegistry
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken

SPEECH = Path(__file__).parents[2] / "data" / "golden" / "audio" / "speech_a_native.wav"


def test_a_prompt_has_codes_of_the_trimmed_and_mel_of_the_whole_recording(toy_models: Path) -> None:
    recording = read_recording(SPEECH)
    prompt = VoiceEncoder(toy_models)(recording)
    tokenizer = DualTokenizer.load(toy_models)
    ids = tokenizer.ids(tokenizer.tokenize(recording, trim=True))
    np.testing.assert_array_equal(prompt.codes, ids - tokenizer.tokens.first_id)
    seconds = len(recording.pcm) / recording.rate_hz
    assert prompt.mel.shape == (int(seconds * 22_050) // 256, 80)
    assert prompt.embedding.shape == (192,)


def test_a_registry_keeps_what_the_models_made(toy_models: Path, tmp_path: Path) -> None:
    encoder = VoiceEncoder(toy_models)
    registry = VoiceRegistry(tmp_path, encoder)
    added = registry.add("Ann", read_recording(SPEECH), "Hello.", encoder)
    np.testing.assert_array_equal(registry.load("Ann").prompt.mel, added.prompt.mel)
    (tmp_path / "Ann" / "prompt.npz").unlink()
    again = registry.load("Ann").prompt
    np.testing.assert_array_equal(again.codes, added.prompt.codes)
    np.testing.assert_array_equal(again.embedding, added.prompt.embedding)


def test_there_is_no_encoder_where_a_component_is_missing(toy_models: Path, tmp_path: Path) -> None:
    encoder = VoiceEncoder.if_present(toy_models)
    assert encoder is not None
    assert encoder.fingerprint == VoiceEncoder(toy_models).fingerprint
    shutil.copytree(toy_models / "flow", tmp_path / "flow")
    assert VoiceEncoder.if_present(tmp_path) is None


def test_the_fingerprint_tells_other_models(toy_models: Path, tmp_path: Path) -> None:
    assert VoiceEncoder(toy_models).fingerprint == VoiceEncoder(toy_models).fingerprint
    other = shutil.copytree(toy_models, tmp_path / "models")
    record = other / "speaker" / "export.json"
    record.write_text(record.read_text().replace('"opset"', ' "opset"'))
    assert VoiceEncoder(other).fingerprint != VoiceEncoder(toy_models).fingerprint


def test_a_missing_component_is_told_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"flow is no exported component"):
        VoiceEncoder(tmp_path)


def test_a_recording_too_short_is_refused(toy_models: Path) -> None:
    with pytest.raises(UserError, match="too short"):
        VoiceEncoder(toy_models)(Recording(np.full(100, 0.5, np.float32), 22_050))


def test_cancelling_stops_it(toy_models: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        VoiceEncoder(toy_models)(read_recording(SPEECH), token)
