"""The ONNX session, on graphs written here byte by byte: no model is needed."""

import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from runtime.compute import Compute
from runtime.errors import UserError
from runtime.session import OnnxSession, Shape, provider_works
from runtime.worker import Cancelled, CancelToken
from tests.runtime.onnx_files import SIZE, chain, chain_of_products


def feeds() -> dict[str, np.ndarray]:
    return {"x": np.eye(SIZE, dtype=np.float32), "y": np.full((SIZE, SIZE), 1 / SIZE, np.float32)}


def test_it_computes_the_graphs_outputs(tmp_path: Path) -> None:
    session = OnnxSession(chain_of_products(tmp_path / "chain.onnx", 2))
    (out,) = session.run(feeds(), CancelToken())
    assert (session.inputs, session.outputs) == (("x", "y"), ("out",))
    np.testing.assert_allclose(out, np.full((SIZE, SIZE), 1 / SIZE), rtol=1e-5)


def test_a_cancelled_token_stops_a_running_computation_at_once(tmp_path: Path) -> None:
    session = OnnxSession(chain_of_products(tmp_path / "chain.onnx", 20_000))
    token = CancelToken()
    cancelled_at_s = 0.0

    def cancel() -> None:
        nonlocal cancelled_at_s
        cancelled_at_s = time.perf_counter()
        token.cancel()

    threading.Timer(0.05, cancel).start()
    with pytest.raises(Cancelled):
        session.run(feeds(), token)
    assert time.perf_counter() - cancelled_at_s < 0.05


def test_a_token_cancelled_before_prevents_the_computation(tmp_path: Path) -> None:
    session = OnnxSession(chain_of_products(tmp_path / "chain.onnx", 1))
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        session.run({}, token)  # would fail for want of inputs


def test_a_session_serves_on_after_a_cancelled_run(tmp_path: Path) -> None:
    session = OnnxSession(chain_of_products(tmp_path / "chain.onnx", 2_000))
    token = CancelToken()
    threading.Timer(0.02, token.cancel).start()
    with pytest.raises(Cancelled):
        session.run(feeds(), token)
    assert session.run(feeds(), CancelToken())[0].shape == (SIZE, SIZE)


def test_a_fault_that_is_no_cancellation_is_not_taken_for_one(tmp_path: Path) -> None:
    session = OnnxSession(chain_of_products(tmp_path / "chain.onnx", 1))
    with pytest.raises(Exception, match=r"x|y") as caught:
        session.run({"x": np.zeros((1, 1), np.float32), "y": np.zeros((2, 2), np.float32)}, CancelToken())
    assert not isinstance(caught.value, Cancelled)


@pytest.mark.parametrize(
    ("shapes", "complaint"),
    [
        ({"x": (SIZE, SIZE), "y": (None, SIZE), "out": (SIZE, "rows")}, None),
        (
            {"x": (SIZE, SIZE + 1)},
            rf"chain.onnx: x has the shape \({SIZE}, {SIZE}\), not \({SIZE}, {SIZE + 1}\)",
        ),
        ({"x": (SIZE,)}, "x has the shape"),
        ({"z": (None,)}, "chain.onnx has no z. .* export all again"),
    ],
)
def test_arrays_that_the_graph_was_not_made_for_are_told(
    tmp_path: Path, shapes: dict[str, Shape], complaint: str | None
) -> None:
    session = OnnxSession(chain_of_products(tmp_path / "chain.onnx", 1))
    with nullcontext() if complaint is None else pytest.raises(UserError, match=complaint):
        session.require(shapes)


@pytest.mark.parametrize("content", [b"", b"no model" * 100, None], ids=["empty", "nonsense", "half a model"])
def test_a_file_that_is_no_model_is_named_with_a_remedy(tmp_path: Path, content: bytes | None) -> None:
    path = chain_of_products(tmp_path / "chain.onnx", 50)
    path.write_bytes(path.read_bytes()[:700] if content is None else content)
    with pytest.raises(UserError, match=r"chain.onnx is not a model .* fetch it again"):
        OnnxSession(path)


def test_a_missing_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no model file .*gone.onnx\. Fetch it"):
        OnnxSession(tmp_path / "gone.onnx")


def test_a_device_that_is_not_there_is_an_error_not_a_silent_fallback(tmp_path: Path) -> None:
    path = chain_of_products(tmp_path / "chain.onnx", 1)
    with pytest.raises(UserError, match=r"can't compute on tensorrt: it has no Tensorrt.*, CUDA"):
        OnnxSession(path, Compute(device="tensorrt"))


class OtherDevice:
    """A session on the processor that claims to be on a graphics card."""

    claims = ("CUDAExecutionProvider", "CPUExecutionProvider")

    def __init__(self, path: Path, options: onnxruntime.SessionOptions, **_: Any) -> None:
        self._session = REAL(path, options, providers=["CPUExecutionProvider"])

    def get_providers(self) -> tuple[str, ...]:
        return self.claims

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class Claimless(OtherDevice):
    claims = ("CPUExecutionProvider",)


class Broken:
    def __init__(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("no\ndevice")


REAL = onnxruntime.InferenceSession


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An ONNX Runtime that lists a provider for CUDA."""
    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    return monkeypatch


@pytest.mark.parametrize(
    ("session", "told"),
    [
        (Claimless, r"chain\.onnx runs on CPUExecutionProvider, not on CUDA"),
        (OtherDevice, r"asks for what cuda doesn't have: MatMul on CPUExecutionProvider"),
        (Broken, r"can't be computed on cuda: no device\."),
    ],
)
def test_a_graph_that_a_listed_device_does_not_compute_is_an_error(
    tmp_path: Path, listed: pytest.MonkeyPatch, session: type, told: str
) -> None:
    listed.setattr(onnxruntime, "InferenceSession", session)
    with pytest.raises(UserError, match=told) as failure:
        OnnxSession(chain_of_products(tmp_path / "chain.onnx", 1), Compute(device="cuda"))
    assert "\n" not in str(failure.value)


def test_small_operators_may_be_computed_elsewhere(tmp_path: Path, listed: pytest.MonkeyPatch) -> None:
    listed.setattr(onnxruntime, "InferenceSession", OtherDevice)
    OnnxSession(chain(tmp_path / "sums.onnx", "Add", 2), Compute(device="cuda"))


def test_its_threads_are_idle_between_calls(tmp_path: Path) -> None:
    session = OnnxSession(chain_of_products(tmp_path / "chain.onnx", 2), Compute(threads=2))
    session.run(feeds())
    idle_s = 0.0
    for _ in range(20):
        session.run(feeds())
        before_s = time.process_time()
        time.sleep(0.02)
        idle_s += time.process_time() - before_s
    assert idle_s < 0.05  # threads that spin for work take 0.2 s and more


def test_a_provider_works_if_a_session_opens_with_it():
    assert provider_works("CPUExecutionProvider")


@pytest.mark.parametrize("listed", [[], ["NoSuchExecutionProvider"]])
def test_a_provider_that_is_listed_but_opens_no_session_does_not_work(monkeypatch, listed):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)
    assert not provider_works("NoSuchExecutionProvider")
