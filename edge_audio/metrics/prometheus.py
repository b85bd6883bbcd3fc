"""The Prometheus endpoint: `GET /metrics` on the loopback interface, unless the config says otherwise."""

import hmac
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from edge_audio.events import (
    Event,
    Notice,
    ReplyResumed,
    SpeculationEnded,
    SpeculationStarted,
    TurnFinished,
    TurnReport,
)
from edge_audio.metrics.meter import MeteredConversation, optional
from runtime.errors import UserError

_LATENCY_S = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0)
_LEAD_S = (-2.0, -1.0, -0.5, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
"""Bounds of the histograms: fine where people notice a difference."""


class PrometheusMeter:
    """Histograms and counters over all turns of this process, and its memory and CPU time."""

    def __init__(self, host: str, port: int, token: str | None) -> None:
        """Listen on `host` and `port`; a reader must show `token`, if there is one, as bearer.

        Raises `UserError` where the library is missing or the port is taken.
        """
        library = optional("prometheus_client", "prometheus")
        registry = library.CollectorRegistry()
        library.ProcessCollector(registry=registry)

        def counter(name: str, meaning: str, *labels: str) -> Any:
            return library.Counter(f"edge_audio_{name}", meaning, labels, registry=registry)

        def histogram(name: str, meaning: str, bounds: tuple[float, ...], *labels: str) -> Any:
            return library.Histogram(f"edge_audio_{name}", meaning, labels, registry=registry, buckets=bounds)

        self._turns = counter("turns", "Turns that were answered, by how the reply ended.", "end")
        self._gap_s = histogram(
            "response_gap_seconds", "End of speech to the first audible sample of the reply.", _LATENCY_S
        )
        self._stage_s = histogram("stage_seconds", "The response gap by stage.", _LATENCY_S, "stage")
        self._lead_s = histogram(
            "lead_seconds", "How long before the turn's end the first sound of its reply was ready.", _LEAD_S
        )
        self._started = counter("speculations_started", "Replies begun before the turn's end was known.")
        self._speculations = counter("speculations", "Speculations that are over, by outcome.", "outcome")
        self._wasted_s = counter("wasted_compute_seconds", "How long speculations ran that were discarded.")
        self._interruption_s = histogram(
            "interruption_seconds", "Onset of interrupting speech to silence.", _LATENCY_S
        )
        self._gone_on = counter(
            "replies_held_and_gone_on", "Replies that were held although nobody interrupted."
        )
        self._errors = counter("errors", "Errors that were shown to the user.")
        self._dropped = counter("frames_dropped", "Frames of 20 ms that were heard and lost.")
        self._dropped_before = 0
        self._server = _serve(host, port, _guarded(library.make_wsgi_app(registry), token))

    @property
    def port(self) -> int:
        """Return the port on which it listens."""
        return self._server.server_port

    def measure(self, event: Event, session: MeteredConversation) -> None:
        """See `Meter`."""
        match event:
            case SpeculationStarted():
                self._started.inc()
            case SpeculationEnded(outcome=outcome):
                self._speculations.labels(outcome).inc()
            case ReplyResumed():
                self._gone_on.inc()
            case Notice(is_error=True):
                self._errors.inc()
            case TurnFinished(report=report):
                self._finished(report)
                dropped = session.counters["frames_dropped"]
                self._dropped.inc(dropped - self._dropped_before)
                self._dropped_before = dropped
            case _:
                pass

    def _finished(self, report: TurnReport) -> None:
        end = "failed" if report.error else "interrupted" if report.interrupted else "heard"
        self._turns.labels(end).inc()
        self._wasted_s.inc(report.wasted_compute_s)
        if report.response_gap_ms is not None:
            self._gap_s.observe(report.response_gap_ms / 1000)
        for stage, ms in report.stages_ms.items():
            self._stage_s.labels(stage).observe(ms / 1000)
        if report.lead_ms is not None and report.speculations.get("committed"):
            self._lead_s.observe(report.lead_ms / 1000)
        if report.interruption_ms is not None:
            self._interruption_s.observe(report.interruption_ms / 1000)

    def close(self) -> None:
        """See `Meter`."""
        self._server.shutdown()
        self._server.server_close()


_StartResponse = Callable[..., Any]
_Application = Callable[[dict[str, Any], _StartResponse], Iterable[bytes]]


def _guarded(application: _Application, token: str | None) -> _Application:
    """Serve `/metrics` only, to those who show the token."""
    bearer = None if token is None else f"Bearer {token}".encode()

    def guarded(environ: dict[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
        # A header's bytes come decoded as Latin-1 (PEP 3333).
        shown = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1")
        if bearer is not None and not hmac.compare_digest(shown, bearer):
            start_response(
                "401 Unauthorized", [("WWW-Authenticate", "Bearer"), ("Content-Type", "text/plain")]
            )
            return [b"Show the token: Authorization: Bearer ...\n"]
        if environ.get("PATH_INFO") != "/metrics":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"The metrics are at /metrics.\n"]
        return application(environ, start_response)

    return guarded


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """Answers each reader on a thread of its own, which the program's end doesn't wait for."""

    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Bind without asking a name server what this host is called, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _ServerForIPv6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 5.0  # for a reader that connects and says nothing

    def log_message(self, *_: Any) -> None:
        """Leave the terminal to the conversation."""


def _serve(host: str, port: int, application: _Application) -> _Server:
    kind = _ServerForIPv6 if ":" in host else _Server
    try:
        server = kind((host, port), _Handler)
    except OSError as error:
        cause = f"The metrics can't be served on {host}, port {port} ({error.strerror})."
        raise UserError(cause, "Choose another port or host in [metrics].") from error
    server.set_app(application)
    threading.Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True).start()
    return server
