"""`python -m export engines`, on tiny models."""

import shutil

import pytest

from export.cli import main
from export.tensorrt import engine, engines

pytest.importorskip(engine.MODULE, reason="TensorRT for RTX is not installed")


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command; returns status, standard output and standard error."""

    def run(folder):
        monkeypatch.setattr("sys.argv", ["export", "engines", str(folder)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


def test_every_graph_that_is_meant_for_tensorrt_is_built(run, toy_models, tmp_path):
    for name in ("linguistic", "hift-music", "semantic"):
        shutil.copytree(toy_models / name, tmp_path / name)
    status, out, _ = run(tmp_path)
    assert status == 0
    assert "4 graphs, 0 that TensorRT can't build" in out
    assert "stage1.onnx" in out
    assert "semantic" not in out


def test_a_graph_that_can_not_be_built_is_told_beside_the_others(run, toy_models, tmp_path):
    for name in ("linguistic", "lm"):
        shutil.copytree(toy_models / name, tmp_path / name)
    # The toy's language model is quantised.
    status, out, _ = run(tmp_path)
    assert status == 1
    assert "3 graphs, 2 that TensorRT can't build" in out
    assert "MatMulNBits" in out


def test_a_folder_without_components_is_told(run, tmp_path):
    status, _, error = run(tmp_path)
    assert status == 2
    assert "has no component that is meant for TensorRT" in error


def test_without_tensorrt_it_is_told_once(run, toy_models, monkeypatch):
    monkeypatch.setattr(engine, "MODULE", "no_such_module")
    status, out, error = run(toy_models)
    assert (status, out) == (2, "")
    assert "TensorRT for RTX is not installed" in error


def test_graphs_of_components_without_profiles_are_left_out(toy_models):
    assert {graph.parent.name for graph in engines._graphs(toy_models)} == {
        "linguistic",
        "lm",
        "flow",
        "flow-music",
        "hift",
        "hift-music",
    }
