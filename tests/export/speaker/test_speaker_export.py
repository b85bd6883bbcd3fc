import numpy as np
import onnx
import pytest
import torch

from edge_audio.step_audio.component import Component
from edge_audio.step_audio.features.speaker import FILE, SpeakerModel
from export.precision import Precision
from export.progress import silent
from export.speaker.export import export_speaker
from export.toy.speaker import write_speaker_model
from runtime.errors import UserError


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "CosyVoice"
    folder.mkdir()
    write_speaker_model(folder / FILE, torch.Generator().manual_seed(1))
    return folder


def test_what_was_taken_over_computes_the_same(source, tmp_path):
    export_speaker(source, tmp_path / "speaker", Precision.FP32, silent)
    component = Component(tmp_path / "speaker", "speaker")
    assert component.record.settings == {"values": 192}
    assert component.record.opset == onnx.load(source / FILE).opset_import[0].version
    features = np.random.default_rng(0).standard_normal((50, 80)).astype(np.float32)
    taken = SpeakerModel(component.path(FILE)).embedding(features)
    assert np.array_equal(taken, SpeakerModel(source / FILE).embedding(features))


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_file_that_is_no_speaker_model_is_refused(source, tmp_path, content):
    (source / FILE).unlink()
    if content:
        (source / FILE).write_bytes(content)
    with pytest.raises(UserError, match=r"campplus\.onnx"):
        export_speaker(source, tmp_path / "speaker", Precision.FP32, silent)
    assert not (tmp_path / "speaker").exists()


def test_other_precisions_are_refused(source, tmp_path):
    with pytest.raises(UserError, match="speaker can't be exported as int8"):
        export_speaker(source, tmp_path / "speaker", Precision.INT8, silent)
