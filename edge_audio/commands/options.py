"""Options that several commands of `edge-audio` have."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="A config file; configs/desktop.toml if unset."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
"""With it, everything else that is printed goes to standard error."""

ModelsOption = Annotated[
    Path, typer.Option("--models", metavar="DIR", help="What `python -m export all` wrote.")
]
