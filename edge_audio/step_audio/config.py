"""``[step_audio]``: where the exported Step-Audio models are, and which device runs them."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import field

from edge_audio.models import find_model
from edge_audio.settings import Shared, Table, Threads
from runtime.compute import Device
from runtime.errors import UserError
from runtime.shape_profile import Lengths

if TYPE_CHECKING:
    from edge_audio.step_audio.placement import Placement

StepAudioComponent = Literal["linguistic", "semantic", "lm", "flow", "hift"]
"""A component that conversations use."""


class StepAudioConfig(Table, frozen=True, kw_only=True):
    """``[step_audio]``: the exported Step-Audio models, for every adapter that uses them."""

    folders = ("models",)

    models: str
    """Folder that `python -m export all` wrote."""
    threads: Threads = 2
    """Threads of each model on the processor."""
    device: Device = "cpu"
    """The device that runs them; one that isn't available is an error."""
    devices: dict[StepAudioComponent, Device] = field(default_factory=dict)
    """Other devices for some components; the decoder for music runs where the one for speech does."""
    engine_cache: str | None = None
    """Folder where TensorRT keeps its engines, which take minutes to build. If unset, `engines` beside the
    folder that `edge-audio models where` prints."""
    profiles: dict[StepAudioComponent, dict[str, dict[str, Lengths]]] = field(default_factory=dict)
    """``[step_audio.profiles.COMPONENT."GRAPH.onnx"]``: for which lengths of each axis TensorRT builds an
    engine, `[shortest, usual, longest]`, in place of those in edge_audio/step_audio/shape_profiles.py."""

    @classmethod
    def for_adapter(cls, adapter: str, shared: Shared) -> "StepAudioConfig":
        """Return the table for `adapter`. Raises `ValueError`, naming it, if the config has none."""
        if (found := shared.find(cls)) is None:
            raise ValueError(f"{adapter} needs the table [step_audio] with the path of its models")
        return found

    @property
    def engine_folder(self) -> Path:
        """Where TensorRT keeps its engines."""
        from runtime.store import default_root  # brings an HTTP client

        if self.engine_cache is None:
            return default_root().parent / "engines"
        return Path(self.engine_cache).expanduser()

    def components_by_device(self) -> dict[Device, list[str]]:
        """Return the components that each requested device runs."""
        found: dict[Device, list[str]] = {}
        for component in get_args(StepAudioComponent):
            found.setdefault(self.devices.get(component, self.device), []).append(component)
        return found

    def folder(self) -> Path:
        """Return the folder of the models. Raises `UserError` if it isn't there."""
        return find_model(self.models)

    def placement(self) -> "Placement":
        """Return where each of the models runs.

        Raises `UserError` for a shape profile of a graph that doesn't exist.
        """
        from edge_audio.step_audio.placement import Placement
        from edge_audio.step_audio.shape_profiles import PROFILES

        models = self.folder()
        profiles = {component: dict(graphs) for component, graphs in PROFILES.items()}
        for component, graphs in self.profiles.items():
            for graph, profile in graphs.items():
                if not (path := models / component / graph).is_file():
                    raise UserError(
                        f"The config has a shape profile for {path}, which is not there.",
                        f"Fix or remove [step_audio.profiles.{component}.{graph!r}].",
                    )
                profiles.setdefault(component, {})[graph] = profile
        return Placement(
            threads=self.threads,
            device=self.device,
            devices=dict(self.devices.items()),
            engine_cache=self.engine_folder,
            profiles=profiles,
        )
