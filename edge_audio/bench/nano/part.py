"""A part of the bench: its name, its results, and how it reports its progress."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from edge_audio.bench.nano.metric import Metric

T = TypeVar("T")

ALL_VOICES = "all"
"""The voice of a metric that is of all voices together."""


class Part(StrEnum):
    """The parts, each of which can be measured by itself."""

    RESYNTHESIS = "resynthesis"
    """Speech to codes and back: the word error rate."""
    SPEECH = "speech"
    """Text to speech: the word error rate, and the error of the duration."""
    STEADINESS = "steadiness"
    """Robustness on sentences of all lengths: runaways, and speech that is cut off."""
    EFFORT = "effort"
    """Speed and memory: latency of the first audio, real-time factor, resident memory."""
    TAGS = "tags"
    """Control by tags: correlation of speed and pitch with what tags ask for."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of a part."""

    metrics: list[Metric]
    rows: list[dict[str, Any]]
    """What the metrics were computed from, for JSON."""


class Track(Protocol):
    """Shows the progress of some work."""

    def __call__(self, work: str, items: Sequence[T]) -> Iterable[T]:
        """Yield `items`; each counts as done when the next one is asked for."""
        ...
