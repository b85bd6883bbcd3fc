"""`edge-audio talk`: the conversation, on sound devices or on files."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from edge_audio.adapters import Models, open_device, open_models
from edge_audio.assistant import Assistant
from edge_audio.audio.catalogue import default_devices_available, quiet_stderr
from edge_audio.audio.device import AudioDevice
from edge_audio.audio.file_device import FileDevice, OutputFiles
from edge_audio.audio.files import WavWriter
from edge_audio.audio.script import Script, read_script
from edge_audio.config import Config, load_config
from edge_audio.dialogue.report import Report
from edge_audio.events import Event, Notice, Part
from edge_audio.metrics.meter import Meter
from edge_audio.metrics.meters import measure_all, open_meters
from edge_audio.recording.folder import claim_folder
from edge_audio.recording.recorder import Recorder
from edge_audio.recording.session import Session, describe
from edge_audio.recording.tap import RecordedCommands, RecordedDevice
from edge_audio.terminal.keys import Commands, Controls, Keyboard
from edge_audio.terminal.live import open_view
from runtime.actor import Actor, ActorGroup
from runtime.atomic import AtomicFile
from runtime.errors import UserError
from runtime.worker import ThreadLane

_HOLDS = (
    "Recording into {}: everything that the microphone hears and the speaker plays, every word of both as "
    "text, and the config; about 300 MB an hour."
)

DEMO = Path(__file__).parent.parent / "demo" / "conversation.toml"
"""The scripted conversation that is played where there is no sound device."""


@dataclass(frozen=True, slots=True)
class TalkFiles:
    """What a conversation reads and writes; None for what is left out."""

    input: Path | None = None
    """Audio file or script, in place of a microphone."""
    reply: Path | None = None
    """What the speaker played, on the input's time line."""
    conversation: Path | None = None
    """Both sides, mixed."""
    report: Path | None = None
    """The turns, as JSON."""
    record: Path | None = None
    """Folder for a recording of all that is heard, played and decided."""
    echo: bool = False
    """Whether to run the echo canceller on the input."""


def demo_unless_device(files: TalkFiles, folder: Path, console: Console) -> TalkFiles:
    """Return `files` where there is a microphone and a speaker, else those of the demo in `folder`.

    The folder is made if necessary.
    """
    if default_devices_available():
        return files
    console.print("There is no sound device: playing the scripted conversation instead.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder} can't be made ({error.strerror}).", "Run this in a folder where you may write."
        ) from None
    return replace(
        files,
        input=DEMO,
        reply=folder / "reply.wav",
        conversation=folder / "conversation.wav",
        report=folder / "report.json",
    )


def talk(config_path: Path | None, files: TalkFiles, console: Console) -> None:
    """Converse until the input ends or the user quits; then print which files were written.

    Raises `UserError`. Whatever the user can get wrong fails before the models are loaded.
    """
    config = load_config(config_path)
    if files.input is None and files.reply is not None:
        raise UserError("--output needs --input.", "Give an audio file or a script to answer.")
    script = read_script(files.input) if files.input is not None else None
    with ExitStack() as undo:
        output = OutputFiles(
            *(WavWriter(path) if path is not None else None for path in (files.reply, files.conversation))
        )
        undo.callback(output.abort)
        report_file = AtomicFile(files.report) if files.report is not None else None
        if report_file is not None:
            undo.callback(report_file.abort)
        if files.record is not None:
            claim_folder(files.record)
            undo.callback(_remove_if_empty, files.record)
            console.print(_HOLDS.format(files.record), markup=False, highlight=False, soft_wrap=True)
        meters = open_meters(config.metrics)
        for meter in meters:
            undo.callback(meter.close)
        opened = _Opened(script, output, meters)
        report, counters = asyncio.run(_talk(config, files, opened, console))
        output.close()
        if report_file is not None:
            report_file.write(report.as_json(counters).encode())
            report_file.commit()
    if script is not None and script.exhausted and not report.turns:
        console.print("Nothing was said in the input: no turns.")
    _name_files(files, console)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What is opened before the models are loaded, because the user may have got it wrong."""

    script: Script | None
    output: OutputFiles
    meters: list[Meter]


async def _talk(
    config: Config, files: TalkFiles, opened: _Opened, console: Console
) -> tuple[Report, Mapping[str, int]]:
    with console.status("Loading the models ..."):
        loading = AsyncExitStack()
        models = await loading.enter_async_context(open_models(config))
    async with loading:
        return await _converse(config, models, files, opened, console)


async def _converse(
    config: Config, models: Models, files: TalkFiles, opened: _Opened, console: Console
) -> tuple[Report, Mapping[str, int]]:
    report = Report(models.names())
    controls = Controls()
    screen, disk = ThreadLane("screen"), ThreadLane("disk")
    device = await _open_device(config, opened)
    recorder: Recorder | None = None
    if files.record is not None:
        recorder = Recorder(files.record, lambda: _session(config, models, assistant), disk)
        device = RecordedDevice(device, recorder)
    view = open_view(console, controls, screen)

    def watch(event: Event) -> None:
        report.watch(event)
        view(event)
        if opened.script is not None:
            opened.script.watch(event, assistant.now_s())
        if recorder is not None:
            recorder.note(assistant.now_s(), event)
        measure_all(opened.meters, event, assistant, lambda remark: watch(Notice(remark, part=Part.METRICS)))

    try:
        # PortAudio itself prints to standard error when a device goes away, over the live view.
        with quiet_stderr() if opened.script is None else nullcontext():
            async with (
                Assistant.open(config, models=models, device=device, echo=files.echo or None) as assistant,
                ActorGroup() as group,
            ):
                assistant.watch(watch)
                group.start(Actor("view", view.run))
                commands: Commands = assistant
                if recorder is not None:
                    group.start(Actor("recorder", partial(recorder.run, watch)))
                    commands = RecordedCommands(assistant, recorder)
                group.start(Actor("keyboard", Keyboard(commands, controls).run))
                await assistant.ended()
    finally:
        for lane in (screen, disk):
            lane.close()
    return report, assistant.counters


async def _open_device(config: Config, opened: _Opened) -> AudioDevice:
    if opened.script is not None:
        return FileDevice("script", opened.script, opened.output)
    device = open_device(config)
    try:
        await device.open()
    except UserError as error:
        remedy = f"{error.remedy} Or give it a file to answer, with --input."
        raise UserError(error.cause, remedy) from error
    return device


def _session(config: Config, models: Models, assistant: Assistant) -> Session:
    device = assistant.device
    return describe(
        config,
        models.names(),
        device=device.name,
        rate_hz=device.output_rate_hz,
        latency_s=device.input_latency_s + device.output_latency_s,
        treated=assistant.treated,
    )


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _name_files(files: TalkFiles, console: Console) -> None:
    for what, path in (
        ("The conversation", files.conversation),
        ("The replies", files.reply),
        ("The report", files.report),
        ("The recording", files.record),
    ):
        if path is not None:
            console.print(f"{what}: {path}", markup=False, highlight=False)
