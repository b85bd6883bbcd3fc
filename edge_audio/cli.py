"""The command `edge-audio`: names and options. What they do is in `edge_audio.commands`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from runtime.actor import ActorFailed
from runtime.errors import UserError
from runtime.memory import keep_heap_small

app = typer.Typer(
    help="A private voice assistant on your own device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="The model files: list, fetch, verify, where.", no_args_is_help=False)
voices_app = typer.Typer(
    help="The voices made of recordings: list, add, try, import, remove.", no_args_is_help=True
)
bench_app = typer.Typer(help="Measure the product on this machine.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(voices_app, name="voices")
app.add_typer(bench_app, name="bench")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="A config file; configs/desktop.toml if unset."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
VoicesOption = Annotated[Path, typer.Option("--voices", metavar="DIR", help="Where the voices are kept.")]
VOICES = Path("voices")
"""The folder of voices unless another one is named, below where the program runs."""

Names = Annotated[list[str] | None, typer.Argument(help="Names of models.", show_default=False)]

SWITCH_INTERVAL_S = 0.0005
"""How soon a model's thread gives way to the event loop when both run Python; the default of 5 ms is what
the loop would be late by, several times over (p99 of its lag 16 ms against 11 with all models busy)."""

# The commands are imported when they run: `edge-audio --help` should not load a chat model's library.


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

    replay_recording(recording, config, as_json=json, console=_stderr() if json else Console())


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

    A tag before a line tells how to say it: (happy) Good morning!
    Tags for what a voice can do: happy, very happy, angry, very angry, sad,
    playful; chinese, english, korean, japanese, sichuanese, cantonese,
    guangdonghua; rap, humming; very slow, slow, fast, very fast.
    """
    from edge_audio.commands.say import say as command

    command(text, config_path=config, output=output, speed=speed, speaker=voice, console=_stderr())


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
    models: Annotated[Path, typer.Option(metavar="DIR", help="What `python -m export all` wrote.")],
    json: JsonOption = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also tell how far live codes agree with these.")
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
def devices(json: JsonOption = False) -> None:
    """List the sound devices."""
    from edge_audio.commands.devices import show_devices

    show_devices(Console(), as_json=json)


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
    """Tell which providers, libraries, sound devices and models are really here."""
    from edge_audio.commands.doctor import doctor as command

    command(models, config, Console(), as_json=json)


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the models, or what the command after it says."""
    if context.invoked_subcommand is None:
        models_list()


@models_app.command("list")
def models_list() -> None:
    """List every model: size, licence, whether it is here."""
    from edge_audio.commands.models import show_models

    show_models(Console())


@models_app.command("fetch")
def models_fetch(names: Names = None) -> None:
    """Fetch models; those that the default config needs if none is named."""
    from edge_audio.commands.models import fetch_models

    fetch_models(names or (), Console())


@models_app.command("verify")
def models_verify(names: Names = None) -> None:
    """Check the files of models against their hashes; of all that are here if none is named."""
    from edge_audio.commands.models import verify_models

    verify_models(names or (), Console())


@models_app.command("plan")
def models_plan(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="What `python -m export all` wrote.")],
) -> None:
    """Print the memory that exported models take, and which of them fit a device of 8 to 64 GB."""
    from edge_audio.commands.models import plan_models

    plan_models(folders, Console())


@models_app.command("where")
def models_where(names: Names = None) -> None:
    """Print where models are kept."""
    from edge_audio.commands.models import locate_models

    locate_models(names or (), Console())


@voices_app.command("list")
def voices_list(voices: VoicesOption = VOICES) -> None:
    """List every voice and what its recording says."""
    from edge_audio.commands.voices import show_voices

    show_voices(voices, Console())


@voices_app.command("add")
def voices_add(
    name: Annotated[str, typer.Argument(help="Letters, digits, - and _.")],
    audio: Annotated[
        Path, typer.Option(metavar="IN", help="A few seconds of one person's speech, 16 kHz or more.")
    ],
    text: Annotated[str, typer.Option(help="What is said in it, word by word.")],
    models: Annotated[Path, typer.Option(metavar="DIR", help="What `python -m export all` wrote.")],
    voices: VoicesOption = VOICES,
) -> None:
    """Make a voice of a recording; NAMERAP and NAME哼唱 are how NAME raps and hums."""
    from edge_audio.commands.voices import add_voice

    add_voice(name, audio=audio, text=text, models=models, voices=voices, console=Console())


@voices_app.command("try")
def voices_try(
    name: Annotated[str, typer.Argument(help="One of the voices.")],
    models: Annotated[Path, typer.Option(metavar="DIR", help="What `python -m export all` wrote.")],
    text: Annotated[
        str | None, typer.Option(help="What to say; a tag before it as in `say`.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="OUT.wav", help="Write a file instead of speaking.")
    ] = None,
    voices: VoicesOption = VOICES,
) -> None:
    """Say a sentence in a voice."""
    from edge_audio.commands.voices import try_voice

    try_voice(name, text=text, output=output, models=models, voices=voices, console=_stderr())


@voices_app.command("import")
def voices_import(
    speakers: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder `speakers` of the Step-Audio repository.")
    ],
    models: Annotated[Path, typer.Option(metavar="DIR", help="What `python -m export all` wrote.")],
    voices: VoicesOption = VOICES,
) -> None:
    """Add the voices of the Step-Audio release that are not here yet."""
    from edge_audio.commands.voices import import_voices

    import_voices(speakers, models=models, voices=voices, console=Console())


@voices_app.command("remove")
def voices_remove(
    name: Annotated[str, typer.Argument(help="One of the voices.")], voices: VoicesOption = VOICES
) -> None:
    """Remove a voice and its recording."""
    from edge_audio.commands.voices import remove_voice

    remove_voice(name, voices=voices, console=Console())


@bench_app.command("conversation")
def bench_conversation(
    turns: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Only about so many of the turns.", show_default=False),
    ] = None,
    picture: Annotated[Path, typer.Option(metavar="OUT.svg", help="Where to draw what was measured.")] = Path(
        "conversation.svg"
    ),
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hold a scripted conversation twice, with and without speculation (some 15 minutes)."""
    from edge_audio.commands.bench import bench_conversation as command

    command(config, turns=turns, picture=picture, as_json=json, console=_stderr() if json else Console())


@bench_app.command("overhead")
def bench_overhead(json: JsonOption = False, config: ConfigOption = None) -> None:
    """Measure the actors, interruptions and the event loop (some 1 minute)."""
    from edge_audio.commands.bench import bench_overhead as command

    command(config, as_json=json, console=_stderr() if json else Console())


@bench_app.command("models")
def bench_models(
    models: Annotated[
        list[Path], typer.Option(metavar="DIR", help="What `python -m export all` wrote; may be repeated.")
    ],
    threads: Annotated[int, typer.Option(min=1, help="Threads for each model.")] = 2,
    json: JsonOption = False,
) -> None:
    """Measure exported Step-Audio models, each by itself (a minute at the released sizes)."""
    from edge_audio.commands.bench import bench_models as command

    command(models, threads, as_json=json, console=_stderr() if json else Console())


def _stderr() -> Console:
    """A console for what is not the result."""
    return Console(stderr=True)


def main() -> None:
    """Run the command line: one clear line and status 2 for what the user can mend, no traceback."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    keep_heap_small()
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
        # Whoever read our output has gone; keep the interpreter from failing again at its own flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def run() -> None:
    """Run `main` as a program, and leave at once when it ends.

    A model may be in the midst of native code on its lane; Python's own way out takes such a thread down
    in a way that aborts the process (status 134). All files are closed by then.
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
