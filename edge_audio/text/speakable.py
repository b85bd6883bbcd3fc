"""Written text to text that can be spoken: without markup, emoji and other marks that have no sound."""

import re
import unicodedata

from edge_audio.text.language import find_language
from edge_audio.text.script import language_of

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_SCHEME = re.compile(r"\bhttps?://(?:www\.)?")
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}|[-*+•>])(?=\s)", re.MULTILINE)
_TIMES = re.compile(r"(?<=\d)\s*\*\s*(?=\d)")
_EMPHASIS = re.compile(r"\*+|`+|~~+|(?<![^\W_])_+|_+(?![^\W_])")
_SMILEY = re.compile(r"(?<!\S)[:;]-?[()DP](?!\S)")
_BEFORE_MARK = re.compile(r" (?=[,.;:!?…])")
_SOUNDLESS = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Sk", "So"})
_VARIANTS = range(0xFE00, 0xFE10)  # they choose how the character before is drawn
_LAST_LATIN = "\u00ff"  # up to here are the signs that have a name: degree, copyright


_TIMES_SIGN = "×"
"""Stands between factors where no table says how it is read."""


def speakable(text: str, language: str | None) -> str:
    """Return what of `text`, in `language`, is to be said, on one line; empty if that is nothing.

    Markdown, tags and the scheme of addresses go, their words stay; so go emoji and control characters.
    """
    text = _TAG.sub(" ", _LINK.sub(r"\1", text))
    text = _LINE_MARK.sub("", _SCHEME.sub("", text))
    rules = find_language(language_of(text, language))
    text = _TIMES.sub(f" {_TIMES_SIGN if rules is None else rules.times} ", text)
    text = _SMILEY.sub("", _EMPHASIS.sub("", text))
    text = "".join(c if _sounds(c) else " " for c in text.replace("_", " "))
    text = _BEFORE_MARK.sub("", " ".join(text.split()))
    return text if any(c.isalnum() for c in text) else ""


def _sounds(char: str) -> bool:
    if char <= _LAST_LATIN:
        return char.isprintable()
    return unicodedata.category(char) not in _SOUNDLESS and ord(char) not in _VARIANTS
