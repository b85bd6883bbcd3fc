"""The commands `python -m export nano`: names and options."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from export.progress import Progress

if TYPE_CHECKING:
    from export.nano.workshop import Workshop


Work = Annotated[Path, typer.Option(metavar="DIR", help="Folder with corpus, features and what was trained.")]
Seed = Annotated[int, typer.Option(help="Another seed draws other weights and examples.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes at once.")]

FIGURES = 15_000
"""Sentences with figures among those that are collected: one in eighteen."""


def nano_app(bars: Callable[[], AbstractContextManager[Progress]]) -> typer.Typer:
    """Return the group of commands; `bars` shows how far work is."""
    app = typer.Typer(help="Train small weights of our own.", no_args_is_help=True)

    @app.command()
    def sentences(
        output: Annotated[Path, typer.Option(metavar="FILE", help="Where to write one sentence a line.")],
    ) -> None:
        """Collect sentences that may be used freely: of the package chitchat-dataset (MIT), and figures."""
        from itertools import chain

        from export.nano.chitchat import chitchat_sentences, fetch_chitchat
        from export.nano.figures import figure_sentences
        from export.nano.sentences import write_sentences
        from runtime.store import Store, default_root

        found = chitchat_sentences(fetch_chitchat(Store(default_root())))
        typer.echo(f"{write_sentences(output, chain(found, figure_sentences(FIGURES)))} sentences")

    @app.command()
    def data(
        sentences: Annotated[
            list[Path], typer.Option(metavar="FILE", help="One sentence a line; repeatable.")
        ],
        output: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the corpus; taken up if there.")],
        hours: Annotated[float, typer.Option(min=0.001, help="Of speech.")] = 48.0,
        seed: Annotated[int, typer.Option(help="Another seed draws other sentences and manners.")] = 0,
        jobs: Jobs = 2,
        held_out: Annotated[
            bool, typer.Option("--held-out", help="Only sentences that are kept from training: to test with.")
        ] = False,
    ) -> None:
        """Have sentences said by flite, in several voices and manners. What is there is kept."""
        from export.nano.corpus import Corpus
        from export.nano.data_engine import make_corpus
        from export.nano.sentences import is_held_out, read_sentences
        from export.nano.synthesizer import Flite

        found = [each for each in read_sentences(sentences) if is_held_out(each) or not held_out]
        with bars() as progress, tempfile.TemporaryDirectory() as scratch:
            flites = [Flite(Path(scratch) / f"{job}.wav") for job in range(jobs)]
            there = make_corpus(Corpus(output), found, flites, seed=seed, hours=hours, progress=progress)
        typer.echo(f"{there:.2f} hours of speech in {output}")

    @app.command()
    def features(work: Work, jobs: Jobs = 2) -> None:
        """Compute spectra, pitch and phones of the speech in DIR/corpus."""
        with bars() as progress:
            parts = _workshop(work, 0).features(jobs, progress)
        typer.echo(f"{parts} parts")

    @app.command()
    def tokenizers(work: Work, seed: Seed = 0) -> None:
        """Train the encoders of the linguistic and the semantic codes."""
        with bars() as progress:
            gate = _workshop(work, seed).tokenizers(progress)
        typer.echo(str(gate))

    @app.command()
    def codes(work: Work) -> None:
        """Write down the codes of all sentences."""
        with bars() as progress:
            count = _workshop(work, 0).codes(progress)
        typer.echo(f"codes of {count} sentences")

    @app.command()
    def speaker(work: Work, seed: Seed = 0) -> None:
        """Train the model that tells voices apart."""
        with bars() as progress:
            gate = _workshop(work, seed).speaker(progress)
        typer.echo(str(gate))

    @app.command()
    def vocoder(work: Work, seed: Seed = 0) -> None:
        """Train the vocoder: mel to sound."""
        with bars() as progress:
            gate = _workshop(work, seed).vocoder(progress)
        typer.echo(str(gate))

    @app.command()
    def flow(work: Work, seed: Seed = 0) -> None:
        """Train the flow matching: codes and a voice to mel. It takes codes and the speaker model."""
        with bars() as progress:
            gate = _workshop(work, seed).flow(progress)
        typer.echo(str(gate))

    @app.command()
    def lm(work: Work, seed: Seed = 0) -> None:
        """Train the language model: text to codes. It takes codes."""
        with bars() as progress:
            gate = _workshop(work, seed).lm(progress)
        typer.echo(str(gate))

    @app.command()
    def checkpoint(
        work: Work,
        output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the repositories.")],
    ) -> None:
        """Write what was trained as a checkpoint in the released layout, for `python -m export all`."""
        from export.nano.checkpoint import write_nano

        write_nano(work, output)
        typer.echo(f"{output}: a checkpoint; export it with: python -m export all --checkpoint {output}")

    @app.command()
    def voices(
        models: Annotated[Path, typer.Option(metavar="DIR", help="What `python -m export all` wrote.")],
        output: Annotated[Path, typer.Option(metavar="DIR", help="Folder of voices; what is there stays.")],
    ) -> None:
        """Have flite's voices say something, to make voices of it that a checkpoint of nano speaks with."""
        from edge_audio.step_audio.voice_encoder import VoiceEncoder
        from export.nano.synthesizer import Flite
        from export.nano.voices import write_voices

        with tempfile.TemporaryDirectory() as scratch:
            names = write_voices(output, Flite(Path(scratch) / "prompt.wav"), VoiceEncoder(models))
        typer.echo(", ".join(names))

    return app


def _workshop(folder: Path, seed: int) -> "Workshop":
    from export.nano.workshop import Workshop

    return Workshop(folder, seed)
