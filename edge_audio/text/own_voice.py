"""The reply itself, heard as its echo."""

from difflib import SequenceMatcher

from edge_audio.text.words import normalised

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
