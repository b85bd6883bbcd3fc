"""What an OpenTelemetry collector gets, and what happens when it is away."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from edge_audio.metrics import spans
from edge_audio.metrics.spans import SpanMeter
from tests.edge_audio.metrics.happening import hold
from tests.support.spoken_turn import HALF_SAID


class Collector:
    """Takes spans over HTTP."""

    def __init__(self) -> None:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.bodies.append((self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.bodies: list[tuple[str, bytes]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def spans(self) -> list[Span]:
        found = []
        for _, body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


def attributes(span: Span) -> dict[str, object]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


@pytest.mark.parametrize("path", ["", "/", "/v1/traces"])
def test_spans_go_to_the_collectors_address(collector: Collector, path: str) -> None:
    meter = SpanMeter(collector.endpoint + path)
    hold(meter)
    meter.close()
    assert [path for path, _ in collector.bodies] == ["/v1/traces"]


def test_a_turn_is_one_trace_with_its_stages_and_without_its_words(collector: Collector) -> None:
    meter = SpanMeter(collector.endpoint)
    assert hold(meter) == []
    meter.close()
    assert HALF_SAID.encode() not in collector.bodies[0][1]
    got = collector.spans()
    assert len({span.trace_id for span in got}) == 1
    (turn,) = [span for span in got if not span.parent_span_id]
    assert turn.name == "turn"
    figures = attributes(turn)
    assert figures["edge_audio.response_gap_ms"] == 450.0
    assert figures["edge_audio.interruption_ms"] == 120.0
    assert figures["edge_audio.wasted_compute_s"] == 0.4
    assert figures["edge_audio.speculations.superseded"] == 1

    def lasts(span: Span) -> tuple[float, float]:
        """Begin and end in seconds since the turn began, at 1.0 s."""
        since = (span.start_time_unix_nano - turn.start_time_unix_nano) / 1e9 + 1.0
        return round(since, 3), round(since + (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9, 3)

    parts = {(span.name, *lasts(span)) for span in got}
    assert parts == {
        ("turn", 1.0, 5.0),
        ("speech", 1.0, 2.0),
        ("speculation", 1.3, 1.7),
        ("speculation", 2.2, 2.3),
        ("pause", 2.0, 2.15),
        ("llm", 2.15, 2.4),
        ("out", 2.4, 2.45),
        ("reply", 2.45, 5.0),
    }
    outcomes = {attributes(span)["outcome"] for span in got if span.name == "speculation"}
    assert outcomes == {"superseded", "committed"}
    assert turn.status.code == Status.STATUS_CODE_UNSET
    assert abs(time.time_ns() - turn.end_time_unix_nano) < 60e9


def test_a_collector_that_is_away_is_told_once_and_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(spans, "_SEND_TIMEOUT_S", 0.3)
    meter = SpanMeter("http://127.0.0.1:9")
    hold(meter)
    meter._exporter.export(())  # what the library's own thread does by and by
    deadline_s = time.monotonic() + 20
    while not meter._exporter.failed and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert len(hold(meter)) == 1
    assert hold(meter) == []
    began_s = time.monotonic()
    meter.close()
    assert time.monotonic() - began_s < 1.0
    assert capfd.readouterr() == ("", "")
