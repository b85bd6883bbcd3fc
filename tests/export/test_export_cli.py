"""`python -m export`: a clear line for what the user can mend, status 1 for an excess, no half folders."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from export import verify
from export.cli import main

GOLDEN = Path(__file__).parent.parent / "data" / "golden"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command; returns status, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["export", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def quick(monkeypatch):
    """Leave out the components that are exported for their comparisons; each has its own test for that."""
    monkeypatch.setattr(verify, "PARTS", {name: verify.PARTS[name] for name in ("tokens", "features")})


def require_clear(status, error, *told):
    assert status == 2
    lines = [line for line in error.splitlines() if line.startswith("export: ")]
    assert len(lines) == 1
    assert "Traceback" not in error
    for words in told:
        assert words in lines[0]


def test_golden_data_is_verified_row_by_row(run, quick):
    status, out, _ = run("verify", GOLDEN)
    assert status == 0
    assert "energy_norm" in out
    assert "EXCESS" not in out
    assert "0 beyond their tolerance" in out


def test_one_value_beyond_its_tolerance_fails_the_verification(run, quick, tmp_path):
    golden = tmp_path / "golden"
    shutil.copytree(GOLDEN, golden)
    path = golden / "preprocess" / "resample.npz"
    arrays = dict(np.load(path))
    arrays["r0_out"][7] += 1e-3
    np.savez(path, **arrays)
    status, out, _ = run("verify", golden)
    assert status == 1
    assert "EXCESS" in out
    assert "1 beyond their tolerance" in out


def test_a_folder_without_golden_data_is_told(run, tmp_path):
    status, _, error = run("verify", tmp_path)
    require_clear(status, error, str(tmp_path), "has no folder")


def test_a_toy_release_is_written_whole_and_its_parts_exported(run, tmp_path):
    status, _, _ = run("toy", "--output", tmp_path / "checkpoint")
    assert status == 0
    assert {path.name for path in (tmp_path / "checkpoint").iterdir()} == {
        "Step-Audio-Tokenizer",
        "Step-Audio-TTS-3B",
    }
    status, _, error = run("lm", "--checkpoint", tmp_path / "checkpoint", "--output", tmp_path / "models")
    assert status == 0
    assert "lm" in error
    assert (tmp_path / "models" / "lm" / "export.json").is_file()
    model = tmp_path / "checkpoint" / "Step-Audio-TTS-3B" / "CosyVoice-300M-25Hz" / "hift.pt"
    model.write_bytes(model.read_bytes()[:1000])
    status, _, error = run("hift", "--checkpoint", tmp_path / "checkpoint", "--output", tmp_path / "models")
    require_clear(status, error, "hift.pt", "truncated")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["lm"]


@pytest.mark.parametrize(
    "component", ["linguistic", "semantic", "lm", "flow", "hift", "speaker", "all", "chat"]
)
def test_a_missing_checkpoint_is_told(run, tmp_path, component):
    arguments = ("--checkpoint", tmp_path / "none", "--output", tmp_path / "models")
    status, _, error = run(component, *arguments)
    require_clear(status, error, "none")
    assert not (tmp_path / "models").exists()


def test_a_precision_that_a_component_does_not_have_is_told(run, tmp_path):
    run("toy", "--output", tmp_path / "checkpoint")
    arguments = ("--checkpoint", tmp_path / "checkpoint", "--output", tmp_path / "models")
    status, _, error = run("hift", *arguments, "--precision", "int4")
    require_clear(status, error, "hift can't be exported as int4", "fp32")


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), RuntimeError("wraps it")])
def test_ctrl_c_ends_quietly_even_inside_an_exporter_that_wraps_it(run, tmp_path, monkeypatch, stop):
    def interrupted(*_arguments):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise stop  # noqa: B904 (as PyTorch may)

    monkeypatch.setattr("export.toy.checkpoint.write_checkpoint", interrupted)
    status, _, error = run("toy", "--output", tmp_path)
    assert status == 130
    assert "Traceback" not in error
