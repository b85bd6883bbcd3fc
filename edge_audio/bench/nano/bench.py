"""The bench of small weights: what they must reach, against speech that was kept from training."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import Progress

from edge_audio.adapters import load_voice
from edge_audio.audio.frame import Samples
from edge_audio.bench.nano.corpus import Sentence, read_corpus, read_recordings, read_tags
from edge_audio.bench.nano.effort import measure_effort
from edge_audio.bench.nano.figure import Figure
from edge_audio.bench.nano.hearing import Ear, hear_all
from edge_audio.bench.nano.part import Measured, Part
from edge_audio.bench.nano.resynthesis import Echo, measure_recordings, measure_resynthesis
from edge_audio.bench.nano.speech import measure_speech
from edge_audio.bench.nano.steadiness import measure_steadiness
from edge_audio.bench.nano.tags import measure_tags
from edge_audio.config import Config
from edge_audio.machine import machine_load
from edge_audio.step_audio.config import StepAudioConfig
from edge_audio.step_audio.speaking import CodeVoice
from runtime.errors import UserError

SCHEMA_VERSION = 1

_STUMBLING_BLOCKS = 5
"""Sentences of all lengths, for each sentence that a voice is measured with."""

_FEWER = 10
"""Where each sentence is said in many manners, or alone, a voice has so many times fewer."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure."""

    corpus: Path
    """A folder of held-out speech; see `read_corpus`."""
    sentences: int = 100
    """Of each voice, at most; all other numbers follow from it."""
    parts: Collection[Part] = tuple(Part)
    recordings: Path | None = None
    """A folder of other people's speech to resynthesise; see `read_recordings`."""

    @property
    def listens(self) -> bool:
        """Whether it takes recognizers."""
        return Part.RESYNTHESIS in self.parts or Part.SPEECH in self.parts


@dataclass(frozen=True, slots=True)
class Findings:
    """All figures, and what they were made of."""

    figures: list[Figure]
    rows: dict[str, list[dict[str, Any]]]
    """By part."""
    about: dict[str, Any]
    """What was measured with, and the machine's load before and after."""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        figures = [figure.as_dict() for figure in self.figures]
        return {"schema_version": SCHEMA_VERSION, **self.about, "figures": figures, "rows": self.rows}


async def measure_nano(config: Config, plan: Plan, ears: Sequence[Ear], console: Console) -> Findings:
    """Measure the parts of `plan` with the Step-Audio voice of `config`; `ears` tell what is understood.

    Raises `UserError`, at once where files or models are missing.
    """
    code_voice, models = _step_audio(config)
    corpus = await asyncio.to_thread(read_corpus, plan.corpus, plan.sentences)
    tags = await asyncio.to_thread(read_tags, plan.corpus)
    others = await asyncio.to_thread(read_recordings, plan.recordings) if plan.recordings else []
    echo = await asyncio.to_thread(Echo.load, code_voice, models) if Part.RESYNTHESIS in plan.parts else None
    voice = await asyncio.to_thread(load_voice, config)
    try:
        corpus = _known(corpus, voice.speakers, console)
        sentences = [sentence for said in corpus.values() for sentence in said]
        fewer = {name: said[: max(1, len(said) // _FEWER)] for name, said in corpus.items()}
        blocks = _STUMBLING_BLOCKS * max(map(len, corpus.values()))
        load = machine_load()
        await voice.warm_up()
        with Progress(console=console, transient=True) as progress:
            track = _Tracker(progress)
            original = await hear_all(track("original", sentences), _as_it_is, ears) if plan.listens else []
            measures: dict[Part, Callable[[], Coroutine[None, None, Measured]]] = {
                Part.SPEECH: lambda: measure_speech(voice, original, ears, track),
                Part.STEADINESS: lambda: measure_steadiness(voice, corpus, blocks, track),
                Part.EFFORT: lambda: measure_effort(config, fewer, track),
                Part.TAGS: lambda: measure_tags(voice, fewer, tags, track),
            }
            if echo is not None:
                measures[Part.RESYNTHESIS] = partial(measure_resynthesis, echo, original, ears, track)
            measured = {part.value: await measures[part]() for part in Part if part in plan.parts}
            if echo is not None and others:
                measured["recordings"] = await measure_recordings(
                    echo, voice.speakers[0], others, ears, track
                )
    finally:
        await voice.close()
        if echo is not None:
            echo.close()
    return Findings(
        [figure for found in measured.values() for figure in found.figures],
        {name: found.rows for name, found in measured.items()},
        {
            "models": models.models,
            "ears": [ear.name for ear in ears],
            "sentences": {name: len(said) for name, said in corpus.items()},
            "load": load | {"load_1min_after": machine_load()["load_1min"]},
        },
    )


def _step_audio(config: Config) -> tuple[CodeVoice, StepAudioConfig]:
    """Return how the voice speaks codes, and its models. Raises `UserError` if the voice knows no codes."""
    if (code_voice := config.tts.code_voice) is None or config.step_audio is None:
        raise UserError(
            "The config's voice is not Step-Audio's.",
            'Name one with adapter = "step-audio" in [tts] with --config.',
        )
    return code_voice, config.step_audio


def _known(
    corpus: dict[str, list[Sentence]], speakers: Collection[str], console: Console
) -> dict[str, list[Sentence]]:
    """Return what is said by one of `speakers`; the others are told. Raises `UserError` if nothing is."""
    for name in sorted(corpus.keys() - speakers):
        console.print(f"No voice is called {name}: left out.", markup=False, highlight=False)
    known = {name: said for name, said in corpus.items() if name in speakers}
    if not known:
        raise UserError(
            f"None of the config's voices is one of the corpus: {', '.join(corpus)}.",
            "Add them with `edge-audio voices add`, by these names.",
        )
    return known


async def _as_it_is(sentence: Sentence) -> Samples:
    return sentence.pcm


class _Tracker:
    """A `Track` that moves a bar, or tells a line for each work where there is no terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, work: str, items: Sequence[T]) -> Iterable[T]:
        """See `Track`."""
        if not self._progress.console.is_terminal:
            self._progress.console.print(f"{work} ({len(items)}) ...", markup=False, highlight=False)
        return self._progress.track(items, description=work)
