"""ONNX Runtime's providers for each device, and the options that they are given."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from runtime.compute import Compute, Device
from runtime.errors import UserError
from runtime.onnx_inputs import read_inputs
from runtime.shape_profile import Shape, input_shapes

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"

PROVIDERS: Mapping[Device, tuple[str, ...]] = {
    "cpu": (CPU,),
    "cuda": (CUDA, CPU),
    "tensorrt": (TENSORRT, CUDA, CPU),
}
"""ONNX Runtime's names of what computes, the device's own first. The others take the operators that the one
before has not: those of shapes, above all."""

_CUDA_OPTIONS = {
    # By default it tries out all algorithms of a convolution for each new length of its input.
    "cudnn_conv_algo_search": "HEURISTIC",
    # By default it doubles what it takes; Jetson has one memory for everything.
    "arena_extend_strategy": "kSameAsRequested",
    # TensorFloat-32 has the mantissa of float16, which changes codes near the borders of their cells.
    "use_tf32": "0",
}

_WORKSPACE_BYTES = 4 * 2**30
"""What TensorRT may use while it builds and computes; CosyVoice's own setting."""

_DIGITS = 16
"""Of the hash in the name of a folder of engines."""


def options_of(graph: Path, compute: Compute) -> list[tuple[str, dict[str, str]]]:
    """Return the providers that compute the ONNX file `graph`, in order, each with its options.

    Makes the folder for the graph's engines. Raises `UserError` if it can't, if the file is no ONNX model, or
    if a length varies that has no shape profile.
    """
    options = {CPU: {}, CUDA: _CUDA_OPTIONS}
    if compute.device == "tensorrt":
        options[TENSORRT] = _tensorrt(graph, compute)
    return [(name, options[name]) for name in PROVIDERS[compute.device]]


def _tensorrt(graph: Path, compute: Compute) -> dict[str, str]:
    options = {
        "trt_max_workspace_size": str(_WORKSPACE_BYTES),
        # An engine keeps the graph's own types. With float16 for everything, norms overflow and underflow.
        "trt_fp16_enable": "False",
    }
    shapes = input_shapes(read_inputs(graph), compute.profiles.get(graph.name, {}))
    if shapes:
        options |= {
            "trt_profile_min_shapes": _listed({name: shape.shortest for name, shape in shapes.items()}),
            "trt_profile_opt_shapes": _listed({name: shape.usual for name, shape in shapes.items()}),
            "trt_profile_max_shapes": _listed({name: shape.longest for name, shape in shapes.items()}),
        }
    if compute.engine_cache is not None:
        options |= {
            "trt_engine_cache_enable": "True",
            "trt_engine_cache_path": str(_engine_folder(graph, compute.engine_cache)),
            "trt_timing_cache_enable": "True",
            "trt_timing_cache_path": str(compute.engine_cache),
        }
    return options


def _listed(shapes: Mapping[str, Shape]) -> str:
    """Write shapes as the provider reads them: `name:1x80x500,other:500`."""
    return ",".join(f"{name}:{'x'.join(map(str, shape))}" for name, shape in shapes.items())


def _engine_folder(graph: Path, cache: Path) -> Path:
    """Make and return the folder for the engines of `graph`, a new one when a file beside it has changed.

    The provider tells engines apart by the names in a graph and by the versions of libraries, not by weights
    and not by folders: it would take one release's engine for another's, or that of speech for music.
    """
    files = sorted(file for file in graph.parent.iterdir() if file.is_file())
    states = "\n".join(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files)
    digest = hashlib.sha256(states.encode()).hexdigest()[:_DIGITS]
    folder = cache / f"{graph.parent.name}-{graph.stem}-{digest}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"TensorRT's engines can't be kept in {folder}: {error.strerror}.",
            "Choose another folder as engine_cache.",
        ) from error
    return folder
