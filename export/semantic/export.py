"""The semantic encoder, released as an ONNX file: checked, and taken over as it is."""

import shutil
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from edge_audio.step_audio.tokenizer.semantic import COMPONENT, GRAPH, SemanticEncoder, SemanticSettings
from export.disk import require_space
from export.graph import opset_of
from export.precision import Precision
from export.progress import Progress
from export.record import write_record
from runtime.atomic import atomic_folder
from runtime.errors import UserError
from runtime.session import OnnxSession

MODEL = "speech_tokenizer_v1.onnx"
"""Its name in the release."""

_HOPS_PER_CODE = 4
"""10 ms hops of a code in the 25 Hz edition, which the release has; the older edition for 50 Hz has 2."""

_TRIED_HOPS = 100

_REMEDY = "Check that it is Step-Audio's speech_tokenizer_v1.onnx, and download it again."


def export_semantic(tokenizer: Path, output: Path, precision: Precision, progress: Progress) -> None:
    """Take over the semantic encoder of the released folder `tokenizer` into the folder `output`.

    Raises `UserError` for another graph or precision, and leaves `output` as it was then.
    """
    precision.among((Precision.FP32,), COMPONENT)
    path = tokenizer / MODEL
    progress(f"{COMPONENT}: checking", 0, 2)
    settings, opset = _check(path)
    require_space(output, path.stat().st_size)
    progress(f"{COMPONENT}: copying", 1, 2)
    with atomic_folder(output) as folder:
        shutil.copyfile(path, folder / GRAPH)
        write_record(
            folder,
            component=COMPONENT,
            precision=precision,
            opset=opset,
            sources={MODEL: path},
            settings=settings,
            parity={},
        )
    progress(COMPONENT, 2, 2)


def _check(path: Path) -> tuple[SemanticSettings, int]:
    """Return the settings and the operators' version of the graph, unless it is another one: `UserError`."""
    try:
        model = onnx.load(path, load_external_data=False)
    except FileNotFoundError as error:
        raise UserError(f"There is no {path}.", "Download the repository whole.") from error
    except (DecodeError, OSError) as error:
        raise UserError(f"{path} is truncated or no ONNX file.", _REMEDY) from error
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [_kind(value) for value in model.graph.input if value.name not in weights]
    outputs = [_kind(value) for value in model.graph.output]
    match inputs, outputs:
        case (
            [(TensorProto.FLOAT, [0 | 1, int(bands), _]), (TensorProto.INT32, [_])],
            [(TensorProto.INT32 | TensorProto.INT64, _), *_],
        ) if bands > 0:
            settings = SemanticSettings(bands=bands, hops_per_code=_HOPS_PER_CODE)
        case _:
            raise UserError(
                f"{path} doesn't take a log-mel (1, bands, hops) and its length, and return codes.", _REMEDY
            )
    silence = np.zeros((settings.bands, _TRIED_HOPS), np.float32)
    codes = len(SemanticEncoder(OnnxSession(path), settings).encode(silence))
    if codes != _TRIED_HOPS // _HOPS_PER_CODE:
        raise UserError(f"{path} gives {codes} codes a second, not 25.", _REMEDY)
    return settings, opset_of(model)


def _kind(value: onnx.ValueInfoProto) -> tuple[int, list[int]]:
    """Return element type and shape of an input or output; 0 stands for a length that varies."""
    tensor = value.type.tensor_type
    return tensor.elem_type, [axis.dim_value for axis in tensor.shape.dim]
