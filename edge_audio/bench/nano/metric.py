"""Metrics and the bars that they must reach, as a table and for JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Bar:
    """What a metric must reach."""

    limit: float
    at_least: bool = False
    """True if lower values fail, False if higher ones do."""

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:.4g}"


@dataclass(frozen=True, slots=True)
class Metric:
    """A measured value."""

    part: str
    """The part of the bench that measured it."""
    name: str
    voice: str
    """The voice that was measured; `all` for all voices together."""
    value: float | None
    """None if it couldn't be measured; `note` says why."""
    unit: str = ""
    bar: Bar | None = None
    """None if it is reported only."""
    note: str = ""
    """Details on how it was measured."""

    @property
    def passed(self) -> bool | None:
        """True if it reaches its bar; None if it has none or wasn't measured."""
        if self.bar is None or self.value is None:
            return None
        return self.value >= self.bar.limit if self.bar.at_least else self.value <= self.bar.limit

    @property
    def verdict(self) -> str:
        """`passed` in words; empty without a bar."""
        if self.bar is None:
            return ""
        return {True: "passed", False: "missed", None: "not measured"}[self.passed]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        value = None if self.value is None else round(self.value, 3)
        return asdict(self) | {"value": value, "passed": self.passed}


def table_of(metrics: Iterable[Metric]) -> Table:
    """Return `metrics` as a table, one a line."""
    table = Table("Part", "Voice", "Metric", "", "Bar", "", "", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    for metric in metrics:
        value = "-" if metric.value is None else f"{metric.value:.4g}"
        table.add_row(
            metric.part,
            metric.voice,
            metric.name,
            f"{value} {metric.unit}".strip(),
            "" if metric.bar is None else str(metric.bar),
            metric.verdict,
            metric.note,
        )
    return table
