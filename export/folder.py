"""A folder that appears whole or not at all, with the record of what is in it."""

import hashlib
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from edge_audio.step_audio.component import RECORD, ExportRecord
from runtime.errors import UserError

_HASH_BLOCK_BYTES = 1 << 20

_PARTIAL = ".partial"
"""What the name of a folder that is being written ends in, after the number of the process."""


@contextmanager
def whole_folder(final: Path) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the name `final` when the block ends well.

    A folder that already has that name is replaced then, not before; when the block fails, nothing is left.
    Raises `UserError` if the disk is full or the place can't be written.
    """
    partial = final.with_name(f".{final.name}.{os.getpid()}{_PARTIAL}")
    old = partial.with_suffix(".old")
    try:
        _clear_up_after_the_dead(final)
        partial.mkdir(parents=True)
        yield partial
        if final.exists():
            final.rename(old)
        partial.rename(final)
    except OSError as error:
        raise UserError(
            f"{final} can't be written ({error.strerror or error}).", "Free space, or choose another place."
        ) from error
    finally:
        if old.exists() and not final.exists():
            old.rename(final)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(partial, ignore_errors=True)


def _clear_up_after_the_dead(final: Path) -> None:
    """Remove what processes left half-written that were killed before they could do so themselves."""
    for partial in final.parent.glob(f".{final.name}.*{_PARTIAL}"):
        process = partial.name.removesuffix(_PARTIAL).rpartition(".")[2]
        try:
            os.kill(int(process), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(partial, ignore_errors=True)
        except PermissionError:
            continue  # alive, and somebody else's


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
