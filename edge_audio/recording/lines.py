"""What happened in a conversation, one JSON object a line.

A line is ``{"at_s": 12.34, "type": "SpeechStarted", "event": {...}}``: the session time at which it was told,
the name of its type in `edge_audio.events` (or `ByHand`), and its fields.
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
class Told:
    """Something that happened, and when it was told."""

    at_s: float
    """In session seconds."""
    event: Happening


class _Line(msgspec.Struct, frozen=True):
    at_s: float
    type: str
    event: msgspec.Raw


def to_line(told: Told) -> bytes:
    """Return the line, with its end."""
    event = msgspec.Raw(msgspec.json.encode(told.event))
    return msgspec.json.encode(_Line(round(told.at_s, 4), type(told.event).__name__, event)) + b"\n"


def read_lines(path: Path) -> list[Told]:
    """Read what `to_line` wrote, line by line, in order.

    A last line that was cut off, and kinds of events that there are no longer, are passed over. Raises
    `UserError` where a line is no such thing.
    """
    told = []
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
                told.append(Told(read.at_s, msgspec.json.decode(read.event, type=kind)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            cause = f"{path}, line {number}, is no event of a conversation: {error}."
            raise UserError(cause, "Name a recording that `talk --record` made.") from None
    return told
