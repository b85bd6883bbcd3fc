"""`edge-audio models`: which models there are, where they are, whether they are intact."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from edge_audio.models import DEFAULT, EMBEDDED, embedded
from edge_audio.step_audio.memory_plan import memory_lines, plan_memory
from runtime.artifact import Artifact
from runtime.errors import UserError
from runtime.store import Store, default_root


def _chosen(names: Sequence[str], otherwise: Sequence[str]) -> list[Artifact]:
    return [embedded(name) for name in names or otherwise]


def show_models(console: Console) -> None:
    """List every model: what it is, its size and licence, whether it is here."""
    store = Store(default_root())
    table = Table("Model", "What it is", "Size", "Licence", "Here", box=None, pad_edge=False)
    for artifact in EMBEDDED.values():
        here = "yes" if store.find(artifact) else "no, default" if artifact.name in DEFAULT else "no"
        size = f"{artifact.size_bytes / 1e6:.0f} MB"
        table.add_row(artifact.name, artifact.summary, size, artifact.licence, here)
    console.print(table)


def fetch_models(names: Sequence[str], console: Console) -> None:
    """Fetch models, by default those that the desktop profile needs. Raises `UserError`."""
    artifacts = _chosen(names, DEFAULT)
    store = Store(default_root())
    missing = [artifact for artifact in artifacts if store.find(artifact) is None]
    if not missing and not names:
        return  # the everyday case of `make talk`: sizes were compared, nothing hashed
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        bars = {a.name: progress.add_task(a.name, total=None) for a in artifacts}

        def advance(artifact: Artifact, done: int, total: int) -> None:
            progress.update(bars[artifact.name], completed=done, total=total)

        store.fetch_all(artifacts, advance)


def verify_models(names: Sequence[str], console: Console) -> None:
    """Hash the files of models, by default of all that are here. Raises `UserError` if one is wrong."""
    store = Store(default_root())
    here = [name for name, artifact in EMBEDDED.items() if store.find(artifact)]
    wrong = []
    for artifact in _chosen(names, here):
        problems = store.verify(artifact)
        console.print(f"{artifact.name}: {'; '.join(problems) or 'good'}", markup=False, highlight=False)
        wrong += [artifact.name] if problems else []
    if wrong:
        raise UserError(
            f"Damaged or incomplete: {', '.join(wrong)}.",
            f"Fetch them again with `edge-audio models fetch {' '.join(wrong)}`.",
        )


def plan_models(folders: Sequence[Path], console: Console) -> None:
    """Print what exported models in and below `folders` take, and which fit which device.

    Raises `UserError` if there are none.
    """
    for line in memory_lines(plan_memory(folders)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def locate_models(names: Sequence[str], console: Console) -> None:
    """Print where models are kept, or the folders of those named. Raises `UserError` for one not here."""
    store = Store(default_root())
    for place in [store.path(artifact) for artifact in _chosen(names, ())] or [store.root]:
        console.print(str(place), markup=False, highlight=False, soft_wrap=True)
