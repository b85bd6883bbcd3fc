"""Golden data of other sizes, seeds, names and counts passes, and a wrong value in it fails where it is."""

import json

import numpy as np
import pytest

from export.progress import silent
from export.verify import verify
from tests.export.reference.folder import write_reference

SEED = 1

EXPECTED = {
    ("tokens", "speech prompt 1"),
    ("features", "resample r1 44100 to 24000 Hz"),
    ("linguistic", "synth_c from sound encoded"),
    ("semantic", "speech_b codes"),
    ("lm", "logits_cached"),
    ("flow", "no_prompt mel"),
    ("hift", "conv_post"),
}
"""What sees the values that are made wrong, one in a file of each component."""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """Verify a golden folder in which one value in a file of each component is wrong."""
    golden = tmp_path_factory.mktemp("reference") / "golden"
    write_reference(golden, SEED)
    shift(golden / "preprocess" / "resample.npz", "r1_out", 1e-4)
    shift(golden / "linguistic" / "synth_c.npz", "enc_out", 2e-3)
    shift(golden / "lm" / "golden.npz", "logits_cached", 1e-3)
    shift(golden / "flow" / "no_prompt.npz", "mel", 1e-3)
    shift(golden / "hift" / "golden.npz", "conv_post", 1e-3)
    edit(golden / "interleave" / "tts_prompt.json", lambda content: content["cases"][1]["ids"].append(3))
    edit(golden / "semantic" / "cases.json", lambda content: next_code(content["cases"][1]["codes"], 2))
    return verify(golden, silent)


def shift(path, name, by):
    arrays = dict(np.load(path))
    arrays[name].reshape(-1)[-1] += np.float32(by)
    np.savez(path, **arrays)


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def next_code(codes, place):
    codes[place] += 1


def test_what_another_reference_computed_passes_whatever_its_sizes(outcome):
    excess = [check for check in outcome if not check.passed]
    assert {(check.component, check.case) for check in excess} <= EXPECTED
    for component in ("linguistic", "lm", "flow", "hift"):
        by = {check.by for check in outcome if check.component == component and check.passed}
        assert {"torch", "onnx"} <= by


def test_one_wrong_value_fails_its_comparison_and_no_other(outcome):
    assert {(check.component, check.case) for check in outcome if not check.passed} == EXPECTED


def test_no_array_is_left_out(outcome):
    compared = {(check.component, check.case) for check in outcome}
    expected = {("linguistic", f"speech_a from features state {step} keys, values") for step in (0, 2, 4)} | {
        ("flow", f"golden {name}") for name in ("x_at_steps_1_7", "est4_out", "est4_t", "est0_cond")
    }
    expected |= {("hift", f"source_branch{stage}") for stage in range(2)}
    expected |= {("semantic", "tile_cut_piece1 log-mel"), ("semantic", "both: synth_d trimmed vq06")}
    assert expected <= compared
