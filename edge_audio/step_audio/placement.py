"""Where each of the Step-Audio components is computed."""

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
    """On the processor, for each graph."""
    device: Device = "cpu"
    devices: Mapping[str, Device] = field(default_factory=dict)
    """Of the components that are not computed on `device`."""
    engine_cache: Path | None = None
    """Folder where TensorRT keeps its engines; None keeps none."""
    profiles: Mapping[str, Mapping[str, Profile]] = field(default_factory=lambda: PROFILES)
    """For which lengths TensorRT builds engines, by component and graph file."""

    def of(self, component: str) -> Compute:
        """Return how the graphs of `component` are computed; that of music is placed as that of speech."""
        return Compute(
            threads=self.threads,
            device=self.devices.get(component, self.device),
            engine_cache=self.engine_cache,
            profiles=self.profiles.get(component, {}),
        )


ALL_ON_CPU = Placement()
"""Everything on one thread of the processor."""
