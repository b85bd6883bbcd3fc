"""What is heard over a reply and only says that somebody listens."""

import re

_WORDS = frozenset(
    "mm mmm mhm hmm hm uh huh um ah oh yeah yep yes yup ok okay right sure wow aha hum mhmm".split()
)

_WORD = re.compile(r"[a-z']+")


def is_backchannel(text: str) -> bool:
    """Whether `text` only says "I am listening" ("Mm-hmm.", "Yeah, okay.", "I see."), or says no word."""
    words = _WORD.findall(text.lower())
    # "I" is the beginning of "I see": nobody asks for the floor with it alone.
    return words in (["i"], ["i", "see"]) or all(word in _WORDS for word in words)
