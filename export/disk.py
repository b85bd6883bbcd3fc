"""Room on the disk, asked before many gigabytes are written."""

import shutil
from pathlib import Path

from runtime.errors import UserError

_SPARE = 1.05
"""File systems and file headers take a little of their own."""


def require_space(folder: Path, needed_bytes: int) -> None:
    """Raise `UserError` unless `needed_bytes` fit on the disk of `folder`, which need not exist yet."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed_bytes * _SPARE:
        raise UserError(
            f"{folder} needs {needed_bytes * _SPARE / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free.",
            "Free space, or choose another place.",
        )
