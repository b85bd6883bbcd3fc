"""OpenTelemetry spans: each turn as a trace, sent to a collector over HTTP."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from edge_audio.events import (
    Event,
    SpeculationEnded,
    SpeculationStarted,
    SpeechStarted,
    State,
    StateChanged,
    TurnEnded,
    TurnFinished,
    TurnReport,
)
from edge_audio.metrics.meter import MeteredConversation, optional

_EXTRA = "opentelemetry"

_SEND_EVERY_MS = 2000

_SEND_TIMEOUT_S = 5.0
"""How long the collector may take for a batch, retries included."""

_FAREWELL_S = 0.3
"""How long a collector that doesn't answer may delay the end."""


@dataclass(frozen=True, slots=True)
class TurnSpan:
    """A part of a turn, in session seconds."""

    name: str
    start_s: float
    end_s: float
    attributes: dict[str, str | float | bool] = field(default_factory=dict)


class SpanMeter:
    """A trace for each turn: what the user said, speculations, the stages of its latency, and the reply.

    Attributes are figures and outcomes; no word that was said is among them.
    """

    def __init__(self, endpoint: str) -> None:
        """Send to the collector at the base address `endpoint`, such as `http://127.0.0.1:4318`.

        Raises `UserError` where the library is missing.
        """
        self._trace = optional("opentelemetry.trace", _EXTRA)
        sdk = optional("opentelemetry.sdk.trace", _EXTRA)
        export = optional("opentelemetry.sdk.trace.export", _EXTRA)
        exporters = optional("opentelemetry.exporter.otlp.proto.http.trace_exporter", _EXTRA)
        resources = optional("opentelemetry.sdk.resources", _EXTRA)
        _leave_the_terminal_alone()
        self._endpoint = endpoint
        address = f"{endpoint.rstrip('/').removesuffix('/v1/traces')}/v1/traces"
        self._exporter = _Watched(exporters.OTLPSpanExporter(address, timeout=_SEND_TIMEOUT_S), export)
        service = {"service.name": "edge-audio", "service.version": metadata.version("edge-audio")}
        # Only `close` waits for what is not sent when the program ends.
        self._provider = sdk.TracerProvider(
            resource=resources.Resource.create(service), shutdown_on_exit=False
        )
        self._provider.add_span_processor(
            export.BatchSpanProcessor(self._exporter, schedule_delay_millis=_SEND_EVERY_MS)
        )
        self._tracer = self._provider.get_tracer("edge_audio")
        self._begun_s: float | None = None
        """When the user began the turn that is open."""
        self._said_from_s: float | None = None
        """When they began the turn that is being answered."""
        self._making: dict[int, float] = {}
        self._parts: list[TurnSpan] = []
        """The parts of the turn that is open or being answered."""
        self._reported = False

    def measure(self, event: Event, session: MeteredConversation) -> str | None:
        """See `Meter`."""
        match event:
            case SpeechStarted(start_s=start_s):
                self._begun_s = start_s if self._begun_s is None else self._begun_s
            case StateChanged(state=State.SILENCE):
                self._begun_s = None
            case SpeculationStarted(epoch=epoch):
                self._making[epoch] = session.now_s()
            case SpeculationEnded(epoch=epoch, outcome=outcome):
                now_s = session.now_s()
                start_s = self._making.pop(epoch, now_s)
                self._parts.append(TurnSpan("speculation", start_s, now_s, {"outcome": outcome}))
            case TurnEnded():
                self._said_from_s, self._begun_s = self._begun_s, None
            case TurnFinished(report=report):
                parts, self._parts = self._parts, []
                now_s = session.now_s()
                self._send([*parts, *spans_of(report, self._said_from_s, now_s)], report, now_s)
            case _:
                pass
        if self._exporter.failed and not self._reported:
            self._reported = True
            return f"The OpenTelemetry collector at {self._endpoint} accepts no spans."
        return None

    def close(self) -> None:
        """See `Meter`."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_FAREWELL_S)

    def _send(self, parts: list[TurnSpan], report: TurnReport, now_s: float) -> None:
        if not parts:
            return
        began_ns = time.time_ns() - round(now_s * 1e9)

        def at_ns(at_s: float) -> int:
            return began_ns + round(at_s * 1e9)

        turn = self._tracer.start_span(
            "turn", start_time=at_ns(min(part.start_s for part in parts)), attributes=attributes_of(report)
        )
        if report.error is not None:
            turn.set_status(self._trace.StatusCode.ERROR)
        inside = self._trace.set_span_in_context(turn)
        for part in parts:
            span = self._tracer.start_span(
                part.name, inside, start_time=at_ns(part.start_s), attributes=part.attributes
            )
            span.end(at_ns(part.end_s))
        turn.end(at_ns(max(part.end_s for part in parts)))


def spans_of(report: TurnReport, said_from_s: float | None, now_s: float) -> Iterator[TurnSpan]:
    """Yield a turn's speech, the stages of its latency, and its reply, which is over now."""
    at_s = report.speech_end_s if report.speech_end_s is not None else report.turn_end_s
    if said_from_s is not None and report.speech_end_s is not None:
        yield TurnSpan("speech", min(said_from_s, report.speech_end_s), report.speech_end_s)
    for stage, ms in report.stages_ms.items():
        if at_s is not None and ms > 0:
            yield TurnSpan(stage, at_s, at_s + ms / 1000)
            at_s += ms / 1000
    if report.first_audio_s is not None:
        yield TurnSpan("reply", report.first_audio_s, max(now_s, report.first_audio_s))


def attributes_of(report: TurnReport) -> dict[str, str | float | bool]:
    """Return the figures of a turn, without its words."""
    figures: dict[str, str | float | bool | None] = {
        "response_gap_ms": report.response_gap_ms,
        "lead_ms": report.lead_ms,
        "interrupted": report.interrupted,
        "interruption_ms": report.interruption_ms,
        "wasted_compute_s": report.wasted_compute_s,
    }
    figures |= {f"speculations.{outcome}": count for outcome, count in report.speculations.items()}
    return {f"edge_audio.{name}": figure for name, figure in figures.items() if figure is not None}


class _Watched:
    """A span exporter that remembers whether it has failed."""

    def __init__(self, exporter: Any, export: Any) -> None:
        self.failed = False
        self._exporter = exporter
        self._failure = export.SpanExportResult.FAILURE

    def export(self, spans: Sequence[Any]) -> Any:
        result = self._exporter.export(spans)
        self.failed |= result == self._failure
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        flushed: bool = self._exporter.force_flush(timeout_millis)
        return flushed


def _leave_the_terminal_alone() -> None:
    """Keep the library from writing over the conversation; a failure is reported as a notice."""
    logger = logging.getLogger("opentelemetry")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
