"""The memory of exported Step-Audio components, and which sets of them fit which device."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from edge_audio.step_audio.component import Component, component_name, exported_components
from edge_audio.step_audio.language_model.model import MAX_LENGTH
from edge_audio.step_audio.language_model.settings import NAME, LanguageModelSettings
from runtime.errors import UserError

DEVICES_GB = (8, 16, 32, 64)
"""Memory sizes to plan for, in GB of 2**30 bytes; a Jetson shares it with its GPU."""

SHARE = 0.75
"""Share of a device's memory that models may take; the rest is for the system, libraries and activations. It
is an estimate: what a runtime allocates beside the weights differs between devices."""

_FLOAT32_BYTES = 4


class ComponentMemory(msgspec.Struct, frozen=True):
    """One exported component."""

    name: str
    """The folder's name: linguistic, semantic, lm, flow, flow-music and so on."""
    precision: str
    folder: str
    weights_bytes: int
    """Size of its files, which hold little but weights. Weights that a runtime converts at loading count with
    their size in the file."""
    cache_bytes: int
    """Keys and values of the longest sequence, for the language model; 0 for the others."""

    @property
    def total_bytes(self) -> int:
        """Weights and cache together."""
        return self.weights_bytes + self.cache_bytes


class ComponentSet(msgspec.Struct, frozen=True):
    """One export of each component, loaded together."""

    components: tuple[ComponentMemory, ...]
    total_bytes: int
    fits_gb: tuple[int, ...]
    """The devices of `DEVICES_GB` that it fits."""


class MemoryPlan(msgspec.Struct, frozen=True):
    """The components that were found, and the sets that can be loaded together."""

    components: tuple[ComponentMemory, ...]
    sets: tuple[ComponentSet, ...]
    """The smallest first."""


def plan_memory(folders: Sequence[Path]) -> MemoryPlan:
    """Read the records in and below `folders`; no weights are loaded.

    If a component is there in several precisions, there is a set for each choice. Raises `UserError` if there
    is no component, or one is incomplete.
    """
    found = exported_components(*folders)
    if not found:
        raise UserError(
            f"{', '.join(map(str, folders))}: no exported component there.",
            "Write some with `python -m export all`.",
        )
    components = tuple(map(_component, found))
    return MemoryPlan(components, tuple(sorted(_sets(components), key=lambda each: each.total_bytes)))


def memory_lines(plan: MemoryPlan) -> list[str]:
    """Return the plan as lines of text."""
    lines = [
        f"{each.name:<12} {each.precision:<5} {each.weights_bytes / 1e6:>9.1f} MB"
        + (f" and {each.cache_bytes / 1e6:.1f} MB of keys and values" if each.cache_bytes else "")
        for each in plan.components
    ]
    for each in plan.sets:
        names = ", ".join(f"{part.name} {part.precision}" for part in each.components)
        fits = ", ".join(str(size) for size in each.fits_gb)
        lines.append(
            f"{each.total_bytes / 1e6:.1f} MB fit {fits} GB: {names}"
            if fits
            else f"{each.total_bytes / 1e6:.1f} MB fit none of the sizes: {names}"
        )
    return lines


def _component(folder: Path) -> ComponentMemory:
    name = component_name(folder)
    component = Component(folder, name)
    return ComponentMemory(
        name=folder.name,
        precision=component.record.precision,
        folder=str(folder),
        weights_bytes=sum(component.record.files.values()),
        cache_bytes=_cache_bytes(component.settings(LanguageModelSettings)) if name == NAME else 0,
    )


def _cache_bytes(settings: LanguageModelSettings) -> int:
    """Return the bytes of the longest sequence; keys and values are float32 in every precision of weights."""
    row = settings.groups * settings.head_size * _FLOAT32_BYTES
    return 2 * settings.layers * row * min(MAX_LENGTH, settings.max_length)


def _sets(components: Sequence[ComponentMemory]) -> Iterator[ComponentSet]:
    names = dict.fromkeys(each.name for each in components)
    choices = ([each for each in components if each.name == name] for name in names)
    for chosen in itertools.product(*choices):
        total = sum(each.total_bytes for each in chosen)
        fits = tuple(size for size in DEVICES_GB if total <= SHARE * size * 2**30)
        yield ComponentSet(chosen, total, fits)
