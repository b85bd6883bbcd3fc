"""The words of a text."""

import re


def normalised(text: str) -> str:
    """Return the words of `text` alone, so that two transcripts of the same sound compare as equal."""
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.casefold().replace("\u2019", "'")))
