"""How long work reports its progress."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and how many steps it has."""


def silent(_what: str, _done: int, _total: int) -> None:
    """A `Progress` that shows nothing."""


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Give a `Progress` that shows a bar for each piece of work, on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        task: TaskID | None = None

        def show(what: str, done: int, total: int) -> None:
            nonlocal task
            if task is None:
                task = bars.add_task(what)
            bars.update(task, description=what, completed=done, total=total)
            if done == total:
                task = None

        yield show
