"""What Prometheus is told, and who is told it."""

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from edge_audio.config import Metrics
from edge_audio.metrics.meters import open_meters
from edge_audio.metrics.prometheus import PrometheusMeter
from runtime.errors import UserError
from tests.edge_audio.metrics.happening import hold
from tests.support.spoken_turn import HALF_SAID


@pytest.fixture
def meter() -> Iterator[PrometheusMeter]:
    meter = PrometheusMeter("127.0.0.1", 0, None)
    yield meter
    meter.close()


def get(port: int, path: str = "/metrics", token: str | None = None) -> tuple[int, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def figures(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^(edge_audio\S+) (\S+)$", text, re.M)}


def test_a_turns_figures_are_told_and_not_its_words(meter: PrometheusMeter) -> None:
    assert hold(meter) == []
    status, text = get(meter.port)
    assert status == 200
    assert HALF_SAID not in text
    told = figures(text)
    assert told['edge_audio_turns_total{end="interrupted"}'] == 1
    assert told["edge_audio_response_gap_seconds_sum"] == 0.45
    assert told['edge_audio_response_gap_seconds_bucket{le="0.5"}'] == 1
    assert told['edge_audio_response_gap_seconds_bucket{le="0.4"}'] == 0
    assert told['edge_audio_stage_seconds_sum{stage="llm"}'] == 0.25
    assert told['edge_audio_lead_seconds_bucket{le="-0.1"}'] == 1
    assert told['edge_audio_lead_seconds_bucket{le="-0.2"}'] == 0
    assert told["edge_audio_speculations_started_total"] == 2
    assert told['edge_audio_speculations_total{outcome="superseded"}'] == 1
    assert told['edge_audio_speculations_total{outcome="committed"}'] == 1
    assert told["edge_audio_wasted_compute_seconds_total"] == 0.4
    assert told["edge_audio_interruption_seconds_sum"] == 0.12
    assert told["edge_audio_replies_held_and_gone_on_total"] == 1
    assert told["edge_audio_errors_total"] == 1
    assert told["edge_audio_frames_dropped_total"] == 3
    assert "process_cpu_seconds_total" in text


def test_what_was_counted_is_not_counted_again(meter: PrometheusMeter) -> None:
    hold(meter)
    hold(meter)
    told = figures(get(meter.port)[1])
    assert told["edge_audio_frames_dropped_total"] == 3
    assert told['edge_audio_turns_total{end="interrupted"}'] == 2


def test_only_the_loopback_interface_is_listened_to(meter: PrometheusMeter) -> None:
    own = {address[4][0] for address in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in own - {"127.0.0.1"}:
        with (
            pytest.raises(ConnectionRefusedError),
            socket.create_connection((address, meter.port), timeout=1),
        ):
            pass


def test_there_is_nothing_else_to_be_had(meter: PrometheusMeter) -> None:
    assert get(meter.port, "/")[0] == 404


def test_without_the_token_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = PrometheusMeter("127.0.0.1", 0, "secret")
    try:
        for token in (None, "", "Secret", "secretly", "sécret"):
            status, text = get(meter.port, token=token)
            assert status == 401
            assert "edge_audio" not in text
        assert get(meter.port, token="secret")[0] == 200
    finally:
        meter.close()


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port}"):
            open_meters(Metrics(port=port))


def test_after_the_end_the_port_is_free(meter: PrometheusMeter) -> None:
    again = PrometheusMeter("127.0.0.1", 0, None)
    port = again.port
    again.close()
    PrometheusMeter("127.0.0.1", port, None).close()


def test_a_reader_that_says_nothing_holds_up_neither_others_nor_the_end(meter: PrometheusMeter) -> None:
    with socket.create_connection(("127.0.0.1", meter.port)):
        assert get(meter.port)[0] == 200
        meter.close()
