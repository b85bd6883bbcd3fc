"""The commands `python -m export nano`: names and options. What they do is in the modules beside this one."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from export.progress import Progress, progress_bars

if TYPE_CHECKING:
    from export.nano.pipeline import Gate, Pipeline

nano_app = typer.Typer(help="Train small weights of our own.", no_args_is_help=True)

Work = Annotated[Path, typer.Option(metavar="DIR", help="Folder with corpus, features and trained stages.")]
Seed = Annotated[int, typer.Option(help="Another seed draws other weights and examples.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes at the same time.")]

NUMERALS = 15_000
"""Sentences with numerals among those that are collected: one in eighteen."""

# The commands import their modules when they run: PyTorch takes seconds, and `--help` should not wait for it.


@nano_app.command()
def sentences(
    output: Annotated[Path, typer.Option(metavar="FILE", help="Where to write one sentence a line.")],
) -> None:
    """Collect sentences that may be used freely: from the package chitchat-dataset (MIT), and numerals."""
    from itertools import chain

    from export.nano.chitchat import chitchat_sentences, fetch_chitchat
    from export.nano.numerals import numeral_sentences
    from export.nano.sentences import write_sentences
    from runtime.store import Store, default_root

    found = chitchat_sentences(fetch_chitchat(Store(default_root())))
    typer.echo(f"{write_sentences(output, chain(found, numeral_sentences(NUMERALS)))} sentences")


@nano_app.command()
def data(
    sentences: Annotated[list[Path], typer.Option(metavar="FILE", help="One sentence a line; repeatable.")],
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the corpus; resumed if it exists.")],
    hours: Annotated[float, typer.Option(min=0.001, help="Hours of speech.")] = 48.0,
    seed: Annotated[int, typer.Option(help="Another seed draws other sentences and styles.")] = 0,
    jobs: Jobs = 2,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Only sentences that are kept out of training, for tests.")
    ] = False,
) -> None:
    """Synthesise sentences with flite, in several voices and styles. Existing parts are kept."""
    from export.nano.corpus import Corpus
    from export.nano.data_engine import make_corpus
    from export.nano.sentences import is_held_out, read_sentences
    from export.nano.synthesizer import Flite

    found = [each for each in read_sentences(sentences) if is_held_out(each) or not held_out]
    with progress_bars() as progress, tempfile.TemporaryDirectory() as scratch:
        flites = [Flite(Path(scratch) / f"{job}.wav") for job in range(jobs)]
        total = make_corpus(Corpus(output), found, flites, seed=seed, hours=hours, progress=progress)
    typer.echo(f"{total:.2f} hours of speech in {output}")


@nano_app.command()
def features(work: Work, jobs: Jobs = 2) -> None:
    """Compute spectra, pitch and phones of the speech in DIR/corpus."""
    with progress_bars() as progress:
        parts = _pipeline(work).features(jobs, progress)
    typer.echo(f"{parts} parts")


@nano_app.command()
def tokenizers(work: Work, seed: Seed = 0) -> None:
    """Train the encoders of the linguistic and the semantic codes."""
    _train(_pipeline(work, seed).tokenizers)


@nano_app.command()
def codes(work: Work) -> None:
    """Write the codes of all sentences."""
    with progress_bars() as progress:
        count = _pipeline(work).codes(progress)
    typer.echo(f"codes of {count} sentences")


@nano_app.command()
def speaker(work: Work, seed: Seed = 0) -> None:
    """Train the speaker model: speech to a speaker embedding."""
    _train(_pipeline(work, seed).speaker)


@nano_app.command()
def vocoder(work: Work, seed: Seed = 0) -> None:
    """Train the vocoder: mel to sound."""
    _train(_pipeline(work, seed).vocoder)


@nano_app.command()
def flow(work: Work, seed: Seed = 0) -> None:
    """Train the flow matching: codes and a speaker embedding to mel. It needs codes and the speaker model."""
    _train(_pipeline(work, seed).flow)


@nano_app.command()
def lm(work: Work, seed: Seed = 0) -> None:
    """Train the language model: text to codes. It needs codes."""
    _train(_pipeline(work, seed).lm)


@nano_app.command()
def checkpoint(
    work: Work,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the repositories.")],
) -> None:
    """Write the trained stages as a checkpoint in the released layout, for `python -m export all`."""
    from export.nano.checkpoint import write_nano

    write_nano(work, output)
    typer.echo(f"{output}: a checkpoint; export it with: python -m export all --checkpoint {output}")


@nano_app.command()
def voices(
    models: Annotated[Path, typer.Option(metavar="DIR", help="What `python -m export all` wrote.")],
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder of voices; existing ones are kept.")],
) -> None:
    """Record a prompt of each of flite's voices, so that a checkpoint of nano can speak with them."""
    from edge_audio.step_audio.voice_encoder import VoiceEncoder
    from export.nano.synthesizer import Flite
    from export.nano.voices import write_voices

    with tempfile.TemporaryDirectory() as scratch:
        names = write_voices(output, Flite(Path(scratch) / "prompt.wav"), VoiceEncoder(models))
    typer.echo(", ".join(names))


def _train(stage: "Callable[[Progress], Gate]") -> None:
    """Run the training of a `stage` and print its gate."""
    with progress_bars() as progress:
        gate = stage(progress)
    typer.echo(str(gate))


def _pipeline(work: Path, seed: int = 0) -> "Pipeline":
    from export.nano.pipeline import Pipeline

    return Pipeline(work, seed)
