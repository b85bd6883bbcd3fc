"""Metrics are off unless a config asks for them, and what is wrong with a config is told at once."""

import sys
from pathlib import Path

import pytest

from edge_audio.config import Metrics, load_config
from edge_audio.metrics.meters import open_meters
from runtime.errors import UserError


def test_nothing_is_given_out_unless_asked_for() -> None:
    assert load_config().metrics == Metrics()
    assert open_meters(Metrics()) == []


@pytest.mark.parametrize(
    ("metrics", "module", "extra"),
    [
        (Metrics(port=9464), "prometheus_client", "edge-audio[prometheus]"),
        (Metrics(otlp_endpoint="http://127.0.0.1:4318"), "opentelemetry", "edge-audio[opentelemetry]"),
    ],
)
def test_a_library_that_is_missing_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, metrics: Metrics, module: str, extra: str
) -> None:
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError) as told:
        open_meters(metrics)
    assert module in told.value.cause
    assert extra in told.value.remedy


@pytest.mark.parametrize("value", ["", None])
def test_a_token_that_is_not_set_is_told(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("MY_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_TOKEN", value)
    with pytest.raises(UserError, match="MY_TOKEN"):
        open_meters(Metrics(port=9464, token_env="MY_TOKEN"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "my-host"])
def test_what_others_can_reach_needs_a_token(tmp_path: Path, host: str) -> None:
    config = tmp_path / "my.toml"
    config.write_text(f'[tts]\nadapter = "hibari"\n[metrics]\nport = 9464\nhost = "{host}"\n')
    with pytest.raises(UserError, match="token_env"):
        load_config(config)
    config.write_text(config.read_text() + 'token_env = "MY_TOKEN"\n')
    assert load_config(config).metrics.host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_the_loopback_interface_needs_none(host: str) -> None:
    assert Metrics(port=9464, host=host).token_env is None


def test_an_endpoint_that_is_no_address_is_told(tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text('[tts]\nadapter = "hibari"\n[metrics]\notlp_endpoint = "collector:4318"\n')
    with pytest.raises(UserError, match="otlp_endpoint"):
        load_config(config)
