"""Word errors: how many words a recognizer got wrong."""

import re
from collections.abc import Iterable

_GROUPED = re.compile(r"(?<=\d),(?=\d{3}\b)")
_APOSTROPHE = re.compile(r"['’]")
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Return the words of `text` in small letters, without marks: it's as its, 1,200 as 1200."""
    return _WORD.findall(_APOSTROPHE.sub("", _GROUPED.sub("", text.lower())))


def word_errors(said: str, heard: str) -> int:
    """Return how many words must be inserted, left out or replaced to make what was `heard` of `said`."""
    reference, found = words_of(said), words_of(heard)
    costs = list(range(len(found) + 1))  # to make the first n words of what was heard
    for place, word in enumerate(reference, 1):
        before, costs = costs, [place]
        for other, found_word in enumerate(found, 1):
            replaced = before[other - 1] + (word != found_word)
            costs.append(min(replaced, before[other] + 1, costs[-1] + 1))
    return costs[-1]


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Return the errors in per cent of the words, over all pairs of said and heard; None without words."""
    errors = words = 0
    for said, heard in pairs:
        errors += word_errors(said, heard)
        words += len(words_of(said))
    return 100 * errors / words if words else None
