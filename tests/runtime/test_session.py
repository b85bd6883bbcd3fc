"""The ONNX session, on graphs written here byte by byte: no model is needed."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from runtime.compute import Compute
from runtime.errors import UserError
from runtime.session import OnnxSession, provider_works
from runtime.worker import Cancelled, CancelToken

SIZE = 256


def field(number: int, value: int | bytes | str) -> bytes:
    """One field of a protocol buffer: a number, or text, bytes or a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes((value,)))


def matrix(name: str) -> bytes:
    dimension = field(1, field(1, SIZE))
    tensor = field(1, 1) + field(2, dimension + dimension)
    return field(1, name) + field(2, field(1, tensor))


def node(operator: str, inputs: Sequence[str], output: str) -> bytes:
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator)


def chain_of_products(path: Path, length: int) -> Path:
    """Write a graph that multiplies `x` by `y` `length` times: about 1 ms each."""
    names = ["x", *(f"t{i}" for i in range(1, length)), "out"]
    nodes = [node("MatMul", (names[i], "y"), names[i + 1]) for i in range(length)]
    graph = b"".join(field(1, each) for each in nodes) + field(2, "chain")
    graph += field(11, matrix("x")) + field(11, matrix("y")) + field(12, matrix("out"))
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17)))
    return path


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
