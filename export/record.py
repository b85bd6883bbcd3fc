"""The record of what is in an exported folder."""

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from edge_audio.step_audio.component import RECORD, ExportRecord
from runtime.errors import UserError

_HASH_BLOCK_BYTES = 1 << 20


def write_record(
    folder: Path,
    *,
    component: str,
    precision: str,
    opset: int,
    sources: Mapping[str, Path],
    settings: msgspec.Struct,
    parity: Mapping[str, float],
) -> None:
    """Write `export.json` into `folder`, which holds all other files of the component by now.

    Raises `UserError` if a parity figure is no number: then the model computes nothing of use.
    """
    for figure, value in parity.items():
        if not math.isfinite(value):
            raise UserError(
                f"{component} computes values without bound: its {figure} is {value}.",
                "Check that weights and configuration belong together, and download them again.",
            )
    record = ExportRecord(
        component=component,
        precision=precision,
        opset=opset,
        sources={name: sha256(path) for name, path in sources.items()},
        files={
            str(path.relative_to(folder)): path.stat().st_size
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
        settings=_plain(settings),
        parity=dict(parity),
    )
    (folder / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _plain(settings: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(settings)
    return plain
