"""A small, randomly initialised model of a standard architecture goes through optimum."""

import json

import pytest
import torch

from edge_audio.step_audio.component import Component
from export.chat import ChatSettings, export_chat
from export.precision import Precision
from export.progress import silent
from runtime.errors import UserError


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "max_position_embeddings": 64,
    }
    config = Qwen2Config(vocab_size=300, num_attention_heads=4, num_key_value_heads=2, **sizes)
    folder = tmp_path_factory.mktemp("tiny-qwen2")
    Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder


def test_the_exported_chat_model_computes_what_transformers_does(tiny, tmp_path):
    export_chat(tiny, tmp_path / "chat", Precision.FP32, silent)
    component = Component(tmp_path / "chat", "chat")
    assert component.settings(ChatSettings) == ChatSettings("Qwen2ForCausalLM", 300)
    assert component.record.parity["max_abs_error"] < 1e-5


def test_weights_in_pickles_are_refused(tiny, tmp_path):
    (tmp_path / "config.json").write_bytes((tiny / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(UserError, match=r"no \.safetensors"):
        export_chat(tmp_path, tmp_path / "chat", Precision.FP32, silent)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"auto_map": {"AutoModel": "code.py"}}, "code of its own"),
        ({"architectures": None}, "names no architecture"),
        ({"model_type": "step1", "architectures": ["Step1ForCausalLM"]}, "can't be exported"),
    ],
)
def test_what_is_no_standard_chat_model_is_told(tiny, tmp_path, change, complaint):
    source = tmp_path / "source"
    source.mkdir()
    for file in tiny.iterdir():
        (source / file.name).write_bytes(file.read_bytes())
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(UserError, match=complaint):
        export_chat(source, tmp_path / "chat", Precision.FP32, silent)
    assert not (tmp_path / "chat").exists()
