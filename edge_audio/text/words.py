"""The words of a text, counted alike in scripts with blanks between them and in those without."""

import re
from collections.abc import Iterator

CJK = (
    "\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003fffd"
)
"""The signs of Chinese and Japanese, as the inside of a character class."""

_SOUTHEAST = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf"
    "\u1000-\u102a\u103f\u1050-\u1055\u1780-\u17b3\u17d7\u17dc"
)
"""Thai, Lao, Burmese and Khmer letters: these are written without blanks, too."""

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963\u0971-\u09e5\u09f0-\u0a65\u0a70-\u0ae5"
    "\u0af0-\u0b65\u0b70-\u0be5\u0bf0-\u0c65\u0c70-\u0ce5\u0cf0-\u0d65\u0d70-\u0de5\u0df2\u0df3\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u17b4-\u17d3\u17dd"
)
"""Vowel signs and accents that belong to the letter before them, and the Indic letters among them."""

_SIGN = rf"(?:[{CJK}]|[\u0e40-\u0e44\u0ec0-\u0ec4]?[{_SOUTHEAST}])[{_MARKS}]*"
_LETTER = rf"(?:(?![{CJK}{_SOUTHEAST}])[^\W_]|[{_MARKS}])"
_BEFORE = "“‘«([{「『（《〈【"

WORD = re.compile(rf"{_SIGN}|{_LETTER}+(?:['\u2019]{_LETTER}+)*")
"""A word without its marks, or a sign where no blanks separate words."""

_SIGNS = re.compile(_SIGN)
_TOKEN = re.compile(
    rf"(?P<sign>[{_BEFORE}]*{_SIGN}(?:(?![{_BEFORE}])[^\w\s])*)|(?:(?![{CJK}{_SOUTHEAST}])\S)+"
)
_CLOSE = re.compile(rf"[{CJK}\u3000-\u303f\uff01-\uff65]")

_PER_WORD = 2
"""Signs that make about one word."""

_LETTERS_PER_SIGN = 3
"""Letters that take as long to say as one sign: 4 to 5 characters of Chinese are said in a second, 7 kana of
Japanese, 15 letters of English."""


def normalised(text: str) -> str:
    """Return the words of `text` alone, so that two transcripts of the same sound compare as equal.

    There is a blank between any two, also between signs.
    """
    return " ".join(WORD.findall(text.casefold().replace("\u2019", "'")))


def word_count(text: str) -> int:
    """Return how many words `text` has: what blanks separate, and where there are none two signs each."""
    tokens = list(_TOKEN.finditer(text))
    return _counted(len(tokens), sum(token["sign"] is not None for token in tokens))


def pure_word_count(text: str) -> int:
    """Return how many words `text` has where what marks and hyphens separate counts apart."""
    words = WORD.findall(text)
    return _counted(len(words), sum(_SIGNS.fullmatch(word) is not None for word in words))


def _counted(tokens: int, signs: int) -> int:
    return tokens - signs + signs // _PER_WORD


def word_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each word of `text` with its marks, or of each sign."""
    return (token.span() for token in _TOKEN.finditer(text))


def first_words(text: str, count: int) -> str:
    """Return the beginning of `text` with `count` words in it."""
    end, left = 0, count * _PER_WORD
    for token in _TOKEN.finditer(text):
        if left <= 0:
            break
        end = token.end()
        left -= 1 if token["sign"] is not None else _PER_WORD
    return text[:end]


def last_words(text: str, count: int) -> str:
    """Return the end of `text` with `count` words in it."""
    start, left = len(text), count * _PER_WORD
    for token in reversed(list(_TOKEN.finditer(text))):
        if left <= 0:
            break
        start = token.start()
        left -= 1 if token["sign"] is not None else _PER_WORD
    return text[start:]


def spoken_letters(text: str) -> int:
    """Return how many letters of English take as long to say as `text`; its characters, if it is English."""
    return len(text) + (_LETTERS_PER_SIGN - 1) * len(_SIGNS.findall(text))


def joined(text: str, more: str) -> str:
    """Return `text` with `more` after it, a blank between them where their script has any."""
    seam = text[-1:] + more[:1]
    return f"{text}{more}" if not text or not more or _CLOSE.search(seam) else f"{text} {more}"
