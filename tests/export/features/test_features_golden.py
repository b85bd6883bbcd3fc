import shutil
from pathlib import Path

import numpy as np
import pytest

from export.features.golden import checks
from runtime.errors import UserError

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    for name in ("audio", "features", "preprocess"):
        shutil.copytree(GOLDEN / name, tmp_path / "golden" / name)
    return tmp_path / "golden"


def test_every_comparison_is_within_its_tolerance(tmp_path: Path) -> None:
    outcome = list(checks(GOLDEN, tmp_path))
    assert [check for check in outcome if not check.passed] == []
    assert len({check.case for check in outcome}) == len(outcome) > 70


@pytest.mark.parametrize(
    ("archive", "array", "case"),
    [
        ("preprocess/resample.npz", "r3_out", "resample r3 22050 to 16000 Hz"),
        ("preprocess/trim_silence.npz", "impulse_out", "trim_silence impulse"),
        ("features/prompt.npz", "speech_b_embedding", "speech_b embedding"),
    ],
)
def test_a_wrong_value_is_found(golden: Path, tmp_path: Path, archive: str, array: str, case: str) -> None:
    arrays = dict(np.load(golden / archive))
    arrays[array] = arrays[array] + np.float32(0.01)
    np.savez(golden / archive, **arrays)
    assert [check.case for check in checks(golden, tmp_path) if not check.passed] == [case]


@pytest.mark.parametrize("file", ["preprocess/cases.json", "features/prompt.npz"])
def test_a_file_that_is_missing_or_damaged_is_named(golden: Path, tmp_path: Path, file: str) -> None:
    (golden / file).write_bytes(b"PK damaged")
    with pytest.raises(UserError, match=file):
        list(checks(golden, tmp_path))
    (golden / file).unlink()
    with pytest.raises(UserError, match=file):
        list(checks(golden, tmp_path))
