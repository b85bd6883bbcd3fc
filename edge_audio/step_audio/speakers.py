"""The stored voices that can be spoken with, and the default one."""

from collections.abc import Collection

from edge_audio.step_audio.instruction import HUMMING, RAP
from runtime.errors import UserError

TINGTING = "Tingting"
"""The one voice that the released model knows by name."""


def speakers(names: Collection[str], default: str | None = None) -> tuple[str, ...]:
    """Return those of `names` that can be spoken with, the default one first.

    The default is `default`, else Tingting, else the first voice. Voices that rap or hum for another one are
    left out. Raises `UserError` if there is no voice, or none called `default`.
    """
    special = {name + music for name in names for music in (RAP, HUMMING)}
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
