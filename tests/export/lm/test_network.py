from pathlib import Path

import numpy as np
import onnx
import pytest

from edge_audio.step_audio.language_model.settings import DECODE, PREFILL
from export.lm.export import export_lm
from export.precision import Precision
from export.progress import silent
from runtime.session import Array, OnnxSession

GROUPS, HEAD_SIZE, LAYERS = 2, 16, 2


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "lm"
    export_lm(checkpoint, folder, Precision.FP32, silent)
    return folder


def run(session: OnnxSession, ids: list[int], cache: list[Array], valid: int) -> list[Array]:
    feeds: dict[str, Array] = {"ids": np.array(ids), "past_length": np.array([valid])}
    for layer in range(LAYERS):
        feeds[f"past_key_{layer}"], feeds[f"past_value_{layer}"] = cache[2 * layer : 2 * layer + 2]
    return session.run(feeds)


def rows(count: int, fill: float = 0.0) -> list[Array]:
    return [np.full((count, GROUPS, HEAD_SIZE), fill, np.float32) for _ in range(2 * LAYERS)]


def test_a_fixed_buffer_gives_the_same_whatever_lies_behind_its_valid_rows(exported: Path) -> None:
    prefill, decode = OnnxSession(exported / PREFILL), OnnxSession(exported / DECODE)
    _, *past = run(prefill, list(range(20, 40)), rows(0), 0)
    exact = run(decode, [600], past, 20)
    buffers = rows(64, fill=1e6)
    for buffer, valid in zip(buffers, past, strict=True):
        buffer[:20] = valid
    for session in (prefill, decode):
        for ours, theirs in zip(run(session, [600], buffers, 20), exact, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_an_empty_fixed_buffer_is_no_past(exported: Path) -> None:
    prefill = OnnxSession(exported / PREFILL)
    for ours, theirs in zip(
        run(prefill, [20, 21], rows(64, fill=1e6), 0), run(prefill, [20, 21], rows(0), 0), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_the_graphs_are_of_standard_operators_and_share_one_file(exported: Path) -> None:
    for name in (PREFILL, DECODE):
        onnx.checker.check_model(str(exported / name), full_check=True)
        model = onnx.load(exported / name, load_external_data=False)
        assert [(each.domain, each.version) for each in model.opset_import] == [("", 18)]
        places = {
            entry.value
            for tensor in model.graph.initializer
            for entry in tensor.external_data
            if entry.key == "location"
        }
        assert places == {"weights.bin"}
        assert (exported / name).stat().st_size < 200_000
