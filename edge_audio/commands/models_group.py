"""`edge-audio models`: names and options. What its commands do is in `edge_audio.commands.models`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

models_app = typer.Typer(help="The model files: list, fetch, verify, where.", no_args_is_help=False)

Names = Annotated[list[str] | None, typer.Argument(help="Names of models.", show_default=False)]


@models_app.callback(invoke_without_command=True)
def list_by_default(context: typer.Context) -> None:
    """List the models, unless a command follows."""
    if context.invoked_subcommand is None:
        list_models()


@models_app.command("list")
def list_models() -> None:
    """List every model: size, licence, whether it is here."""
    from edge_audio.commands.models import show_models

    show_models(Console())


@models_app.command()
def fetch(names: Names = None) -> None:
    """Fetch models; those that the default config needs if none is named."""
    from edge_audio.commands.models import fetch_models

    fetch_models(names or (), Console())


@models_app.command()
def verify(names: Names = None) -> None:
    """Check the files of models against their hashes; of all that are here if none is named."""
    from edge_audio.commands.models import verify_models

    verify_models(names or (), Console())


@models_app.command()
def plan(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="What `python -m export all` wrote.")],
) -> None:
    """Print the memory that exported models take, and which of them fit a device of 8 to 64 GB."""
    from edge_audio.commands.models import plan_models

    plan_models(folders, Console())


@models_app.command()
def where(names: Names = None) -> None:
    """Print where models are kept."""
    from edge_audio.commands.models import locate_models

    locate_models(names or (), Console())
