"""The meters that a config asks for: each gets every event and makes figures of it, never words."""

import os
from collections.abc import Callable

from edge_audio.config import Metrics
from edge_audio.events import Event
from edge_audio.metrics.meter import Meter, MeteredConversation
from runtime.errors import UserError


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


def measure_all(
    meters: list[Meter], event: Event, session: MeteredConversation, remark: Callable[[str], None]
) -> None:
    """Pass `event` to all meters; call `remark` with what the user should know."""
    for meter in meters:
        if (text := meter.measure(event, session)) is not None:
            remark(text)


def _token(variable: str | None) -> str | None:
    if variable is None:
        return None
    if token := os.environ.get(variable):
        return token
    raise UserError(
        f"The environment variable {variable}, which [metrics] token_env names, is empty or not set.",
        "Set it to the token that readers of the metrics must show.",
    )
