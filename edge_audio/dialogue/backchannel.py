"""What is heard over a reply and wants no answer: backchannels, and the reply itself."""

import re
from difflib import SequenceMatcher

from edge_audio.turns.words import normalised

_WORDS = frozenset(
    "mm mmm mhm hmm hm uh huh um ah oh yeah yep yes yup ok okay right sure wow aha hum mhmm".split()
)

_WORD = re.compile(r"[a-z']+")


def is_backchannel(text: str) -> bool:
    """Whether `text` only says "I am listening" ("Mm-hmm.", "Yeah, okay.", "I see."), or says no word."""
    words = _WORD.findall(text.lower())
    # "I" is the beginning of "I see": nobody asks for the floor with it alone.
    return words in (["i"], ["i", "see"]) or all(word in _WORDS for word in words)


_ECHO_WORDS = 2
"""A single word of the reply may be the user's as well."""

_ALIKE = 0.75
"""A recognizer mishears an echo more than it does speech."""


def is_own_voice(text: str, said: str, *, partial: bool = False) -> bool:
    """Whether `text`, heard over a reply, is an echo of `said`, what the reply said lately.

    One that is `partial` may become an echo that its first word doesn't make yet.
    """
    heard, own = normalised(text).split(), normalised(said).split()
    if len(heard) < _ECHO_WORDS:
        return partial and set(heard) <= set(own)
    alike = SequenceMatcher(None, heard, own, autojunk=False).get_matching_blocks()
    in_a_row = max(block.size for block in alike)
    return in_a_row >= _ECHO_WORDS and sum(block.size for block in alike) >= _ALIKE * len(heard)
