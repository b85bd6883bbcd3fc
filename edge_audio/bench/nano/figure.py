"""Figures against their bars, as a table and for JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure must reach."""

    limit: float
    at_least: bool = False
    """Whether the figure may not be lower; else it may not be higher."""

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:.4g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that was measured."""

    part: str
    """Of the bench."""
    name: str
    voice: str
    """Whose figure it is; `all` for all voices together."""
    value: float | None
    """None where it couldn't be measured; `note` says why."""
    unit: str = ""
    bar: Bar | None = None
    """None where it is told and not judged."""
    note: str = ""
    """How it came about."""

    @property
    def passed(self) -> bool | None:
        """Whether it reaches its bar; None where it has none or wasn't measured."""
        if self.bar is None or self.value is None:
            return None
        return self.value >= self.bar.limit if self.bar.at_least else self.value <= self.bar.limit

    @property
    def verdict(self) -> str:
        """The same in words; empty without a bar."""
        if self.bar is None:
            return ""
        return {True: "passed", False: "missed", None: "not measured"}[self.passed]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        value = None if self.value is None else round(self.value, 3)
        return asdict(self) | {"value": value, "passed": self.passed}


def table_of(figures: Iterable[Figure]) -> Table:
    """Return all of them, a line each."""
    table = Table("Part", "Voice", "Figure", "", "Bar", "", "", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    for figure in figures:
        value = "-" if figure.value is None else f"{figure.value:.4g}"
        table.add_row(
            figure.part,
            figure.voice,
            figure.name,
            f"{value} {figure.unit}".strip(),
            "" if figure.bar is None else str(figure.bar),
            figure.verdict,
            figure.note,
        )
    return table
