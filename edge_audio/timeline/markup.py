"""Markup (SVG, HTML) put together safely: text and attributes are escaped where they come in."""

import re
from typing import NewType
from xml.sax.saxutils import escape, quoteattr

Markup = NewType("Markup", str)
"""A piece of markup that is well-formed by itself."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold, not even escaped."""


def text(characters: str) -> Markup:
    """Return `characters` escaped, so that they are read as they are."""
    return Markup(escape(_FORBIDDEN.sub(" ", characters)))


def tag(name: str, *content: Markup, **attributes: str | float | None) -> Markup:
    """Return an element; ``class_`` and ``stroke_width`` stand for ``class`` and ``stroke-width``.

    Attributes that are None are left out; numbers are written with two decimals at most.
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_FORBIDDEN.sub(' ', _value(value)))}"
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{''.join(content)}</{name}>" if content else f"<{name}{written}/>")


def joined(pieces: list[Markup]) -> Markup:
    """Return the pieces in order, a line each."""
    return Markup("\n".join(pieces))


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else number(value)


def number(value: float) -> str:
    """Return a coordinate, no longer than it need be."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
