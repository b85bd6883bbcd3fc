import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from export.hift.golden import checks
from runtime.errors import UserError

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


def test_module_and_graphs_equal_the_golden_data(tmp_path: Path) -> None:
    outcome = list(checks(GOLDEN, tmp_path))
    assert {check.by for check in outcome} == {"torch", "numpy", "onnx"}
    assert [check for check in outcome if not check.passed] == []
    assert len(outcome) == 23


def test_a_forgotten_tensor_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "hift"
    shutil.copytree(GOLDEN / "hift", folder)
    weights = load_file(folder / "hift.safetensors")
    del weights["resblocks.2.convs1.1.weight_g"]
    save_file(weights, folder / "hift.safetensors")
    with pytest.raises(UserError, match=r"hift\.safetensors: the tensor resblocks\.2\.convs1\.1\.weight_g"):
        list(checks(tmp_path, tmp_path))
