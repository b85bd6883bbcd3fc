"""`edge-audio voices`: names and options. What its commands do is in `edge_audio.commands.voices`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge_audio.commands.options import ModelsOption

voices_app = typer.Typer(
    help="The voices made from recordings: list, add, try, import, remove.", no_args_is_help=True
)

VoicesOption = Annotated[Path, typer.Option("--voices", metavar="DIR", help="Where the voices are kept.")]
VOICES = Path("voices")
"""The default folder of voices, relative to where the program runs."""


@voices_app.command("list")
def list_voices(voices: VoicesOption = VOICES) -> None:
    """List every voice and what its recording says."""
    from edge_audio.commands.voices import show_voices

    show_voices(voices, Console())


@voices_app.command()
def add(
    name: Annotated[str, typer.Argument(help="Letters, digits, - and _.")],
    audio: Annotated[
        Path, typer.Option(metavar="IN", help="A few seconds of one person's speech, 16 kHz or more.")
    ],
    text: Annotated[str, typer.Option(help="What is said in it, word by word.")],
    models: ModelsOption,
    voices: VoicesOption = VOICES,
) -> None:
    """Make a voice from a recording; NAMERAP and NAME哼唱 are how NAME raps and hums."""
    from edge_audio.commands.voices import add_voice

    add_voice(name, audio=audio, text=text, models=models, voices=voices, console=Console())


@voices_app.command("try")
def try_(
    name: Annotated[str, typer.Argument(help="One of the voices.")],
    models: ModelsOption,
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

    try_voice(name, text=text, output=output, models=models, voices=voices, console=Console(stderr=True))


@voices_app.command("import")
def import_(
    speakers: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder `speakers` of the Step-Audio repository.")
    ],
    models: ModelsOption,
    voices: VoicesOption = VOICES,
) -> None:
    """Add the voices of the Step-Audio release that are not here yet."""
    from edge_audio.commands.voices import import_voices

    import_voices(speakers, models=models, voices=voices, console=Console())


@voices_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="One of the voices.")], voices: VoicesOption = VOICES
) -> None:
    """Remove a voice and its recording."""
    from edge_audio.commands.voices import remove_voice

    remove_voice(name, voices=voices, console=Console())
