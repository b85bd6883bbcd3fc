"""The meter seam: what makes figures of events, and what it asks of the conversation."""

import importlib
from collections.abc import Mapping
from typing import Any, Protocol

from edge_audio.events import Event
from runtime.errors import UserError


class MeteredConversation(Protocol):
    """What meters ask of the conversation: `edge_audio.assistant.Assistant`."""

    @property
    def counters(self) -> Mapping[str, int]:
        """Return what was counted so far."""
        ...

    def now_s(self) -> float:
        """Return session time."""
        ...


class Meter(Protocol):
    """Makes figures of events."""

    def measure(self, event: Event, session: MeteredConversation) -> str | None:
        """Take note of `event`; does not wait. Returns what the user should know, mostly None."""
        ...

    def close(self) -> None:
        """Send what remains, within a second. Blocks."""
        ...


def optional(module: str, extra: str) -> Any:
    """Import a module that an optional extra installs. Raises `UserError` naming what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        cause = f"The config asks for metrics that need the package {error.name or module}."
        raise UserError(cause, f"Install it with: pip install 'edge-audio[{extra}]'") from error
