"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and how many there are."""


def silent(_what: str, _done: int, _total: int) -> None:
    """A `Progress` for whoever doesn't want to know."""
