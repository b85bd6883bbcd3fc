"""An exported component: a folder with graphs, and the `export.json` that says what they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from runtime.errors import UserError

RECORD = "export.json"
"""Name of the record in a component's folder."""

MUSIC = "-music"
"""Suffix of the folder's name for components of the decoder for rap and humming."""

SCHEMA_VERSION = 1

T = TypeVar("T")

# Types of settings. The bounds are far beyond any real model: a larger number means damage, which would
# otherwise show only once it has taken all memory.

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
"""A number of things, at least one."""

FewCount = Annotated[int, msgspec.Meta(ge=1, le=1000)]
"""A number of things that each take memory or time: bands, layers, steps."""

Extent = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
"""A number of frames, which may be 0."""

RateHz = Annotated[int, msgspec.Meta(ge=8000, le=192_000)]
"""A sample rate."""

_EXPORT_AGAIN = "Export it again with `python -m export`."


class ExportRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `python -m export` writes beside the graphs of a component."""

    component: str
    """linguistic, semantic, lm, flow or hift."""
    precision: str
    """fp32, fp16, bf16, int8 or int4: how the large weights are stored."""
    opset: int
    """Version of the ONNX operators."""
    sources: Mapping[str, str]
    """SHA-256 of every file that it was exported from, by name."""
    files: Mapping[str, int]
    """Size in bytes of every other file of the component, by name."""
    settings: Mapping[str, Any]
    """What the runtime must know of the model; the component's own type defines the keys."""
    parity: Mapping[str, float]
    """Measured at the export: errors against the float32 PyTorch module, and agreement of codes."""
    schema_version: int = SCHEMA_VERSION


def read_array(path: Path, *shape: int | None) -> NDArray[Any]:
    """Return the array in one of a component's files; None in `shape` stands for any length.

    Raises `UserError`, which names the file, if it holds no array or one of another shape.
    """
    try:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is damaged or no array of numbers.", _EXPORT_AGAIN) from error
    if array.ndim != len(shape) or any(b not in (a, None) for a, b in zip(array.shape, shape, strict=True)):
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise UserError(f"{path} has the shape {array.shape}, not ({wanted}).", _EXPORT_AGAIN)
    return array


class Component:
    """The opened folder of one exported component."""

    def __init__(self, folder: Path, name: str) -> None:
        """Read the record in `folder`, which must be that of the component called `name`.

        Raises `UserError` if the folder doesn't hold that component, or not all of its files.
        """
        self.folder = folder
        path = folder / RECORD
        if not path.is_file():
            raise UserError(f"{folder} is no exported component: it has no {RECORD}.", _EXPORT_AGAIN)
        try:
            self.record = msgspec.json.decode(path.read_bytes(), type=ExportRecord)
        except (msgspec.DecodeError, RecursionError, OSError) as error:
            raise UserError(f"{path}: {error}.", _EXPORT_AGAIN) from error
        if self.record.schema_version != SCHEMA_VERSION or self.record.component != name:
            raise UserError(
                f"{path} describes {self.record.component} in version {self.record.schema_version}, "
                f"not {name} in version {SCHEMA_VERSION}.",
                _EXPORT_AGAIN,
            )
        for file in self.record.files:
            self.path(file)

    def path(self, name: str) -> Path:
        """Return the path of one of the component's files. Raises `UserError` unless it is complete."""
        path = self.folder / name
        if self.record.files.get(name) != _size(path):
            raise UserError(f"{path} is missing or incomplete.", _EXPORT_AGAIN)
        return path

    def settings(self, kind: type[T]) -> T:
        """Return the settings as the component's own type. Raises `UserError` if they don't fit it."""
        try:
            return msgspec.convert(self.record.settings, kind, strict=True)
        except msgspec.ValidationError as error:
            raise UserError(f"{self.folder / RECORD}: {error}.", _EXPORT_AGAIN) from error


def _size(path: Path) -> int:
    """Return a file's size in bytes; -1 if there is none, or can be none of that name."""
    try:
        return path.stat().st_size if path.is_file() else -1
    except OSError:
        return -1


def exported_components(*folders: Path) -> list[Path]:
    """Return the folders of all exported components in and below `folders`, sorted."""
    return sorted({record.parent for folder in folders for record in folder.rglob(RECORD)})


def component_name(folder: Path) -> str:
    """Return the name of the component in `folder`."""
    return folder.name.removesuffix(MUSIC)
