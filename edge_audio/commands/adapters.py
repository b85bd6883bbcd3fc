"""`edge-audio adapters`: what a config may name in each of its tables, and where it comes from."""

from collections.abc import Iterator
from itertools import groupby

import msgspec
from rich.console import Console

from edge_audio.plugins import SEAMS, Adapter, installed
from runtime.errors import UserError

SCHEMA_VERSION = 1


class Listed(msgspec.Struct, frozen=True):
    """An adapter that is installed."""

    table: str
    """The table of a config that may name it."""
    name: str
    """Its name for the table's key `adapter`."""
    is_default: bool
    """True if the table means it without such a key."""
    package: str
    version: str
    """The package's version."""
    module: str
    """Where it is defined."""
    summary: str
    """What it is; empty if that is not known."""
    problem: str | None
    """Why it can't be used; None if it can."""


def show_adapters(console: Console, *, as_json: bool) -> None:
    """List every installed adapter; one that can't be used, with its problem."""
    found = list(_listed())
    if as_json:
        tree = {"schema_version": SCHEMA_VERSION, "adapters": found}
        print(msgspec.json.encode(tree).decode())
        return
    for table, adapters in groupby(found, lambda adapter: adapter.table):
        console.print(f"[{table}]", markup=False, highlight=False)
        for adapter in adapters:
            default = ", the default" if adapter.is_default else ""
            origin = f"{adapter.package} {adapter.version}, {adapter.module}"
            for line in (f"  {adapter.name}{default}: {origin}", f"    {adapter.problem or adapter.summary}"):
                console.print(line, markup=False, highlight=False, soft_wrap=True)


def _listed() -> Iterator[Listed]:
    for seam in SEAMS:
        here = installed(seam)
        for adapter in here:
            others = [other.package for other in here if other.name == adapter.name and other != adapter]
            summary, problem = _summary(adapter)
            yield Listed(
                table=seam.table,
                name=adapter.name,
                is_default=adapter.name == seam.default,
                package=adapter.package,
                version=adapter.version,
                module=adapter.entry_point.module,
                summary=summary,
                problem=f"{', '.join(others)} also has one of this name" if others else problem,
            )


def _summary(adapter: Adapter) -> tuple[str, str | None]:
    """Return what it is, and what is wrong with it."""
    try:
        return adapter.summary(), None
    except UserError as error:
        return "", error.cause
