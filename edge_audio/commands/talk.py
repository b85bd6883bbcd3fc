"""`edge-audio talk`: the conversation, on sound devices or on files."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from edge_audio.adapters import Models, load_models
from edge_audio.assistant import Assistant, Cleaner
from edge_audio.audio.catalogue import default_devices_available, quiet_stderr
from edge_audio.audio.device import AudioDevice
from edge_audio.audio.echo import EchoCanceller
from edge_audio.audio.file_device import FileDevice, Recording
from edge_audio.audio.files import Replacement, WavWriter
from edge_audio.audio.portaudio import PortAudioDevice
from edge_audio.audio.script import Script, read_script
from edge_audio.config import Audio, Config, load_config
from edge_audio.dialogue.report import Report
from edge_audio.events import Event, Notice
from edge_audio.metrics.meter import Meter
from edge_audio.metrics.meters import measure_all, open_meters
from edge_audio.recording.folder import claim_folder
from edge_audio.recording.recorder import Recorder
from edge_audio.recording.session import describe
from edge_audio.recording.tap import RecordedCommands, RecordedDevice
from edge_audio.terminal.keys import Commands, Controls, Keyboard
from edge_audio.terminal.live import open_view
from runtime.actor import Actor, ActorGroup
from runtime.errors import UserError
from runtime.worker import ThreadLane

_HOLDS = (
    "Recording into {}: all that the microphone hears, what is answered, every word of both as text, "
    "and the config; some 300 MB an hour."
)

DEMO = Path(__file__).parent.parent / "demo" / "conversation.toml"
"""The scripted conversation that is played where there is no sound device."""


@dataclass(frozen=True, slots=True)
class TalkFiles:
    """What a conversation reads and writes; what is None is left out."""

    input: Path | None = None
    """Audio file or script, in place of a microphone."""
    reply: Path | None = None
    """What the speaker played, on the input's time line."""
    conversation: Path | None = None
    """Both sides, mixed."""
    report: Path | None = None
    """The turns, as JSON."""
    record: Path | None = None
    """Folder in which all that is heard, played and decided is kept."""
    echo: bool = False
    """Whether to run the echo canceller on the input."""


def demo_unless_device(files: TalkFiles, folder: Path, console: Console) -> TalkFiles:
    """Return `files` where there is a microphone and a speaker, else those of the demo in `folder`.

    The folder is made if need be.
    """
    if default_devices_available():
        return files
    console.print("There is no sound device: playing the scripted conversation instead.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} can't be made ({error.strerror}).", "Run this elsewhere.") from None
    return replace(
        files,
        input=DEMO,
        reply=folder / "reply.wav",
        conversation=folder / "conversation.wav",
        report=folder / "report.json",
    )


def talk(config_path: Path | None, files: TalkFiles, console: Console) -> None:
    """Converse until the input ends or the user quits; then say what was written where.

    Raises `UserError`; whatever can fail by the user's doing fails before the models are loaded.
    """
    config = load_config(config_path)
    if files.input is None and files.reply is not None:
        raise UserError("--output needs --input.", "Give an audio file or a script to answer.")
    script = read_script(files.input) if files.input is not None else None
    with ExitStack() as undo:
        recording = Recording(
            *(WavWriter(path) if path is not None else None for path in (files.reply, files.conversation))
        )
        undo.callback(recording.abort)
        report_file = Replacement(files.report) if files.report is not None else None
        if report_file is not None:
            undo.callback(report_file.abort)
        if files.record is not None:
            claim_folder(files.record)
            undo.callback(_remove_if_empty, files.record)
            console.print(_HOLDS.format(files.record), markup=False, highlight=False, soft_wrap=True)
        meters = open_meters(config.metrics)
        for meter in meters:
            undo.callback(meter.close)
        opened = _Opened(script, recording, meters)
        report, counters = asyncio.run(_talk(config, files, opened, console))
        recording.close()
        if report_file is not None:
            report_file.write(report.as_json(counters).encode())
            report_file.commit()
    if script is not None and script.exhausted and not report.turns:
        console.print("Nothing was said in the input: no turns.")
    _name_files(files, console)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What was opened before the models were loaded, as it may fail by the user's doing."""

    script: Script | None
    recording: Recording
    meters: list[Meter]


