"""`edge-audio bench`: figures for a person, or one JSON object."""

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from edge_audio.adapters import load_models
from edge_audio.bench.conversation.bench import measure_conversation
from edge_audio.bench.conversation.picture import draw
from edge_audio.bench.models import measure_models
from edge_audio.bench.nano.bench import Findings, Plan, measure_nano
from edge_audio.bench.nano.metric import table_of
from edge_audio.bench.nano.part import Part
from edge_audio.bench.nano.transcription import load_transcribers
from edge_audio.bench.overhead import measure_overhead
from edge_audio.bench.sessions import measure_sessions
from edge_audio.config import Config, load_config
from edge_audio.models import WHISPER_BASE
from edge_audio.step_audio.placement import Placement
from runtime.atomic import AtomicFile
from runtime.errors import UserError
from runtime.store import Store, default_root


def bench_conversation(
    config_path: Path | None, *, turns: int | None, picture: Path, as_json: bool, console: Console
) -> None:
    """Print `edge_audio.bench.conversation.bench.measure_conversation`, and draw it into `picture`.

    Raises `UserError`, at once where the picture can't be written.
    """
    config = load_config(config_path)
    with AtomicFile(picture) as file:
        figures = asyncio.run(measure_conversation(config, console, turns))
        file.write(draw(figures).encode())
    _show(figures, as_json, console)
    console.print(f"The picture: {picture}", markup=False, highlight=False)


def bench_overhead(config_path: Path | None, *, as_json: bool, console: Console) -> None:
    """Print `edge_audio.bench.overhead.measure_overhead`. Raises `UserError`."""
    config = load_config(config_path)
    with console.status("Measuring ..."):
        figures = asyncio.run(_overhead(config))
    _show(figures, as_json, console)


def bench_sessions(config_path: Path | None, *, conversations: int, as_json: bool, console: Console) -> None:
    """Print `edge_audio.bench.sessions.measure_sessions`. Raises `UserError`."""
    config = load_config(config_path)
    with console.status("Measuring ..."):
        figures = asyncio.run(measure_sessions(config, conversations))
    _show(figures, as_json, console)


def bench_nano(config_path: Path | None, plan: Plan, output: Path | None, console: Console) -> None:
    """Print `edge_audio.bench.nano.bench.measure_nano` as a table, and write all of it into `output`.

    Raises `UserError`, at once where `output` can't be written.
    """
    config = load_config(config_path)
    if plan.recordings and Part.RESYNTHESIS not in plan.parts:
        raise UserError(
            "--recordings belongs to the part resynthesis.", "Leave it out, or measure that part too."
        )
    with AtomicFile(output) if output else nullcontext() as file:
        findings = asyncio.run(_nano(config, plan, console))
        console.print(table_of(findings.metrics))
        _show(findings.about, False, console)
        if file:
            file.write(msgspec.json.encode(findings.as_dict()) + b"\n")


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


async def _nano(config: Config, plan: Plan, console: Console) -> Findings:
    transcribers = load_transcribers(Store(default_root())) if plan.transcribes else []
    try:
        if plan.transcribes and WHISPER_BASE.name not in [each.name for each in transcribers]:
            console.print(
                f"Without {WHISPER_BASE.name}: `edge-audio models fetch {WHISPER_BASE.name}` brings it.",
                markup=False,
                highlight=False,
            )
        return await measure_nano(config, plan, transcribers, console)
    finally:
        for each in transcribers:
            await each.close()


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
