import json
from pathlib import Path

import pytest
import torch

from export.checkpoint import open_tensors
from export.layout import lm as layout
from export.layout.lm import write_lm_files
from export.lm.config import CONFIG, Step1Config, read_config
from export.lm.generation_config import GENERATION_CONFIG, GenerationConfig
from export.progress import silent

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_attention_groups": 2,
    "num_hidden_layers": 2,
    "vocab_size": 100,
    "max_seq_len": 512,
}
RELEASED_LIKE = Step1Config(**SIZES)
OWN = Step1Config(**SIZES, alibi_slopes=(4.0, 1.0, 0.3, 0.01), control_tags=("慢速1", "低音"))


def weights(config: Step1Config) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=generator) for name, shape in config.shapes().items()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("config", [RELEASED_LIKE, OWN])
def test_configuration_and_weights_are_read_back(
    tmp_path: Path, config: Step1Config, dtype: torch.dtype
) -> None:
    given = weights(config)
    write_lm_files(tmp_path, config, given.__getitem__, dtype, GenerationConfig(), silent)
    tensors = open_tensors(tmp_path)
    assert read_config(tmp_path, tensors) == config
    assert all(torch.equal(tensors.read(name), tensor.to(dtype)) for name, tensor in given.items())


@pytest.mark.parametrize(
    ("config", "generation", "described", "drawn"),
    [
        (RELEASED_LIKE, GenerationConfig(), set(), {}),
        (
            OWN,
            GenerationConfig(temperature=0.5, phase_rule=True),
            {"alibi_slopes", "control_tags"},
            {"temperature": 0.5, "phase_rule": True},
        ),
    ],
)
def test_only_what_differs_from_the_release_is_said(tmp_path, config, generation, described, drawn):
    write_lm_files(tmp_path, config, weights(config).__getitem__, torch.float32, generation, silent)
    optional = {"alibi_slopes", "control_tags", "logit_scale", "max_pos_interp_ratio"}
    assert json.loads((tmp_path / CONFIG).read_bytes()).keys() & optional == described
    common = {"bos_token_id": 1, "eos_token_id": 3, "pad_token_id": 0}
    assert json.loads((tmp_path / GENERATION_CONFIG).read_bytes()) == common | drawn


def test_a_large_model_is_cut_into_shards_between_its_tensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "_SHARD_BYTES", 20_000)
    given = weights(OWN)
    write_lm_files(tmp_path, OWN, given.__getitem__, torch.float32, GenerationConfig(), silent)
    assert len(list(tmp_path.glob("model-*-of-*.safetensors"))) > 2
    tensors = open_tensors(tmp_path)
    assert all(torch.equal(tensors.read(name), tensor) for name, tensor in given.items())
