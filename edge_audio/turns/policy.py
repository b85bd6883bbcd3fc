"""When a pause is the end of a turn: sound, silence and words in one rule."""

import re
from dataclasses import dataclass

_LEFT_OPEN = frozenset(
    """a an the my your his her its our their this that these those some any every each no
    of in on at to for from with by about into than as like between during without
    and or but because so if when while whether although unless until
    is are was were am be been do does did can could will would shall should may might must
    what which who whose where why how i you he she we they
    i'm it's very more most really um uh er hmm""".split()
)
"""Words after which an English speaker has not finished, save for rare exceptions."""

_WORD = re.compile(r"[a-z']+")


def looks_unfinished(text: str) -> bool:
    """Whether the words themselves say that more is to come: they trail off, or end on an open word.

    Punctuation is the recognizer's guess, so only what it writes for an unfinished sentence counts:
    a comma, a dash or dots.
    """
    text = text.strip().lower()
    if not text:
        return False
    if text.endswith((",", "-", "\u2013", "\u2014", "...", "\u2026", ":")):
        return True
    words = _WORD.findall(text)
    return bool(words) and words[-1] in _LEFT_OPEN and not text.endswith(("?", "!"))


@dataclass(frozen=True, slots=True)
class EndOfTurnPolicy:
    """How long a silence must last until the turn counts as over."""

    threshold: float = 0.5
    """Probability of the end-of-turn model from which the turn sounds complete."""
    complete_ms: int = 400
    """Silence that ends a turn which sounds and reads complete."""
    unsure_ms: int = 800
    """Silence that ends a turn where sound and words disagree."""
    incomplete_ms: int = 1600
    """Silence that ends a turn which sounds and reads unfinished."""

    def silence_ms(self, probability: float | None, text: str) -> int:
        """Silence after which the turn is over, in milliseconds since the end of speech.

        `probability` is the end-of-turn model's answer, None while it hasn't given one.
        """
        unfinished = looks_unfinished(text)
        if probability is None:
            return self.incomplete_ms
        sounds_complete = probability >= self.threshold
        if sounds_complete and not unfinished:
            return self.complete_ms
        if sounds_complete or not unfinished:
            return self.unsure_ms
        return self.incomplete_ms
