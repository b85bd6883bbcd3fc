"""The voices to speak with among those that are kept, and the one to speak with unless another is named."""

from collections.abc import Collection

from edge_audio.step_audio.instruction import HUMMING, RAP
from runtime.errors import UserError

TINGTING = "Tingting"
"""The one voice that the released model knows by name."""


def speakers(names: Collection[str], default: str | None = None) -> tuple[str, ...]:
    """Return those of `names` to speak with, first `default`, or if it is None Tingting or else the first.

    Not those that rap or hum for another one. Raises `UserError` if there is none, or no such one.
    """
    special = {name + how for name in names for how in (RAP, HUMMING)}
    found = [name for name in names if name not in special]
    if not found:
        raise UserError("There is no voice to speak with.", "Add one with `edge-audio voices add`.")
    first = default or (TINGTING if TINGTING in found else found[0])
    if first in special and first in names:
        raise UserError(
            f"{first} is how another voice raps or hums.",
            "Choose that one, and begin a line with (rap) or (humming).",
        )
    if first not in found:
        raise UserError(f"There is no voice called {first}.", f"Choose one of: {', '.join(found)}.")
    return (first, *(name for name in found if name != first))
