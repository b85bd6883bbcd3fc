"""A `cosyvoice.yaml` that says that its weights are random."""

from pathlib import Path
from typing import Any

from export.layout import cosyvoice_yaml
from export.layout.cosyvoice_yaml import SAMPLE_RATE

__all__ = ["SAMPLE_RATE", "write_cosyvoice_yaml"]


def write_cosyvoice_yaml(folder: Path, *, flow: dict[str, Any], hift: dict[str, Any]) -> None:
    """Write the file into a decoder's folder; `flow` and `hift` are the arguments of its two models."""
    comment = "Random weights: for tests, not for listening."
    cosyvoice_yaml.write_cosyvoice_yaml(folder, flow=flow, hift=hift, comment=comment)
