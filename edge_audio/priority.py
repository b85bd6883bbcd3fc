"""What goes first where several pieces of work wait for one model: levels for `runtime.urgency`."""

from enum import IntEnum


class Priority(IntEnum):
    """From what can wait to what somebody waits for."""

    PREFILL = 0
    """A prompt is read ahead."""
    SPECULATION = 1
    """A reply is made that may not be wanted."""
    PARTIAL = 2
    """The words are recognized while the user speaks on."""
    DETECTION = 3
    """Is somebody speaking."""
    TRANSCRIPT = 4
    """The words are recognized at a pause, and the end of the turn is judged."""
    REPLY = 5
    """A committed reply is made."""
