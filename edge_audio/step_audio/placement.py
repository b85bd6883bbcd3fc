"""The device of each Step-Audio component."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_audio.step_audio.shape_profiles import PROFILES
from runtime.compute import Compute, Device
from runtime.shape_profile import Profile


@dataclass(frozen=True, slots=True)
class Placement:
    """One device for all components, and another one for some."""

    threads: int = 1
    """Threads of each graph on the processor."""
    device: Device = "cpu"
    devices: Mapping[str, Device] = field(default_factory=dict)
    """Devices of the components that don't run on `device`."""
    engine_cache: Path | None = None
    """Folder where TensorRT keeps its engines; None keeps none."""
    profiles: Mapping[str, Mapping[str, Profile]] = field(default_factory=lambda: PROFILES)
    """The lengths that TensorRT builds engines for, by component and graph file."""

    def of(self, component: str) -> Compute:
        """Return how the graphs of `component` run; the decoder for music runs as the one for speech."""
        return Compute(
            threads=self.threads,
            device=self.devices.get(component, self.device),
            engine_cache=self.engine_cache,
            profiles=self.profiles.get(component, {}),
        )


ALL_ON_CPU = Placement()
"""Everything on one thread of the processor."""
