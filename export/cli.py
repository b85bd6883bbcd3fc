"""The command `python -m export`: names and options."""

import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from export.nano.cli import nano_app
from export.precision import Precision
from export.progress import progress_bars
from export.toy.size import Size
from runtime.errors import UserError

app = typer.Typer(
    help="Export released Step-Audio checkpoints to what a device runs without PyTorch.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(nano_app, name="nano")

Checkpoint = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder with the released repositories side by side.")
]
Output = Annotated[Path, typer.Option(metavar="DIR", help="Folder in which each component gets its own.")]
Stored = Annotated[Precision, typer.Option(help="How the large weights are stored.")]

_INTERRUPTED = 130
"""Exit status after Ctrl-C."""

# PyTorch takes seconds to import: only commands that run need it.


@app.command()
def linguistic(checkpoint: Checkpoint, output: Output, precision: Stored = Precision.FP32) -> None:
    """Export the encoder of the linguistic codes (16.7 Hz)."""
    from export import components

    _export(components.linguistic, checkpoint, output, precision)


@app.command()
def semantic(checkpoint: Checkpoint, output: Output) -> None:
    """Take over the encoder of the semantic codes (25 Hz), which is released as ONNX."""
    from export import components

    _export(components.semantic, checkpoint, output, Precision.FP32)


@app.command()
def lm(checkpoint: Checkpoint, output: Output, precision: Stored = Precision.FP32) -> None:
    """Export the language model that writes audio codes."""
    from export import components

    _export(components.lm, checkpoint, output, precision)


@app.command()
def flow(checkpoint: Checkpoint, output: Output, precision: Stored = Precision.FP32) -> None:
    """Export the flow matching of both speech decoders (codes to mel)."""
    from export import components

    _export(components.flow, checkpoint, output, precision)


@app.command()
def hift(checkpoint: Checkpoint, output: Output, precision: Stored = Precision.FP32) -> None:
    """Export the vocoder of both speech decoders (mel to sound)."""
    from export import components

    _export(components.hift, checkpoint, output, precision)


@app.command()
def speaker(checkpoint: Checkpoint, output: Output) -> None:
    """Take over the speaker model, which is released as ONNX."""
    from export import components

    _export(components.speaker, checkpoint, output, Precision.FP32)


@app.command("all")
def everything(
    checkpoint: Checkpoint,
    output: Output,
    precision: Stored = Precision.FP32,
    others: Annotated[
        Precision,
        typer.Option(help="Of linguistic encoder, flow and vocoder: fp32, fp16-stored or int8-stored."),
    ] = Precision.FP32,
) -> None:
    """Export all of the above; the precision is the language model's."""
    from export import components

    _export(partial(components.everything, others=others), checkpoint, output, precision)


@app.command()
def chat(
    checkpoint: Annotated[Path, typer.Option(metavar="DIR", help="Folder of a chat model.")], output: Output
) -> None:
    """Export a chat model of a standard architecture through optimum."""
    from export.chat import export_chat

    with progress_bars() as progress:
        export_chat(checkpoint, output / "chat", Precision.FP32, progress)


@app.command()
def verify(
    golden: Annotated[Path, typer.Argument(metavar="GOLDEN_DIR", help="Folder of golden data.")],
) -> None:
    """Compare every component with golden data, as PyTorch modules and as exported graphs."""
    from export.verify import table
    from export.verify import verify as verify_all

    with progress_bars() as progress:
        outcome = verify_all(golden, progress)
    Console(width=None if sys.stdout.isatty() else 140).print(table(outcome))
    failed = sum(not check.passed for check in outcome)
    typer.echo(f"{len(outcome)} comparisons, {failed} beyond their tolerance")
    sys.exit(1 if failed else 0)


@app.command()
def engines(
    models: Annotated[Path, typer.Argument(metavar="DIR", help="What `python -m export all` wrote.")],
) -> None:
    """Try whether TensorRT can build every graph that is meant for it; needs no GPU, and keeps no engine.

    It takes TensorRT for RTX: pip install tensorrt-rtx.
    """
    from export.tensorrt.engines import build_engines, table

    with progress_bars() as progress:
        outcomes = build_engines(models, progress)
    Console(width=None if sys.stdout.isatty() else 140).print(table(outcomes))
    failed = sum(not outcome.size_bytes for outcome in outcomes)
    typer.echo(f"{len(outcomes)} graphs, {failed} that TensorRT can't build")
    sys.exit(1 if failed else 0)


@app.command()
def toy(
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the repositories.")],
    size: Annotated[Size, typer.Option(help="Dimensions.")] = Size.TINY,
    seed: Annotated[int, typer.Option(help="Another seed gives other weights.")] = 0,
) -> None:
    """Write a random checkpoint of all components in the released layout."""
    from export.toy.checkpoint import write_checkpoint

    with progress_bars() as progress:
        write_checkpoint(output, size, seed, progress)


def _export(export: Callable[..., None], checkpoint: Path, output: Path, precision: Precision) -> None:
    from export.release import Release

    with progress_bars() as progress:
        export(Release(checkpoint), output, precision, progress)


def main() -> None:
    """Run the command: one clear line and status 2 for what the user can mend, no traceback."""
    # Who is told to end clears up as at Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app(standalone_mode=True)
    except UserError as error:
        Console(stderr=True).print(f"export: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except Exception as error:
        # PyTorch's exporter wraps what stops it, Ctrl-C too, in errors of its own.
        if not _interrupted(error):
            raise
        sys.exit(_INTERRUPTED)


def _interrupted(error: BaseException | None) -> bool:
    """Return whether an interruption lies behind `error`."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
