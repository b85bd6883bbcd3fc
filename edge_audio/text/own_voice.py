"""The reply itself, heard as its echo."""

from difflib import SequenceMatcher

from edge_audio.text.words import normalised, pure_word_count

_ECHO_WORDS = 2
"""A single word of the reply may be the user's as well."""

_ALIKE = 0.75
"""A recognizer mishears an echo more than it does speech."""


def is_own_voice(text: str, said: str, *, partial: bool = False) -> bool:
    """Whether `text`, heard over a reply, is an echo of `said`, what the reply said lately.

    One that is `partial` may become an echo that its first word doesn't make yet. Where no blanks separate
    words, two signs are compared in place of one word. It is the same in every language.
    """
    heard, own = normalised(text).split(), normalised(said).split()
    alike = SequenceMatcher(None, heard, own, autojunk=False).get_matching_blocks()
    longest = max(alike, key=lambda block: block.size)
    if pure_word_count(" ".join(heard)) < _ECHO_WORDS:
        return partial and longest.size == len(heard)
    in_a_row = pure_word_count(" ".join(heard[longest.a : longest.a + longest.size]))
    return in_a_row >= _ECHO_WORDS and sum(block.size for block in alike) >= _ALIKE * len(heard)
