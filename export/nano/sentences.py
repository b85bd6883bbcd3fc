"""The sentences of the data engine: read, cleaned, and split into training and held-out ones."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from runtime.atomic import AtomicFile
from runtime.errors import UserError

MOST_WORDS = 30
"""Longer sentences are left out: one of 30 words takes 10 s."""

_HELD_OUT_PERCENT = 1

_ALLOWED = re.compile(r"[A-Za-z0-9 .,?!;:'\"%$&()/-]+")
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[A-Za-z0-9]")
_PLAIN = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"}
)


def read_sentences(files: Iterable[Path]) -> list[str]:
    """Return the sentences of `files`, which have one a line, each sentence once and in order.

    Sentences with other characters than English text has, without a word, or with more than `MOST_WORDS` are
    left out. Raises `UserError` if a file can't be read, or if no sentence is left.
    """
    found = dict.fromkeys(sentence for file in files for sentence in _clean(_lines(file)))
    if not found:
        raise UserError("There is no sentence to say.", "Give text files with one English sentence a line.")
    return list(found)


def write_sentences(file: Path, sentences: Iterable[str]) -> int:
    """Write the usable `sentences` to `file`, each once, and return how many there are.

    Raises `UserError` if the file can't be written.
    """
    found = dict.fromkeys(_clean(sentences))
    with AtomicFile(file) as output:
        output.write("".join(f"{sentence}\n" for sentence in found).encode())
    return len(found)


def is_held_out(sentence: str) -> bool:
    """Return True if `sentence` is kept out of all training: one in a hundred is, by its words alone."""
    words = " ".join(re.findall(r"[a-z0-9']+", sentence.lower()))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8]) % 100 < _HELD_OUT_PERCENT


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8") as lines:
            yield from lines
    except OSError as error:
        raise UserError(f"{file} can't be read ({error.strerror}).", "Give a text file.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is no text in UTF-8.", "Convert it, or leave it out.") from error


def _clean(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        sentence = _SPACES.sub(" ", line.translate(_PLAIN)).strip()
        if _ALLOWED.fullmatch(sentence) and len(sentence.split()) <= MOST_WORDS and _WORD.search(sentence):
            yield sentence
