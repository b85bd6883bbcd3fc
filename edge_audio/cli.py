"""The command `edge-audio`: names and options. What it does is in `edge_audio.commands`.

Each command is declared here or in a `*_group`, and its work is imported when it runs: `edge-audio --help`
takes 0.2 s of processor time, and would take 0.9 s with the libraries of all commands (measured). So a
declaration only reads its options and hands them over, several as one object.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge_audio import __version__
from edge_audio.commands.bench_group import bench_app
from edge_audio.commands.models_group import models_app
from edge_audio.commands.options import ConfigOption, JsonOption, ModelsOption
from edge_audio.commands.voices_group import voices_app
from edge_audio.process import tune
from runtime.actor import ActorFailed
from runtime.errors import UserError

app = typer.Typer(
    help="A private voice assistant on your own device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"edge-audio {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version.", show_default=False
        ),
    ] = False,
) -> None:
    """Take the options that come before a command."""


app.add_typer(models_app, name="models")
app.add_typer(voices_app, name="voices")
app.add_typer(bench_app, name="bench")


@app.command()
def talk(
    config: ConfigOption = None,
    input_: Annotated[
        Path | None,
        typer.Option("--input", metavar="IN", help="Audio file or TOML script as the microphone."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="OUT.wav", help="Write what the speaker plays.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="REPORT.json", help="Write every turn with its times.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep all that is heard, played and decided in a new folder."),
    ] = None,
    echo: Annotated[
        bool, typer.Option("--echo", help="Run the echo canceller on --input too.", show_default=False)
    ] = False,
    demo_without_device: Annotated[
        bool, typer.Option(help="Without a sound device, play the scripted conversation into out/.")
    ] = False,
) -> None:
    """Hold a conversation."""
    from edge_audio.commands import talk as command

    console = Console()
    files = command.TalkFiles(input=input_, reply=output, report=report, record=record, echo=echo)
    if demo_without_device and input_ is None:
        files = command.demo_unless_device(files, Path("out"), console)
    command.talk(config, files, console)


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(metavar="DIR", help="What `talk --record` wrote.")],
    json: JsonOption = False,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another config than the recorded one.")
    ] = None,
) -> None:
    """Hold a recorded conversation again, at its own pace, and show both side by side."""
    from edge_audio.commands.replay import replay_recording

    replay_recording(recording, config, as_json=json, console=Console(stderr=json))


@app.command()
def timeline(
    source: Annotated[
        Path, typer.Argument(metavar="REPORT|DIR", help="What `talk` wrote with --report or --record.")
    ],
    output: Annotated[Path, typer.Option(metavar="FILE", help="A picture: .svg or .html.")],
) -> None:
    """Draw a conversation: who spoke when, what was made ahead, and where the time went."""
    from edge_audio.commands.timeline import draw_timeline

    draw_timeline(source, output, Console())


@app.command()
def say(
    text: Annotated[
        str | None, typer.Argument(help="What to say; standard input if left out or -.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="OUT.wav", help="Write a file instead of speaking.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(min=0.5, max=2.0, help="1 is the voice's own pace.", show_default=False)
    ] = None,
    voice: Annotated[str | None, typer.Option(metavar="NAME", help="One of the voice's speakers.")] = None,
    config: ConfigOption = None,
) -> None:
    """Speak a text, clause by clause.

    A tag before a line says how to speak it: (happy) Good morning!
    Tags for what a voice can do: happy, very happy, angry, very angry, sad,
    playful; chinese, english, korean, japanese, sichuanese, cantonese,
    guangdonghua; rap, humming; very slow, slow, fast, very fast; low, high.
    """
    from edge_audio.commands.say import say as command

    command(text, config_path=config, output=output, speed=speed, speaker=voice, console=Console(stderr=True))


@app.command()
def listen(
    audio: Annotated[Path, typer.Argument(metavar="IN", help="Audio file.")],
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print the transcript of an audio file."""
    from edge_audio.commands.listen import listen as command

    command(audio, config_path=config, as_json=json, console=Console())


@app.command()
def tokenize(
    audio: Annotated[Path, typer.Argument(metavar="IN", help="Audio file, 16 kHz or more.")],
    models: ModelsOption,
    json: JsonOption = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also show how far live codes agree with these.")
    ] = False,
    segment: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="With --compare: length of live segments.")
    ] = None,
    context: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="With --compare: what each segment hears again.")
    ] = None,
) -> None:
    """Print the audio codes of a file, as the Step-Audio models hear it."""
    from edge_audio.commands.tokenize import segmentation
    from edge_audio.commands.tokenize import tokenize as command

    live = segmentation(segment, context) if compare else None
    command(audio, models=models, live=live, as_json=json, console=Console())


@app.command()
def resynthesize(
    audio: Annotated[Path, typer.Argument(metavar="IN", help="Audio file with speech, 16 kHz or more.")],
    output: Annotated[Path, typer.Argument(metavar="OUT.wav", help="The file to write.")],
    voice: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Speak with the voice of this name.", show_default=False),
    ] = None,
    own_voice: Annotated[
        bool,
        typer.Option("--own-voice", help="Speak with the recording's own voice, as without any voice."),
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Work live, as in a conversation, and show the delay.")
    ] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Turn speech into audio codes and back into speech, by the Step-Audio models of the config."""
    from edge_audio.commands.resynthesize import Resynthesis
    from edge_audio.commands.resynthesize import resynthesize as command

    what = Resynthesis(audio, output, speaker=voice, own_voice=own_voice, live=stream)
    command(what, config, as_json=json, console=Console(stderr=json))


@app.command()
def devices(json: JsonOption = False) -> None:
    """List the sound devices."""
    from edge_audio.commands.devices import show_devices

    show_devices(Console(), as_json=json)


@app.command()
def adapters(json: JsonOption = False) -> None:
    """List the adapters that a config may name, and which package each comes from."""
    from edge_audio.commands.adapters import show_adapters

    show_adapters(Console(), as_json=json)


@app.command()
def doctor(
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also look at what `python -m export all` wrote there.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also look at what its Step-Audio models need.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check which providers, libraries, sound devices and models work on this machine."""
    from edge_audio.commands.doctor import doctor as command

    command(models, config, Console(), as_json=json)


def main() -> None:
    """Run the command line: one clear line and status 2 for what the user can fix, no traceback."""
    tune()
    try:
        app(standalone_mode=True)
    except UserError as error:
        _complain(str(error))
        sys.exit(2)
    except ActorFailed as failure:
        _complain(f"The {failure.name} failed and can't go on: {failure.__cause__!r}. Please report this.")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output is gone; keep the interpreter from failing again at its own flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def run() -> None:
    """Run `main` as a program, and leave at once when it ends.

    A model may be running native code on its lane; Python's own exit ends such a thread in a way that aborts
    the process (status 134). All files are closed by then.
    """
    status: int | str | None = 0
    try:
        main()
    except SystemExit as ended:
        status = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 0 if status is None else 1)


def _complain(line: str) -> None:
    Console(stderr=True).print(f"edge-audio: {line}", markup=False, highlight=False, soft_wrap=True)
