"""What surrounds the comparisons: one folder for all graphs, one thread, one clear line for missing data."""

import numpy as np
import pytest
import torch

from export import verify
from export.check import Check, counted
from export.progress import silent
from runtime.errors import UserError


@pytest.fixture
def verified(monkeypatch, tmp_path):
    """Verify a folder by comparisons of the test's own, one after another."""

    def run(*parts):
        named = {f"part {number}": verify._Part((), part) for number, part in enumerate(parts)}
        monkeypatch.setattr(verify, "PARTS", named)
        return verify.verify(tmp_path, silent)

    return run


def test_components_share_their_graphs(verified):
    def writes(golden, work):
        (work / "graph").write_text("exported")
        yield Check("a", "written", "onnx", 0.0, 0.0)

    def reads(golden, work):
        yield Check("b", (work / "graph").read_text(), "onnx", 0.0, 0.0)

    assert [check.case for check in verified(writes, reads)] == ["written", "exported"]


def test_pytorch_has_one_thread_and_then_as_many_as_before(verified):
    seen = []

    def looks(golden, work):
        seen.append(torch.get_num_threads())
        yield Check("a", "", "torch", 0.0, 0.0)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        verified(looks)
        assert (seen, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("error", [KeyError("mel"), FileNotFoundError("mel")])
def test_missing_data_is_one_clear_line(verified, error):
    def fails(golden, work):
        yield Check("a", "", "torch", 0.0, 0.0)
        raise error

    with pytest.raises(UserError, match=r"the data of part 0 is not whole .*mel"):
        verified(fails)


def test_an_array_is_found_whatever_its_name_counts():
    arrays = {"x_first": np.zeros(1), "x_first_y3": np.zeros(2), "x_first30": np.zeros(30)}
    assert len(counted(arrays, "x_first")) == 30
    assert counted(arrays, "y_first") is None
