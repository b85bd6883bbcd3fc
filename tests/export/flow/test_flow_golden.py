import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from export.flow.golden import checks
from runtime.errors import UserError

GOLDEN = Path("tests/data/golden")


def copied(tmp_path):
    shutil.copytree(GOLDEN / "flow", tmp_path / "golden" / "flow")
    (tmp_path / "work").mkdir()
    return tmp_path / "golden", tmp_path / "work"


def test_modules_and_graphs_equal_the_reference_and_nothing_else(tmp_path):
    golden, work = copied(tmp_path)
    arrays = dict(np.load(golden / "flow" / "golden.npz"))
    arrays["mel"][3, 5] += 1e-3
    np.savez(golden / "flow" / "altered.npz", **arrays)
    outcome = list(checks(golden, work))
    excess = [(check.case, check.by) for check in outcome if not check.passed]
    assert excess == [("altered mel", "torch"), ("altered mel", "onnx")]
    compared = {(check.case, check.by) for check in outcome}
    for by in ("torch", "onnx"):
        for name in ("mu", "est0_out", "est5_out", "t_per_step", "x_at_steps_1_4_9", "mel"):
            assert (f"golden {name}", by) in compared
        assert ("no_prompt mel", by) in compared
    assert ("golden encoder_out", "torch") in compared


def test_settings_that_cannot_be_read_are_named(tmp_path):
    golden, work = copied(tmp_path)
    config = golden / "flow" / "config.json"
    content = json.loads(config.read_bytes())
    content["encoder_fixed"]["static_chunk_size"] = 25
    config.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"config\.json can't be read .*static_chunk_size"):
        list(checks(golden, work))
