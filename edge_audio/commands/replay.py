"""`edge-audio replay`: a recorded conversation held again, and both side by side."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge_audio.adapters import open_models
from edge_audio.config import Config, load_config
from edge_audio.events import TurnReport
from edge_audio.machine import machine_load
from edge_audio.recording.folder import RecordedConversation, read_recording
from edge_audio.recording.lines import TimedEvent
from edge_audio.recording.replay import recorded_sound, replay
from edge_audio.terminal.screen import harmless
from edge_audio.timeline.comparison import Pair, pair_turns
from edge_audio.timeline.figures import Figures, figures
from edge_audio.timeline.model import from_events

SCHEMA_VERSION = 1


def replay_recording(folder: Path, config_path: Path | None, *, as_json: bool, console: Console) -> None:
    """Hold the recorded conversation again at its own pace, and show what happened then and now.

    It uses the recorded config unless another is given. Raises `UserError`.
    """
    recording = read_recording(folder)
    config = load_config(config_path) if config_path is not None else recording.session.read_config()
    events, models = asyncio.run(_replay(config, recording, console))
    load = machine_load()["load_1min"]
    then, now = from_events(recording.events), from_events(events)
    pairs = list(pair_turns(then, now))
    if as_json:
        tree: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "then": {
                "models": recording.session.models,
                "load_1min": recording.session.load_1min,
                "figures": figures(then),
            },
            "now": {"models": models, "load_1min": load, "figures": figures(now)},
            "turns": pairs,
        }
        print(msgspec.json.encode(tree).decode())
        return
    console.print(_table(pairs))
    loads = {"load of the machine": (recording.session.load_1min, load)}
    console.print(_figures(figures(then), figures(now), loads))


async def _replay(
    config: Config, recording: RecordedConversation, console: Console
) -> tuple[list[TimedEvent], dict[str, str]]:
    heard, played = await asyncio.to_thread(recorded_sound, recording)
    loading = AsyncExitStack()
    with console.status("Loading the models ..."):
        models = await loading.enter_async_context(open_models(config))
    async with loading:
        with console.status("Replaying at the recorded pace ..."):
            events = await replay(config, models, recording, heard, played)
        return events, dict(models.names())


def _table(pairs: list[Pair]) -> Table:
    """Return a table of every turn, then and now."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for heading in ("", "then", "now"):
        table.add_column(heading)
    for pair in pairs:
        begin = Text(f"{int(pair.begin_s) // 60}:{pair.begin_s % 60:04.1f}", "dim")
        table.add_row(begin, _turn(pair.then, None), _turn(pair.now, pair.then))
    return table


def _turn(turn: TurnReport | None, then: TurnReport | None) -> Text:
    """Return what came of a turn, and by how much its gap differs from that of `then`."""
    if turn is None:
        return Text("no turn", "dim italic")
    lines = [Text(harmless(turn.user_text) or "(words unknown)", "bold"), Text(harmless(turn.heard_text))]
    lines += [Text(line, "dim") for line in _measures(turn, then)]
    if turn.interrupted:
        within = "" if turn.interruption_ms is None else f", silent in {turn.interruption_ms:.0f} ms"
        lines.append(Text(f"interrupted{within}", "yellow"))
    if turn.error:
        lines.append(Text(harmless(turn.error), "red"))
    return Text("\n").join(line for line in lines if line)


def _measures(turn: TurnReport, then: TurnReport | None) -> Iterator[str]:
    if turn.response_gap_ms is not None:
        gap = f"gap {turn.response_gap_ms:.0f} ms"
        if then is not None and then.response_gap_ms is not None:
            gap += f" ({turn.response_gap_ms - then.response_gap_ms:+.0f})"
        if turn.lead_ms is not None and turn.speculations.get("committed"):
            gap += f", lead {turn.lead_ms:.0f} ms"
        yield gap
    outcomes = {name: count for name, count in turn.speculations.items() if count and name != "started"}
    if outcomes:
        yield "speculations: " + ", ".join(f"{count} {name}" for name, count in outcomes.items())


def _figures(then: Figures, now: Figures, others: dict[str, tuple[float, float]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "then", "now"):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = {name: (value, getattr(now, name)) for name, value in asdict(then).items()} | others
    for name, (before, after) in rows.items():
        table.add_row(name.replace("_", " "), _cell(before), _cell(after))
    return table


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
