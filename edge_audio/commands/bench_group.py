"""`edge-audio bench`: names and options. What its commands do is in `edge_audio.commands.bench`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge_audio.bench.nano.part import Part
from edge_audio.commands.options import ConfigOption, JsonOption

bench_app = typer.Typer(help="Measure the product on this machine.", no_args_is_help=True)


@bench_app.command()
def conversation(
    turns: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Only about this many turns.", show_default=False),
    ] = None,
    picture: Annotated[Path, typer.Option(metavar="OUT.svg", help="Where to draw what was measured.")] = Path(
        "conversation.svg"
    ),
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hold a scripted conversation twice, with and without speculation (some 15 minutes)."""
    from edge_audio.commands.bench import bench_conversation

    bench_conversation(config, turns=turns, picture=picture, as_json=json, console=Console(stderr=json))


@bench_app.command()
def overhead(json: JsonOption = False, config: ConfigOption = None) -> None:
    """Measure the actors, interruptions and the event loop (some 1 minute)."""
    from edge_audio.commands.bench import bench_overhead

    bench_overhead(config, as_json=json, console=Console(stderr=json))


@bench_app.command()
def sessions(
    conversations: Annotated[int, typer.Option("-n", min=2, help="How many at once.")] = 4,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hold several conversations at once over one set of models (some 2 minutes)."""
    from edge_audio.commands.bench import bench_sessions

    bench_sessions(config, conversations=conversations, as_json=json, console=Console(stderr=json))


@bench_app.command()
def models(
    models: Annotated[
        list[Path], typer.Option(metavar="DIR", help="What `python -m export all` wrote; may be repeated.")
    ],
    threads: Annotated[int, typer.Option(min=1, help="Threads for each model.")] = 2,
    json: JsonOption = False,
) -> None:
    """Measure exported Step-Audio models, each by itself (a minute at the released sizes)."""
    from edge_audio.commands.bench import bench_models

    bench_models(models, threads, as_json=json, console=Console(stderr=json))


@bench_app.command()
def nano(
    corpus: Annotated[
        Path, typer.Option(metavar="DIR", help="What `python -m export nano data --held-out` made.")
    ],
    sentences: Annotated[
        int, typer.Option("--sentences", "-n", min=5, help="Sentences of each voice; fewer take less time.")
    ] = 100,
    only: Annotated[
        list[Part] | None, typer.Option(help="Only this part; may be repeated.", show_default=False)
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also resynthesise these: X.wav with its words in X.txt."),
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all that was measured.")] = None,
    config: ConfigOption = None,
) -> None:
    """Measure a small Step-Audio voice against what it must reach (some 20 minutes)."""
    from edge_audio.bench.nano.bench import Plan
    from edge_audio.commands.bench import bench_nano

    plan = Plan(corpus, sentences, tuple(only or Part), recordings)
    bench_nano(config, plan, json, Console())
