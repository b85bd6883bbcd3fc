"""The commands `python -m export nano`: names and options."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from export.progress import Progress


def nano_app(bars: Callable[[], AbstractContextManager[Progress]]) -> typer.Typer:
    """Return the group of commands; `bars` shows how far work is."""
    app = typer.Typer(help="Train small weights of our own.", no_args_is_help=True)

    @app.command()
    def sentences(
        output: Annotated[Path, typer.Option(metavar="FILE", help="Where to write one sentence a line.")],
    ) -> None:
        """Collect sentences that may be used freely: from the package chitchat-dataset (MIT)."""
        from export.nano.chitchat import chitchat_sentences, fetch_chitchat
        from export.nano.sentences import write_sentences
        from runtime.store import Store, default_root

        found = chitchat_sentences(fetch_chitchat(Store(default_root())))
        typer.echo(f"{write_sentences(output, found)} sentences")

    @app.command()
    def data(
        sentences: Annotated[
            list[Path], typer.Option(metavar="FILE", help="One sentence a line; repeatable.")
        ],
        output: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the corpus; taken up if there.")],
        hours: Annotated[float, typer.Option(min=0.001, help="Of speech.")] = 20.0,
        seed: Annotated[int, typer.Option(help="Another seed draws other sentences and manners.")] = 0,
        jobs: Annotated[int, typer.Option(min=1, help="Synthesizers at once.")] = 2,
    ) -> None:
        """Have sentences said by flite, in several voices and manners. What is there is kept."""
        from export.nano.corpus import Corpus
        from export.nano.data_engine import make_corpus
        from export.nano.sentences import read_sentences
        from export.nano.synthesizer import Flite

        found = read_sentences(sentences)
        with bars() as progress, tempfile.TemporaryDirectory() as scratch:
            flites = [Flite(Path(scratch) / f"{job}.wav") for job in range(jobs)]
            there = make_corpus(Corpus(output), found, flites, seed=seed, hours=hours, progress=progress)
        typer.echo(f"{there:.2f} hours of speech in {output}")

    return app
