"""The bench: holds the scripted conversation twice, with and without speculation."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress

from edge_audio.adapters import Models, open_models
from edge_audio.assistant import Assistant
from edge_audio.audio.file_device import FileDevice, OutputFiles
from edge_audio.audio.files import WavWriter, read_audio
from edge_audio.audio.frame import FILE_RATE_HZ, FRAME_S, FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from edge_audio.audio.room import Room
from edge_audio.bench.conversation.judge import HeldPart, Output
from edge_audio.bench.conversation.material import Material, Part, quiet_room, read_material
from edge_audio.bench.conversation.meter import Meter
from edge_audio.bench.conversation.performance import Performance
from edge_audio.bench.conversation.summary import Run, summary
from edge_audio.config import Config
from edge_audio.events import Event, Level
from edge_audio.machine import machine_load, process_age_s, resident_mb

_IDLE_S = 10.0
"""Length of the empty room in which the idle share of a core is measured."""

_SETTLED_S = 1.0
"""Time for one-time work before that measurement."""


async def measure_conversation(config: Config, console: Console, turns: int | None = None) -> dict[str, Any]:
    """Hold the conversation, or about `turns` of its turns, and return its metrics; see `summary`."""
    async with open_models(config) as models:
        return await _measure(config, models, console, turns)


async def _measure(config: Config, models: Models, console: Console, turns: int | None) -> dict[str, Any]:
    ready_s = process_age_s()
    material = read_material() if turns is None else read_material().first(turns)
    effort = config.conversation.speculate if config.conversation.speculate != "none" else "balanced"
    load = machine_load()
    resident: list[float] = []
    # A progress bar that refreshes itself would count in the idle share of the processor.
    with Progress(console=console, auto_refresh=False, transient=True) as progress:
        bar = progress.add_task("listening to an empty room", total=2 * material.turns)
        progress.refresh()
        idle_cpu = await measure_idle(config, models)
        held = []
        for speculate in (effort, "none"):

            def began(part: Part, speculate: str = speculate) -> None:
                now = f"{part.name}, speculate = {speculate}"
                resident.append(resident_mb())
                progress.update(bar, description=now, refresh=True)
                if not console.is_terminal:  # there is no bar
                    console.print(f"{now} ({len(part.turns)} turns) ...")

            held.append(
                await hold(
                    _speculating(config, speculate),
                    models,
                    material,
                    began,
                    lambda: progress.update(bar, advance=1, refresh=True),
                )
            )
    return summary(*held) | {
        "idle_cpu": idle_cpu,
        "ready_s": ready_s,
        "rss_mb": max(resident),
        "speculate": effort,
        "models": dict(models.names()),
        "load": load | {"load_1min_after": machine_load()["load_1min"]},
    }


def _speculating(config: Config, speculate: str) -> Config:
    conversation = msgspec.structs.replace(config.conversation, speculate=speculate)
    return msgspec.structs.replace(config, conversation=conversation)


async def hold(
    config: Config,
    models: Models,
    material: Material,
    began: Callable[[Part], None],
    spoken: Callable[[], None],
) -> Run:
    """Hold all parts; call `began` when one begins, and `spoken` after each turn."""
    meter = Meter()
    parts = []
    for part in material.parts:
        began(part)
        parts.append(await _hold_part(config, models, material, part, meter, spoken))
    return Run(parts, meter.works)


async def _hold_part(
    config: Config,
    models: Models,
    material: Material,
    part: Part,
    meter: Meter,
    spoken: Callable[[], None],
) -> HeldPart:
    events: list[tuple[float, Event]] = []

    def watch(event: Event) -> None:
        if isinstance(event, Level):
            return
        meter.watch(event)
        performance.watch(event)
        events.append((assistant.now_s(), event))

    room = Room(FILE_RATE_HZ) if part.echo else None
    with tempfile.TemporaryDirectory() as folder:
        recorded = Path(folder) / "output.wav"
        with WavWriter(recorded) as writer:
            performance = Performance(material, part, spoken)
            device = FileDevice("bench", performance, OutputFiles(reply=writer), room)
            async with Assistant.open(
                config, models=meter.metered(models), device=device, echo=part.echo
            ) as assistant:
                performance.follow(assistant)
                assistant.watch(watch)
                await assistant.ended()
        played = read_audio(recorded, FILE_RATE_HZ)
    return HeldPart(
        part.name,
        part.echo,
        performance.performed,
        performance.missed,
        events,
        Output(played, FILE_RATE_HZ),
    )


class _EmptyRoom:
    """An input without speech."""

    def __init__(self, seconds: float) -> None:
        self._noise = quiet_room(seconds)
        self.began_cpu_s: float | None = None
        self.began_s = 0.0
        self.used = 0.0
        """Share of one core that this process has used since `_SETTLED_S`."""
        self.exhausted = False

    def frame(self, start: int) -> Samples:
        """See `Input`."""
        now_s, cpu_s = time.perf_counter(), time.process_time()
        if self.began_cpu_s is None and start / INPUT_RATE_HZ >= _SETTLED_S:
            self.began_s, self.began_cpu_s = now_s, cpu_s
        elif self.began_cpu_s is not None:
            self.used = (cpu_s - self.began_cpu_s) / max(now_s - self.began_s, FRAME_S)
        pcm = self._noise[start : start + FRAME_SAMPLES]
        self.exhausted = start + FRAME_SAMPLES >= len(self._noise)
        return np.pad(pcm, (0, FRAME_SAMPLES - len(pcm)))


async def measure_idle(config: Config, models: Models, seconds: float = _IDLE_S) -> float:
    """Return the share of one core that listening to silence takes, echo canceller included."""
    room = _EmptyRoom(_SETTLED_S + seconds)
    device = FileDevice("bench", room)
    async with Assistant.open(config, models=models, device=device, echo=True) as assistant:
        await assistant.ended()
    return round(room.used, 4)
