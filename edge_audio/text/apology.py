"""What is said in place of a reply that failed."""

from edge_audio.text.language import find_language

_OF_ALL = "en"
"""Where no language is known that the user speaks: to hear something is better than silence."""


def apology(*languages: str | None) -> str:
    """Return the apology in the first of `languages` that has a table, or in English."""
    known = filter(None, map(find_language, (*languages, _OF_ALL)))
    return next(known).apology
