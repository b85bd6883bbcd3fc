"""Hard sentences for a voice: of all lengths, from the words of a corpus, with numerals and abbreviations."""

import random
import re
from collections.abc import Sequence

MOST_WORDS = 60

_EVERY = 4
"""One sentence in so many has a numeral or an abbreviation."""

_NUMERALS = (
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


def hard_sentences(texts: Sequence[str], count: int, seed: int = 0) -> list[str]:
    """Return `count` sentences of 1 to `MOST_WORDS` words, with more short ones than long ones.

    Each is a sequence of passages from `texts`, at least one of which must have a word. The same `seed` gives
    the same sentences.
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


def _sentence(passages: Sequence[list[str]], length: int, rng: random.Random, with_numeral: bool) -> str:
    """Return a sentence of `length` words, or of a numeral alone if that has more."""
    words = rng.choice(_NUMERALS).split() if with_numeral else []
    missing = max(0, length - len(words))
    before = rng.randint(0, missing)
    sequence = [*_sequence(passages, before, rng), *words, *_sequence(passages, missing - before, rng)]
    text = " ".join(sequence)
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _sequence(passages: Sequence[list[str]], length: int, rng: random.Random) -> list[str]:
    words: list[str] = []
    while len(words) < length:
        words += rng.choice(passages)
    return words[:length]
