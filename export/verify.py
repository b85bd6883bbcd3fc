"""Every component against golden data: what the reference computed, with random weights."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.table import Table

from export.check import Check
from export.features.golden import checks as features
from export.flow.golden import checks as flow
from export.hift.golden import checks as hift
from export.linguistic.golden import checks as linguistic
from export.lm.golden import checks as lm
from export.progress import Progress
from export.semantic.golden import checks as semantic
from export.tokens.golden import checks as tokens
from runtime.errors import UserError

Checks = Callable[[Path, Path], Iterator[Check]]
"""Yields the comparisons of one component, given the golden folder and one to work in, which they share."""


@dataclass(frozen=True, slots=True)
class _Part:
    """The folders of golden data that one component's comparisons read, and what makes them."""

    folders: tuple[str, ...]
    checks: Checks


PARTS: dict[str, _Part] = {
    "tokens": _Part(("interleave",), tokens),
    "features": _Part(("preprocess", "features", "audio"), features),
    "linguistic": _Part(("linguistic", "audio"), linguistic),
    "semantic": _Part(("semantic", "features", "audio"), semantic),
    "lm": _Part(("lm",), lm),
    "flow": _Part(("flow",), flow),
    "hift": _Part(("hift",), hift),
}
"""All comparisons, in the order in which sound and text meet the components."""


def verify(golden: Path, progress: Progress) -> list[Check]:
    """Return the outcome of every comparison with the data in `golden`.

    Raises `UserError` if a folder of it is missing or can't be read.
    """
    absent = {folder for part in PARTS.values() for folder in part.folders if not (golden / folder).is_dir()}
    if absent:
        raise UserError(f"{golden} has no folder {sorted(absent)[0]}.", "Name a folder of golden data.")
    outcome: list[Check] = []
    with TemporaryDirectory(prefix="edge-audio-verify-") as work, _one_thread():
        for done, (name, part) in enumerate(PARTS.items()):
            progress(name, done, len(PARTS))
            try:
                outcome += part.checks(golden, Path(work))
            except (KeyError, OSError) as error:
                raise UserError(
                    f"{golden}: the data of {name} is not whole ({type(error).__name__}: {error}).",
                    "Copy it again.",
                ) from error
    progress("verified", len(PARTS), len(PARTS))
    return outcome


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let PyTorch use one thread: for networks as small as golden ones, several take three times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def table(outcome: list[Check]) -> Table:
    """Return the outcome as a table, a row for each comparison."""
    rows = Table("component", "case", "by", "max abs error", "tolerance", "codes", "")
    for check in outcome:
        codes = f"{check.equal}/{check.total}" if check.total else ""
        verdict = "ok" if check.passed else "[bold red]EXCESS[/]"
        error = f"{check.max_abs_error:.2g}"
        rows.add_row(check.component, check.case, check.by, error, f"{check.tolerance:.2g}", codes, verdict)
    return rows
