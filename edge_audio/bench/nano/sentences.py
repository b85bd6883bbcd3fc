"""Sentences of all lengths to make a voice stumble, of what a corpus says, with figures and abbreviations."""

import random
import re
from collections.abc import Sequence

MOST_WORDS = 60

_EVERY = 4
"""One sentence in so many has a figure or an abbreviation."""

_FIGURES = (
    "Dr. Green",
    "Mrs. Wood",
    "Main St.",
    "3:45 p.m.",
    "$12.50",
    "42%",
    "1984",
    "2,500",
    "7th",
    "6 vs. 9",
    "No. 8",
    "0",
    "Prof. Hill",
    "100 dollars",
)

_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")


def stumbling_blocks(texts: Sequence[str], count: int, seed: int = 0) -> list[str]:
    """Return `count` sentences of 1 to `MOST_WORDS` words, short ones more often; the same for one `seed`.

    Each is a row of passages from `texts`, of which at least one must have a word.
    """
    rng = random.Random(seed)
    passages = [words for text in texts if (words := _WORD.findall(text))]
    steps = max(1, count - 1)
    lengths = [round(MOST_WORDS ** (place / steps)) for place in range(count)]
    sentences = [
        _sentence(passages, length, rng, place % _EVERY == 0) for place, length in enumerate(lengths)
    ]
    rng.shuffle(sentences)
    return sentences


def _sentence(passages: Sequence[list[str]], length: int, rng: random.Random, with_figure: bool) -> str:
    """Return a sentence of `length` words, or of a figure alone if that has more."""
    words = rng.choice(_FIGURES).split() if with_figure else []
    missing = max(0, length - len(words))
    before = rng.randint(0, missing)
    row = [*_row(passages, before, rng), *words, *_row(passages, missing - before, rng)]
    text = " ".join(row)
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _row(passages: Sequence[list[str]], length: int, rng: random.Random) -> list[str]:
    words: list[str] = []
    while len(words) < length:
        words += rng.choice(passages)
    return words[:length]
