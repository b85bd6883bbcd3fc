"""What happened in a conversation, one JSON object a line.

A line is ``{"at_s": 12.34, "type": "SpeechStarted", "event": {...}}``: the session time at which it was
reported, the name of its type in `edge_audio.events` (or `ByHand`), and its fields.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import msgspec

from edge_audio.events import Event
from runtime.errors import UserError


@dataclass(frozen=True, slots=True)
class ByHand:
    """What the user did by key."""

    what: Literal["mute", "unmute", "press to talk", "let go", "stop", "type"]
    text: str = ""
    """The line that was typed."""


Happening = Event | ByHand
"""All that is kept, besides sound."""

_KINDS: dict[str, type[Happening]] = {kind.__name__: kind for kind in get_args(Happening)}


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event, and when it was reported."""

    at_s: float
    """In session seconds."""
    event: Happening


class _Line(msgspec.Struct, frozen=True):
    at_s: float
    type: str
    event: msgspec.Raw


def to_line(timed: TimedEvent) -> bytes:
    """Return the line, with its line feed."""
    event = msgspec.Raw(msgspec.json.encode(timed.event))
    return msgspec.json.encode(_Line(round(timed.at_s, 4), type(timed.event).__name__, event)) + b"\n"


def read_lines(path: Path) -> list[TimedEvent]:
    """Read what `to_line` wrote, line by line, in order.

    It skips a last line that was cut off, and kinds of events that no longer exist. Raises `UserError` where
    a line is not an event.
    """
    events = []
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}).", "Name a recording's folder.") from None
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            break  # the power failed while it was written
        try:
            read = msgspec.json.decode(line, type=_Line)
            if kind := _KINDS.get(read.type):
                events.append(TimedEvent(read.at_s, msgspec.json.decode(read.event, type=kind)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            cause = f"{path}, line {number}, is not an event of a conversation: {error}."
            raise UserError(cause, "Name a recording that `talk --record` made.") from None
    return events
