"""A part of the bench: its name, what it brings, and how it tells how far it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from edge_audio.bench.nano.figure import Figure

T = TypeVar("T")

ALL_VOICES = "all"
"""Whose figure it is that is of all voices together."""


class Part(StrEnum):
    """Each can be measured by itself."""

    RESYNTHESIS = "resynthesis"
    """Speech to codes and back: is it still understood?"""
    SPEECH = "speech"
    """Text to speech: is it understood, and as long as a person's?"""
    STEADINESS = "steadiness"
    """Sentences of all lengths: does it ever run on or stop early?"""
    EFFORT = "effort"
    """How fast it speaks, and in how much memory."""
    TAGS = "tags"
    """Does it do what speed and pitch tags want?"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a part brought."""

    figures: list[Figure]
    rows: list[dict[str, Any]]
    """What the figures were made of, for JSON."""


class Track(Protocol):
    """Shows how far a work is."""

    def __call__(self, work: str, items: Sequence[T]) -> Iterable[T]:
        """Yield `items`; each is done when the next one is asked for."""
        ...
