"""An ONNX Runtime session: checked when opened, quiet, idle when it should be, stoppable while it runs."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as failures

from runtime.compute import ON_CPU, Compute
from runtime.errors import UserError
from runtime.providers import PROVIDERS, options_of
from runtime.worker import CancelToken

Array = NDArray[Any]

Shape = tuple[int | str | None, ...]
"""Lengths of an array's axes, or what they are called or None where they may have any."""

_ERRORS_ONLY = 3
"""Severity from which ONNX Runtime logs to standard error."""

_BAD_FILE = (
    failures.Fail,
    failures.InvalidArgument,
    failures.InvalidGraph,
    failures.InvalidProtobuf,
    failures.NoModel,
    failures.NotImplemented,
)
"""What ONNX Runtime raises for a file that is no model, a part of one, or newer than it knows."""

_PRODUCTS = re.compile("MatMul|Gemm|Conv|Attention|LSTM|GRU")
"""In the names of the operators that take nearly all of a model's time. All others may be computed elsewhere
than asked for: ONNX Runtime itself prefers the processor for those of shapes."""

_VERSION = tuple(map(int, onnxruntime.__version__.split(".")[:2]))

_FAULTY_OPTIMIZERS = ["MatmulTransposeFusion"] if _VERSION < (1, 32) else []
"""Before 1.32 a fused product divides by zero, and ends the process, where a cache is empty (1.23 to 1.31
on the processor; the builds for Jetson are that old)."""

_NEGATION = bytes.fromhex(
    "080812003a320a0b0a017812017922034e65671201675a0f0a0178120a0a08080112040a02080162"
    "0f0a0179120a0a08080112040a02080142040a001012"
)
"""The ONNX graph y = -x of one float32: the smallest thing that a provider can be asked to load."""


def provider_works(name: str) -> bool:
    """Return whether ONNX Runtime can compute with the provider `name`.

    To be listed by ONNX Runtime isn't enough: its libraries, a device for it and code for that device must be
    there too.
    """
    if name not in onnxruntime.get_available_providers():
        return False
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY + 1
    try:
        session = onnxruntime.InferenceSession(_NEGATION, options, providers=[name], enable_fallback=0)
        session.run(None, {"x": np.ones(1, np.float32)})
    except Exception:  # each provider has failures of its own, RuntimeError and ValueError among them
        return False
    return name in session.get_providers()


def _opened(path: Path, compute: Compute) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = compute.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # A plan of the memory for each length that was ever seen: a voice took 22 MB more, and no less time.
    options.enable_mem_pattern = False
    # Threads that spin between calls would take a core from the models beside this one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    if compute.device != "cpu":
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    providers = options_of(path, compute)
    # Beside what ONNX Runtime raises for a file, each provider has failures of its own.
    expected = _BAD_FILE if compute.device == "cpu" else (Exception,)
    try:
        # A fallback would be another session, on the processor, when the device fails.
        return onnxruntime.InferenceSession(
            path, options, providers=providers, enable_fallback=0, disabled_optimizers=_FAULTY_OPTIMIZERS
        )
    except expected as error:
        if compute.device != "cpu":
            raise UserError(
                f"{path} can't be computed on {compute.device}: {' '.join(str(error).split())}.",
                "Check the device with `edge-audio doctor`, or choose another one.",
            ) from error
        raise UserError(
            f"{path} is not a model that ONNX Runtime can load.",
            "Check it with `edge-audio models verify`, and fetch it again.",
        ) from error


def _check_device(path: Path, compute: Compute, session: onnxruntime.InferenceSession) -> None:
    """Raise `UserError` unless the device is in use and computes the graph's products itself."""
    wanted, in_use = PROVIDERS[compute.device], session.get_providers()
    if not set(wanted) <= set(in_use):
        raise UserError(
            f"{path.name} runs on {', '.join(in_use)}, not on {', '.join(wanted)}.",
            "Check the device with `edge-audio doctor`, or choose another one.",
        )
    if not hasattr(session, "get_provider_graph_assignment_info"):
        return  # an ONNX Runtime that doesn't tell
    elsewhere = {
        f"{node.op_type} on {part.ep_name}"
        for part in session.get_provider_graph_assignment_info()
        for node in part.get_nodes()
        if part.ep_name != wanted[0] and _PRODUCTS.search(node.op_type)
    }
    if elsewhere:
        raise UserError(
            f"{path} asks for what {compute.device} doesn't have: {', '.join(sorted(elsewhere))}.",
            "Choose another device for it, or export it in another precision.",
        )