async def _talk(
    config: Config, files: TalkFiles, opened: _Opened, console: Console
) -> tuple[Report, Mapping[str, int]]:
    with console.status("Loading the models ..."):
        models = await load_models(config)
    try:
        return await _converse(config, models, files, opened, console)
    finally:
        await models.close()


async def _converse(
    config: Config,
    models: Models,
    files: TalkFiles,
    opened: _Opened,
    console: Console,
) -> tuple[Report, Mapping[str, int]]:
    script = opened.script
    report = Report(models.names())
    controls = Controls()
    screen, sound, disk = ThreadLane("screen"), ThreadLane("sound"), ThreadLane("disk")
    recorder: Recorder | None = None
    view = open_view(console, controls, screen)

    def tell(event: Event) -> None:
        report.watch(event)
        view(event)
        if script is not None:
            script.watch(event, assistant.now_s())
        if recorder is not None:
            recorder.note(event)
        measure_all(opened.meters, event, assistant, lambda remark: tell(Notice(remark)))

    try:
        device: FileDevice | PortAudioDevice
        if script is not None:
            device = FileDevice("script", script, lambda: assistant.idle, opened.recording)
        else:
            device = PortAudioDevice(sound, tell, microphone=config.audio.input, speaker=config.audio.output)
            try:
                await device.open()
            except UserError as error:
                remedy = f"{error.remedy} Or let it answer a file, with --input."
                raise UserError(error.cause, remedy) from error
        canceller: EchoCanceller | None = None
        clean: Cleaner | None = None
        if files.echo or (script is None and config.audio.treats_the_microphone):
            canceller = await asyncio.to_thread(_canceller, config.audio, device, files.echo)
            clean = _cleaner(canceller, device)
        assistant = Assistant(config, models, tell, clean)
        commands: Commands = assistant
        ears: AudioDevice = device
        if files.record is not None:
            session = partial(
                describe,
                config,
                models.names(),
                device=device.name,
                rate_hz=device.output_rate_hz,
                latency_s=device.input_latency_s + device.output_latency_s,
                treated=clean is not None,
            )
            recorder = Recorder(files.record, session, disk, assistant.now_s, tell)
            commands, ears = RecordedCommands(assistant, recorder.note), RecordedDevice(device, recorder)
        # PortAudio itself prints to standard error when a device goes away, over the live view.
        with quiet_stderr() if script is None else nullcontext():
            async with ActorGroup() as group:
                group.start(Actor("view", view.run))
                group.start(Actor("keyboard", Keyboard(commands, controls).run))
                if recorder is not None:
                    group.start(Actor("recorder", recorder.run))
                await assistant.run(ears)
    finally:
        for lane in (sound, screen, disk):
            lane.close()
    counters = dict(assistant.counters)
    if canceller is not None and canceller.delay_s is not None:
        counters["echo_delay_ms"] = round(1000 * canceller.delay_s)
    return report, counters


def _canceller(audio: Audio, device: FileDevice | PortAudioDevice, echo: bool) -> EchoCanceller:
    return EchoCanceller(
        device.output_rate_hz,
        latency_s=device.input_latency_s + device.output_latency_s,
        echo_cancellation=echo or audio.echo_cancellation,
        noise_suppression=audio.noise_suppression,
        auto_gain=audio.auto_gain,
    )


def _cleaner(canceller: EchoCanceller, device: FileDevice | PortAudioDevice) -> Cleaner:
    return lambda heard, clean: canceller.run(heard, device.reference, clean)


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
