"""The meters that a config asks for: each hears all that happens and makes figures of it, never words."""

import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from edge_audio.config import Metrics
from edge_audio.events import Event
from runtime.errors import UserError


class Session(Protocol):
    """What meters ask of the conversation: `edge_audio.assistant.Assistant`."""

    @property
    def counters(self) -> Mapping[str, int]:
        """What was counted so far."""
        ...

    def now_s(self) -> float:
        """Session time."""
        ...


class Meter(Protocol):
    """Makes figures of what happens."""

    def measure(self, event: Event, session: Session) -> str | None:
        """Take note of `event`; does not wait. Returns what the user should know, mostly None."""
        ...

    def close(self) -> None:
        """Give out what remains, within a second. Blocks."""
        ...


def open_meters(metrics: Metrics) -> list[Meter]:
    """Return the meters of a config; none where it asks for none.

    Raises `UserError` where a library or the token is missing, or the port is taken.
    """
    meters: list[Meter] = []
    if metrics.port is not None:
        from edge_audio.metrics.prometheus import PrometheusMeter

        meters.append(PrometheusMeter(metrics.host, metrics.port, _token(metrics.token_env)))
    if metrics.otlp_endpoint is not None:
        from edge_audio.metrics.spans import SpanMeter

        meters.append(SpanMeter(metrics.otlp_endpoint))
    return meters


def measure_all(meters: list[Meter], event: Event, session: Session, remark: Callable[[str], None]) -> None:
    """Let all meters take note of `event`; what the user should know goes to `remark`."""
    for meter in meters:
        if (told := meter.measure(event, session)) is not None:
            remark(told)


def optional(module: str, extra: str) -> Any:
    """Import a module that only those have who asked for it. Raises `UserError` naming what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        cause = f"The config asks for metrics that need the package {error.name or module}."
        raise UserError(cause, f"Install it with: pip install 'edge-audio[{extra}]'") from error


def _token(variable: str | None) -> str | None:
    if variable is None:
        return None
    if token := os.environ.get(variable):
        return token
    raise UserError(
        f"The environment variable {variable}, which [metrics] token_env names, is empty or not set.",
        "Set it to the token that readers of the metrics must show.",
    )
