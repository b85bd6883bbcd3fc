"""The two tables of numbers beside the linguistic encoder: how features are normalised, and the centroids."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runtime.errors import UserError

_AGAIN = "Download it again."


def read_normalisation(path: Path, values: int) -> NDArray[np.float32]:
    """Read a Kaldi network of a shift and a scale (am.mvn): float32 (2, values).

    Features are normalised as (x + shift) * scale. Raises `UserError`, naming the file.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is missing or no text file.", _AGAIN) from error
    return np.stack([_row(path, lines, section, values) for section in ("<AddShift>", "<Rescale>")])


def read_centroids(path: Path, width: int) -> NDArray[np.float32]:
    """Read k-means centroids, an .npy file: float32 (codes, width). Raises `UserError`, naming the file."""
    try:
        centroids = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is missing, damaged or no array of numbers.", _AGAIN) from error
    fits = isinstance(centroids, np.ndarray) and centroids.ndim == 2 and centroids.dtype.kind == "f"
    if not fits or centroids.shape[1] != width or not len(centroids) or not np.all(np.isfinite(centroids)):
        raise UserError(
            f"{path} holds no centroids of {width} values.",
            "Check that it belongs to the encoder's model.pt.",
        )
    return np.ascontiguousarray(centroids, np.float32)


def _row(path: Path, lines: list[str], section: str, values: int) -> NDArray[np.float32]:
    """Return the numbers between brackets in the line after the one that begins with `section`."""
    for line, following in pairwise(lines):
        if line.startswith(section):
            numbers = following.partition("[")[2].partition("]")[0].split()
            try:
                row = np.array(numbers, np.float32)
            except ValueError:
                break
            if len(row) == values and np.all(np.isfinite(row)):
                return row
            break
    raise UserError(f"{path}: {section} has not {values} numbers.", _AGAIN)
