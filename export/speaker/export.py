"""The speaker model, checked and taken over as it is released."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import onnx

from edge_audio.step_audio.features.kaldi import BANDS
from edge_audio.step_audio.features.speaker import COMPONENT, FILE, SpeakerModel
from export.graph import opset_of
from export.precision import Precision
from export.progress import Progress
from export.record import write_record
from runtime.atomic import atomic_folder
from runtime.errors import UserError

_PROBE_FRAMES = 100


class SpeakerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the record of a speaker model says."""

    values: int
    """Length of an embedding."""


def export_speaker(source: Path, output: Path, precision: Precision, progress: Progress) -> None:
    """Copy the speaker model in the decoder folder `source` to the folder `output`, once it has computed.

    Raises `UserError` if it is missing, no model, or one that doesn't turn filter banks into an embedding.
    """
    precision.among({Precision.FP32}, COMPONENT)
    progress(COMPONENT, 0, 1)
    released = source / FILE
    if not released.is_file():
        raise UserError(f"There is no speaker model {released}.", "Download the repository whole.")
    embedding = _probe(released)
    with atomic_folder(output) as folder:
        shutil.copy(released, folder / FILE)
        write_record(
            folder,
            component=COMPONENT,
            precision=precision,
            opset=opset_of(onnx.load(released)),
            sources={FILE: released},
            settings=SpeakerSettings(embedding.size),
            parity={},
        )
    progress(COMPONENT, 1, 1)


def _probe(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return the embedding of silence."""
    model = SpeakerModel(path)
    try:
        return model.embedding(np.zeros((_PROBE_FRAMES, BANDS), np.float32))
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path} is no speaker model.", "Download it again.") from error
