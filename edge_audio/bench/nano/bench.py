"""The bench of small weights: their metrics on held-out speech, and the bars that they must reach."""

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
from edge_audio.bench.nano.metric import Metric
from edge_audio.bench.nano.part import Measured, Part
from edge_audio.bench.nano.resynthesis import VoiceConverter, measure_recordings, measure_resynthesis
from edge_audio.bench.nano.robustness import measure_robustness
from edge_audio.bench.nano.speed import measure_speed
from edge_audio.bench.nano.synthesis import measure_speech
from edge_audio.bench.nano.tag_correlation import measure_tags
from edge_audio.bench.nano.transcription import Transcriber, transcribe_all
from edge_audio.config import Config
from edge_audio.machine import machine_load
from edge_audio.step_audio.config import StepAudioConfig
from edge_audio.step_audio.speaking import CodeVoice
from runtime.errors import UserError

SCHEMA_VERSION = 1

_HARD_SENTENCES = 5
"""Hard sentences for each sentence that a voice is measured with."""

_FEWER = 10
"""Speed and tags are measured with one in so many sentences: each is spoken alone, or with every tag."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure."""

    corpus: Path
    """A folder of held-out speech; see `read_corpus`."""
    sentences: int = 100
    """Sentences of each voice, at most; all other numbers follow from this one."""
    parts: Collection[Part] = tuple(Part)
    recordings: Path | None = None
    """A folder of other people's speech to resynthesise; see `read_recordings`."""

    @property
    def transcribes(self) -> bool:
        """True if it needs recognizers."""
        return Part.RESYNTHESIS in self.parts or Part.SPEECH in self.parts


@dataclass(frozen=True, slots=True)
class Findings:
    """All metrics, and what they were computed from."""

    metrics: list[Metric]
    rows: dict[str, list[dict[str, Any]]]
    """By part."""
    about: dict[str, Any]
    """The models and sentences, and the machine's load before and after."""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        metrics = [metric.as_dict() for metric in self.metrics]
        return {"schema_version": SCHEMA_VERSION, **self.about, "figures": metrics, "rows": self.rows}


async def measure_nano(
    config: Config, plan: Plan, transcribers: Sequence[Transcriber], console: Console
) -> Findings:
    """Measure the parts of `plan` with the Step-Audio voice of `config`; `transcribers` are the recognizers.

    Raises `UserError`, at once where files or models are missing.
    """
    code_voice, models = _step_audio(config)
    corpus = await asyncio.to_thread(read_corpus, plan.corpus, plan.sentences)
    tags = await asyncio.to_thread(read_tags, plan.corpus)
    others = await asyncio.to_thread(read_recordings, plan.recordings) if plan.recordings else []
    converter = (
        await asyncio.to_thread(VoiceConverter.load, code_voice, models)
        if Part.RESYNTHESIS in plan.parts
        else None
    )
    voice = await asyncio.to_thread(load_voice, config)
    try:
        corpus = _known(corpus, voice.speakers, console)
        sentences = [sentence for of_voice in corpus.values() for sentence in of_voice]
        fewer = {name: each[: max(1, len(each) // _FEWER)] for name, each in corpus.items()}
        hard = _HARD_SENTENCES * max(map(len, corpus.values()))
        load = machine_load()
        await voice.warm_up()
        with Progress(console=console, transient=True) as progress:
            track = _Tracker(progress)
            original = (
                await transcribe_all(track("original", sentences), _unchanged, transcribers)
                if plan.transcribes
                else []
            )
            measures: dict[Part, Callable[[], Coroutine[None, None, Measured]]] = {
                Part.SPEECH: lambda: measure_speech(voice, original, transcribers, track),
                Part.STEADINESS: lambda: measure_robustness(voice, corpus, hard, track),
                Part.EFFORT: lambda: measure_speed(config, fewer, track),
                Part.TAGS: lambda: measure_tags(voice, fewer, tags, track),
            }
            if converter is not None:
                measures[Part.RESYNTHESIS] = partial(
                    measure_resynthesis, converter, original, transcribers, track
                )
            measured = {part.value: await measures[part]() for part in Part if part in plan.parts}
            if converter is not None and others:
                measured["recordings"] = await measure_recordings(
                    converter, voice.speakers[0], others, transcribers, track
                )
    finally:
        await voice.close()
        if converter is not None:
            converter.close()
    return Findings(
        [metric for found in measured.values() for metric in found.metrics],
        {name: found.rows for name, found in measured.items()},
        {
            "models": models.models,
            "ears": [transcriber.name for transcriber in transcribers],
            "sentences": {name: len(each) for name, each in corpus.items()},
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
    """Return the sentences of `speakers`; names of others are printed. Raises `UserError` if none is left."""
    for name in sorted(corpus.keys() - speakers):
        console.print(f"No voice is called {name}: left out.", markup=False, highlight=False)
    known = {name: each for name, each in corpus.items() if name in speakers}
    if not known:
        raise UserError(
            f"None of the config's voices is one of the corpus: {', '.join(corpus)}.",
            "Add them with `edge-audio voices add`, by these names.",
        )
    return known


async def _unchanged(sentence: Sentence) -> Samples:
    return sentence.pcm


class _Tracker:
    """A `Track` that moves a bar, or prints a line for each work if there is no terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, work: str, items: Sequence[T]) -> Iterable[T]:
        """See `Track`."""
        if not self._progress.console.is_terminal:
            self._progress.console.print(f"{work} ({len(items)}) ...", markup=False, highlight=False)
        return self._progress.track(items, description=work)
