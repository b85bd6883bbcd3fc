"""Whether TensorRT can build every graph of exported components."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from edge_audio.step_audio.component import Component, component_name, exported_components
from edge_audio.step_audio.shape_profiles import PROFILES
from export.progress import Progress
from export.tensorrt.engine import build_engine, require_tensorrt
from runtime.errors import UserError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one graph."""

    graph: Path
    size_bytes: int
    """Of the engine; 0 if there is none."""
    cause: str = ""
    """Why there is none."""


def build_engines(models: Path, progress: Progress) -> list[Outcome]:
    """Build an engine of every graph in and below `models` that has shape profiles, and keep none.

    Raises `UserError` if TensorRT is not installed, or there is no such graph.
    """
    require_tensorrt()
    graphs = list(_graphs(models))
    if not graphs:
        raise UserError(
            f"{models} has no component that is meant for TensorRT.",
            f"Export {', '.join(PROFILES)} with `python -m export`.",
        )
    outcomes = []
    for done, graph in enumerate(graphs):
        progress(f"{graph.parent.name}: {graph.name}", done, len(graphs))
        profile = PROFILES[component_name(graph.parent)].get(graph.name, {})
        try:
            outcomes.append(Outcome(graph, len(build_engine(graph, profile))))
        except UserError as error:
            outcomes.append(Outcome(graph, 0, error.cause))
    progress("built", len(graphs), len(graphs))
    return outcomes


def table(outcomes: list[Outcome]) -> Table:
    """Return the outcomes as a table, a row for each graph."""
    rows = Table("component", "graph", "engine")
    for outcome in outcomes:
        engine = outcome.cause or f"{outcome.size_bytes / 1e6:.1f} MB"
        rows.add_row(outcome.graph.parent.name, outcome.graph.name, engine)
    return rows


def _graphs(models: Path) -> Iterator[Path]:
    for folder in exported_components(models):
        name = component_name(folder)
        if name in PROFILES:
            component = Component(folder, name)
            yield from (component.path(file) for file in component.record.files if file.endswith(".onnx"))
