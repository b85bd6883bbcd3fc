"""Announcements: what the assistant says by itself, and not in answer to a turn."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Announcement:
    """A text to be said."""

    text: str
    on_end: Callable[[str], None]
    """Called once, with the part of it that was heard; empty if it was given up before."""
