"""A private assistant tells nobody that it was used."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.onnx_files import chain

PROGRAM = """
import {first}
import onnxruntime
onnxruntime.InferenceSession({model!r}, providers=["CPUExecutionProvider"])
"""


def kept(home: Path, first: str) -> list[Path]:
    """Return what is in the home of somebody whose program imports `first`, then opens a model."""
    program = PROGRAM.format(first=first, model=str(chain(home.parent / "it.onnx", "Add", 1)))
    # No other variable: ONNX Runtime is silent by itself where it takes the program for a test.
    environment = {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
    return list(home.rglob("*"))


@pytest.mark.parametrize("first", ["runtime", "edge_audio"])
def test_onnx_runtime_keeps_no_record_of_a_session(tmp_path: Path, first: str) -> None:
    (tmp_path / "home").mkdir()
    assert kept(tmp_path / "home", first) == []
