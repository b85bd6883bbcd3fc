"""Where and how a session computes its graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from runtime.shape_profile import Profile

Device = Literal["cpu", "cuda", "tensorrt"]
"""The processor, NVIDIA's GPU through CUDA, or the same GPU through engines that TensorRT builds."""


@dataclass(frozen=True, slots=True)
class Compute:
    """A device, and what it needs to know."""

    threads: int = 1
    """On the processor, where small parts of a graph are computed whatever the device is."""
    device: Device = "cpu"
    engine_cache: Path | None = None
    """Folder where TensorRT keeps what it built, which takes minutes; None keeps nothing."""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """For which lengths TensorRT builds engines, by the graph's file name; fixed lengths need none."""


ON_CPU = Compute()
"""One thread of the processor."""
