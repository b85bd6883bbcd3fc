"""How long people wait: recorded questions at real-time pace, with speculation and without."""

import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console

from edge_audio.adapters import Models, load_models
from edge_audio.assistant import Assistant
from edge_audio.audio.file_device import FileDevice, Recording
from edge_audio.audio.files import WavWriter, read_audio
from edge_audio.audio.frame import AUDIBLE, FILE_RATE_HZ, Samples
from edge_audio.audio.script import Clip, Script
from edge_audio.bench.figures import machine_load, percentile, percentiles, process_age_s, resident_mb
from edge_audio.config import Config
from edge_audio.events import Event, TurnEnded, TurnFinished, TurnReport

QUESTIONS = Path(__file__).parent / "questions" / "questions.toml"

_BETWEEN_S = 0.5
"""Silence between a reply's end and the next question."""


class Pause(msgspec.Struct, frozen=True):
    """A silence inside a question, in seconds of its clip."""

    start_s: float
    end_s: float


class Question(msgspec.Struct, frozen=True):
    """A recorded question; times in seconds of its clip."""

    file: str
    text: str
    voice: str
    speech_start_s: float
    speech_end_s: float
    pauses: tuple[Pause, ...] = ()


class _Manifest(msgspec.Struct, frozen=True):
    question: list[Question]


def read_questions(path: Path = QUESTIONS) -> list[Question]:
    """Read the manifest of the recorded questions."""
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), _Manifest).question


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one question; times in session seconds, lengths in milliseconds."""

    question: Question
    speech_end_s: float
    """The true end of speech: where the clip was played, and what its manifest says."""
    gap_ms: float | None
    """From there to the first audible sample of the answer in the recording; None without an answer."""
    turns: int
    """Turns that ended between this question's begin and the next one's; more than one is a split."""
    report: TurnReport | None
    """The report of the turn that answered it."""


async def measure_latency(config: Config, console: Console) -> dict[str, Any]:
    """Ask all questions twice, and return the figures of both runs side by side."""
    models = await load_models(config)
    ready_s = process_age_s()
    questions = read_questions()
    try:
        with console.status(f"Asking {len(questions)} questions with speculation ..."):
            speculating, rss_mb = await _ask(config, models, questions, "balanced")
        with console.status(f"Asking {len(questions)} questions without speculation ..."):
            plain, _ = await _ask(config, models, questions, "none")
    finally:
        await models.close()
    return _summary(speculating, plain) | {
        "ready_s": ready_s,
        "rss_mb": rss_mb,
        "models": dict(models.names()),
        "load": machine_load(),
        "questions": [_row(a, b) for a, b in zip(speculating, plain, strict=True)],
    }


async def _ask(
    config: Config, models: Models, questions: Sequence[Question], speculate: str
) -> tuple[list[Asked], float]:
    """Ask all questions in one conversation; return what came of each, and the most memory held, in MB.

    Every reply is played to its end: one cut short would stand so in the context, and teach the chat
    model to give such answers.
    """
    conversation = msgspec.structs.replace(config.conversation, speculate=speculate)
    clips = [_clip(question, number) for number, question in enumerate(questions)]
    script = Script(clips)
    events: list[tuple[float, Event]] = []
    resident: list[float] = []

    def tell(event: Event) -> None:
        script.watch(event, assistant.now_s())
        if isinstance(event, TurnEnded | TurnFinished):
            events.append((assistant.now_s(), event))
            resident.append(resident_mb())

    assistant = Assistant(msgspec.structs.replace(config, conversation=conversation), models, tell)
    with tempfile.TemporaryDirectory() as folder:
        recorded = Path(folder) / "reply.wav"
        with WavWriter(recorded) as writer:
            device = FileDevice("bench", script, lambda: assistant.idle, Recording(reply=writer))
            await assistant.run(device)
        played = read_audio(recorded, FILE_RATE_HZ)
    return _match(questions, script.began_s, events, played), max(resident, default=0.0)


def _clip(question: Question, number: int) -> Clip:
    pcm = read_audio(QUESTIONS.parent / question.file)
    return Clip(pcm, after_reply_s=_BETWEEN_S) if number else Clip(pcm, at_s=_BETWEEN_S)


def _match(
    questions: Sequence[Question],
    began_s: Sequence[float],
    events: list[tuple[float, Event]],
    played: Samples,
) -> list[Asked]:
    audible = np.flatnonzero(np.abs(played) >= AUDIBLE) / FILE_RATE_HZ
    asked = []
    for number, question in enumerate(questions):
        start_s = began_s[number]
        end_s = began_s[number + 1] if number + 1 < len(began_s) else float("inf")
        speech_end_s = start_s + question.speech_end_s
        ended = [e for at, e in events if isinstance(e, TurnEnded) and start_s <= at < end_s]
        reports = {e.epoch: e.report for _, e in events if isinstance(e, TurnFinished)}
        gap_ms = None
        if ended and ended[-1].at_s < end_s:
            after = audible[audible >= max(speech_end_s, ended[-1].at_s)]
            if len(after) and after[0] < end_s:
                gap_ms = round(float(after[0] - speech_end_s) * 1000, 1)
        report = reports.get(ended[-1].epoch) if ended else None
        asked.append(Asked(question, speech_end_s, gap_ms, len(ended), report))
    return asked


def _summary(speculating: Sequence[Asked], plain: Sequence[Asked]) -> dict[str, Any]:
    reports = [asked.report for asked in speculating if asked.report is not None]
    counts = [report.speculations for report in reports]
    committed = sum(count["committed"] for count in counts)
    started = sum(count["started"] for count in counts)
    leads = [r.lead_ms for r in reports if r.lead_ms is not None and r.speculations["committed"]]
    held = [
        r.commit_to_first_sample_ms
        for r in reports
        if r.commit_to_first_sample_ms is not None and (r.lead_ms or 0) > 0
    ]
    paused = [asked for asked in speculating if asked.question.pauses]
    return {
        "response_gap_ms": percentiles(_gaps(speculating)),
        "response_gap_without_speculation_ms": percentiles(_gaps(plain)),
        "answered": f"{len(_gaps(speculating))} of {len(speculating)}",
        "commit_rate": round(committed / started, 3) if started else None,
        "answered_from_speculation": round(committed / len(reports), 3) if reports else None,
        "lead_ms": percentiles(leads),
        "split_pauses": sum(asked.turns > 1 for asked in paused),
        "questions_with_pause": len(paused),
        "commit_to_first_sample_ms": percentile(held, 100),
    }


def _gaps(asked: Sequence[Asked]) -> list[float]:
    return [a.gap_ms for a in asked if a.gap_ms is not None]


def _row(speculating: Asked, plain: Asked) -> dict[str, Any]:
    report = speculating.report
    return {
        "file": speculating.question.file,
        "asked": speculating.question.text,
        "heard": report.user_text if report else None,
        "reply": report.reply_text if report else None,
        "turns": speculating.turns,
        "gap_ms": speculating.gap_ms,
        "gap_without_speculation_ms": plain.gap_ms,
        "stages_ms": report.stages_ms if report else None,
        "lead_ms": report.lead_ms if report else None,
    }
