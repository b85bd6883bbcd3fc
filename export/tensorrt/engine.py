"""Build TensorRT engines from exported graphs, without a GPU, to learn that every operator has one.

This takes TensorRT for RTX (`pip install tensorrt-rtx`), which builds for graphics cards on any x86-64
machine. Its engines don't run on Jetson, where ONNX Runtime builds its own from the same graphs.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from runtime.errors import UserError
from runtime.onnx_inputs import read_inputs
from runtime.shape_profile import Profile, input_shapes

MODULE = "tensorrt_rtx"
"""Name of the Python module of TensorRT for RTX."""


def build_engine(graph: Path, profile: Profile) -> bytes:
    """Return the engine of the ONNX file `graph` for the lengths in `profile`, in the graph's own types.

    Raises `UserError` if TensorRT is not installed, lacks an operator, or can't build it for a length.
    """
    tensorrt = require_tensorrt()
    messages: list[str] = []
    logger = _logger(tensorrt, messages)
    builder = tensorrt.Builder(logger)
    network = builder.create_network(0)  # this TensorRT knows strongly typed networks only
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(graph)):
        errors = [parser.get_error(index) for index in range(parser.num_errors)]
        raise _cannot_build(graph, [f"{error.node_operator()}: {error.desc()}" for error in errors])
    config = builder.create_builder_config()
    shapes = input_shapes(read_inputs(graph), profile)
    if shapes:
        ranges = builder.create_optimization_profile()
        for name, shape in shapes.items():
            ranges.set_shape(name, shape.shortest, shape.usual, shape.longest)
        config.add_optimization_profile(ranges)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise _cannot_build(graph, messages)
    return bytes(engine)


def require_tensorrt() -> Any:
    """Return TensorRT's module. Raises `UserError` if it is not installed."""
    try:
        return import_module(MODULE)
    except (ImportError, OSError) as error:
        raise UserError(
            "TensorRT for RTX is not installed, or not for this machine.",
            "Install it with `pip install tensorrt-rtx` on x86-64.",
        ) from error


def _logger(tensorrt: Any, messages: list[str]) -> Any:
    """Return a logger that keeps errors; TensorRT's class can only be named once it is imported."""

    class Logger(tensorrt.ILogger):  # type: ignore[misc]  # mypy can't see a class that is imported at run time
        def __init__(self) -> None:
            tensorrt.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity <= tensorrt.ILogger.Severity.ERROR:
                messages.append(message)

    return Logger()


def _cannot_build(graph: Path, errors: list[str]) -> UserError:
    reasons = "; ".join(" ".join(error.split()).rstrip(".") for error in errors[:3]) or "it tells no reason"
    return UserError(
        f"TensorRT can't build {graph}: {reasons}.", "Export the component in another precision."
    )
