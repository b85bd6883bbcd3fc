import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from export.lm.golden import checks

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


def test_module_and_graphs_equal_the_reference(tmp_path: Path) -> None:
    outcome = list(checks(GOLDEN, tmp_path))
    assert all(check.passed for check in outcome), [check for check in outcome if not check.passed]
    assert {(check.by, check.case) for check in outcome} >= {
        (by, case) for by in ("torch", "onnx") for case in ("logits", "logits_cached", "greedy_ids")
    }


def test_a_weight_that_is_a_little_off_shows(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "lm", tmp_path / "lm")
    tensors = load_file(tmp_path / "lm" / "model.safetensors")
    tensors["model.layers.2.post_attention_layernorm.weight"] += torch.tensor(0.02)
    save_file(tensors, tmp_path / "lm" / "model.safetensors")
    failed = {check.by for check in checks(tmp_path, tmp_path / "work") if not check.passed}
    assert failed == {"torch", "onnx"}
