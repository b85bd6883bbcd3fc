from pathlib import Path

import numpy as np
import onnx
import pytest

from edge_audio.step_audio.features.recording import read_recording
from edge_audio.step_audio.features.speaker import SpeakerModel
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken

GOLDEN = Path(__file__).parents[3] / "data" / "golden"
MODEL = GOLDEN / "features" / "campplus.onnx"


@pytest.mark.parametrize("name", ["speech_a_native", "speech_b"])
def test_a_speaker_is_the_vector_of_the_reference(name: str) -> None:
    golden = np.load(GOLDEN / "features" / "prompt.npz")
    pcm = read_recording(GOLDEN / "audio" / f"{name}.wav").at(16_000)
    embedding = SpeakerModel(MODEL)(pcm)
    assert embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, golden[f"{name}_embedding"], rtol=0, atol=1e-3)


def test_the_input_may_have_any_name(tmp_path: Path) -> None:
    model = onnx.load(MODEL)
    old, new = model.graph.input[0].name, "features_of_another_edition"
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
    model.graph.input[0].name = new
    onnx.save(model, tmp_path / "renamed.onnx")
    pcm = np.random.default_rng(1).normal(0, 0.1, 4000).astype(np.float32)
    np.testing.assert_array_equal(SpeakerModel(tmp_path / "renamed.onnx")(pcm), SpeakerModel(MODEL)(pcm))


def test_25_ms_are_the_least_that_tells_a_voice() -> None:
    model = SpeakerModel(MODEL)
    assert model(np.ones(400, np.float32)).shape == (192,)
    with pytest.raises(UserError, match="too short"):
        model(np.ones(399, np.float32))


def test_a_cancelled_call_ends() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        SpeakerModel(MODEL)(np.ones(4000, np.float32), token)
