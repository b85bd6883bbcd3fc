"""What ONNX Runtime is told for each device; no such device is needed."""

import os
from pathlib import Path

import pytest

from runtime.compute import Compute
from runtime.errors import UserError
from runtime.providers import CPU, CUDA, TENSORRT, options_of
from runtime.shape_profile import Lengths
from tests.runtime.onnx_files import field, model, value

CUDA_OPTIONS = {
    "cudnn_conv_algo_search": "HEURISTIC",
    "arena_extend_strategy": "kSameAsRequested",
    "use_tf32": "0",
}
ENGINE_OPTIONS = {"trt_max_workspace_size": "4294967296", "trt_fp16_enable": "False"}
PROFILES = {"stage0.onnx": {"frames": Lengths(4, 500, 3000)}}


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "hift" / "stage0.onnx"
    path.parent.mkdir()
    inputs = (value("x", 1, 80, "frames"), value("source", 1, 1, "256*frames"), value("level", 2))
    path.write_bytes(model(b"".join(field(11, each) for each in inputs)))
    return path


def engine_folder(graph: Path, cache: Path) -> str:
    _, options = options_of(graph, Compute(1, "tensorrt", cache, PROFILES))[0]
    return options["trt_engine_cache_path"]


def test_the_processor_needs_no_options(graph: Path) -> None:
    assert options_of(graph, Compute()) == [(CPU, {})]


def test_cuda_comes_before_the_processor(graph: Path) -> None:
    assert options_of(graph, Compute(device="cuda")) == [(CUDA, CUDA_OPTIONS), (CPU, {})]


def test_tensorrt_is_told_shapes_and_folders_and_leaves_the_rest_to_cuda(graph: Path, tmp_path: Path) -> None:
    cache = tmp_path / "engines"
    found = options_of(graph, Compute(1, "tensorrt", cache, PROFILES))
    assert [name for name, _ in found] == [TENSORRT, CUDA, CPU]
    folder = found[0][1]["trt_engine_cache_path"]
    assert found[0][1] == ENGINE_OPTIONS | {
        "trt_profile_min_shapes": "x:1x80x4,source:1x1x1024",
        "trt_profile_opt_shapes": "x:1x80x500,source:1x1x128000",
        "trt_profile_max_shapes": "x:1x80x3000,source:1x1x768000",
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": folder,
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(cache),
    }
    assert Path(folder).is_dir()
    assert Path(folder).parent == cache
    assert Path(folder).name.startswith("hift-stage0-")
    assert found[1:] == [(CUDA, CUDA_OPTIONS), (CPU, {})]


def test_without_a_cache_and_without_lengths_that_vary_tensorrt_is_told_neither(graph: Path) -> None:
    graph.write_bytes(model(field(11, value("x", 2))))
    assert options_of(graph, Compute(device="tensorrt"))[0] == (TENSORRT, ENGINE_OPTIONS)


def test_a_length_without_a_profile_is_told(graph: Path) -> None:
    with pytest.raises(UserError, match="no lengths for 'frames'"):
        options_of(graph, Compute(device="tensorrt"))


def test_engines_are_found_again_until_a_file_beside_the_graph_changes(graph: Path, tmp_path: Path) -> None:
    first = engine_folder(graph, tmp_path / "engines")
    assert engine_folder(graph, tmp_path / "engines") == first
    (graph.parent / "weights.bin").write_bytes(b"new")
    second = engine_folder(graph, tmp_path / "engines")
    assert second != first
    os.utime(graph.parent / "weights.bin", ns=(1, 1))
    assert engine_folder(graph, tmp_path / "engines") not in (first, second)


def test_graphs_of_the_same_name_in_two_components_do_not_share_engines(graph: Path, tmp_path: Path) -> None:
    speech = engine_folder(graph, tmp_path / "engines")
    music = graph.parent.rename(tmp_path / "hift-music") / graph.name
    assert engine_folder(music, tmp_path / "engines") != speech


def test_a_cache_that_can_not_be_made_is_told_in_one_line(graph: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        UserError, match=r"can't be kept in .*file.*: Not a directory\. Choose another"
    ) as failure:
        engine_folder(graph, tmp_path / "file")
    assert "\n" not in str(failure.value)