class OnnxSession:
    """One loaded graph. Blocks while it computes: belongs on a lane."""

    def __init__(self, path: Path, compute: Compute = ON_CPU) -> None:
        """Load the graph at `path` for the device that `compute` says.

        Raises `UserError` if the file is missing or no model, or the device is not there: ONNX Runtime
        itself would go on with another one, slower and unseen.
        """
        if not path.is_file():
            raise UserError(f"There is no model file {path}.", "Fetch it with `edge-audio models fetch`.")
        available = onnxruntime.get_available_providers()
        missing = [name for name in PROVIDERS[compute.device] if name not in available]
        if missing:
            raise UserError(
                f"This ONNX Runtime can't compute on {compute.device}: it has no {', '.join(missing)}.",
                "Install the ONNX Runtime package for this device, or choose the device cpu.",
            )
        self._session = _opened(path, compute)
        if compute.device != "cpu":
            _check_device(path, compute, self._session)
        self._path = path
        nodes = (*self._session.get_inputs(), *self._session.get_outputs())
        self._shapes: dict[str, Shape] = {node.name: tuple(node.shape) for node in nodes}
        self.inputs: tuple[str, ...] = tuple(node.name for node in self._session.get_inputs())
        """Names of the graph's inputs."""
        self.outputs: tuple[str, ...] = tuple(node.name for node in self._session.get_outputs())
        """Names of the graph's outputs, in the order in which `run` returns them."""

    def require(self, shapes: Mapping[str, Shape]) -> None:
        """Raise `UserError` unless the graph has inputs and outputs of these names and shapes."""
        for name, wanted in shapes.items():
            own = self._shapes.get(name)
            if own is None:
                cause = f"{self._path} has no {name}"
            elif not _fits(own, wanted):
                cause = f"{self._path}: {name} has the shape {_text(own)}, not {_text(wanted)}"
            else:
                continue
            raise UserError(f"{cause}.", "It belongs to other files than those beside it: export all again.")

    def run(self, feeds: Mapping[str, Array], token: CancelToken | None = None) -> list[Array]:
        """Compute all outputs for `feeds` (input name to array), in the graph's order.

        Raises `Cancelled` once `token` is cancelled, before the start or between two of the graph's nodes, of
        which a TensorRT engine is one.
        """
        if token is None:
            return self._compute(feeds, None)
        token.raise_if_cancelled()
        options = onnxruntime.RunOptions()

        def terminate() -> None:
            options.terminate = True

        # ONNX Runtime logs a terminated run as an error, but here it is no fault.
        options.log_severity_level = _ERRORS_ONLY + 1
        forget = token.on_cancel(terminate)
        try:
            return self._compute(feeds, options)
        except failures.Fail:
            token.raise_if_cancelled()
            raise
        finally:
            forget()

    def _compute(self, feeds: Mapping[str, Array], options: onnxruntime.RunOptions | None) -> list[Array]:
        # Bound to fixed memory, inputs and outputs gain nothing reliable on the processor: -4 to +5 %.
        return [np.asarray(output) for output in self._session.run(None, dict(feeds), options)]


def _fits(shape: Shape, wanted: Shape) -> bool:
    """Whether all lengths that both of them know are the same."""
    if len(shape) != len(wanted):
        return False
    pairs = zip(shape, wanted, strict=True)
    return all(a == b for a, b in pairs if isinstance(a, int) and isinstance(b, int))


def _text(shape: Shape) -> str:
    return f"({', '.join('any' if length is None else str(length) for length in shape)})"
