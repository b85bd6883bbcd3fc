"""`edge-audio bench`: figures for a person, or one JSON object."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from edge_audio.adapters import load_models
from edge_audio.audio.files import Replacement
from edge_audio.bench.conversation.bench import measure_conversation
from edge_audio.bench.conversation.picture import draw
from edge_audio.bench.models import measure_models
from edge_audio.bench.overhead import measure_overhead
from edge_audio.config import Config, load_config
from edge_audio.step_audio.placement import Placement


def bench_conversation(
    config_path: Path | None, *, turns: int | None, picture: Path, as_json: bool, console: Console
) -> None:
    """Print `edge_audio.bench.conversation.bench.measure_conversation`, and draw it into `picture`.

    Raises `UserError`, at once where the picture can't be written.
    """
    config = load_config(config_path)
    file = Replacement(picture)
    with ExitStack() as undo:
        undo.callback(file.abort)
        figures = asyncio.run(measure_conversation(config, console, turns))
        file.write(draw(figures).encode())
        file.commit()
    _show(figures, as_json, console)
    console.print(f"The picture: {picture}", markup=False, highlight=False)


def bench_overhead(config_path: Path | None, *, as_json: bool, console: Console) -> None:
    """Print `edge_audio.bench.overhead.measure_overhead`. Raises `UserError`."""
    config = load_config(config_path)
    with console.status("Measuring ..."):
        figures = asyncio.run(_overhead(config))
    _show(figures, as_json, console)


def bench_models(folders: list[Path], threads: int, *, as_json: bool, console: Console) -> None:
    """Print `edge_audio.bench.models.measure_models`. Raises `UserError`."""
    with console.status("Measuring ...") as status:
        figures = measure_models(
            folders, Placement(threads), lambda folder: status.update(f"Measuring {folder} ...")
        )
    if as_json:
        print(msgspec.json.encode(figures).decode())
        return
    components = figures.pop("components")
    _show(figures, False, console)
    for folder, measured in components.items():
        console.print(f"\n[bold]{folder}[/]")
        _show(measured, False, console)


async def _overhead(config: Config) -> dict[str, Any]:
    models = await load_models(config)
    try:
        return await measure_overhead(models)
    finally:
        await models.close()


def _show(figures: dict[str, Any], as_json: bool, console: Console) -> None:
    if as_json:
        print(msgspec.json.encode(figures).decode())
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in figures.items():
        if isinstance(value, dict):
            value = "   ".join(f"{key} {figure}" for key, figure in value.items())
        elif isinstance(value, list):
            continue  # single turns and sounds, for the JSON
        table.add_row(name, str(value))
    console.print(table)
