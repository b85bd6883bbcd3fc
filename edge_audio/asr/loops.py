"""The repetition guard: finds transcripts that loop, as Whisper's do when padding is short."""

import re
import zlib

MAX_COMPRESSION_RATIO = 2.4
"""Text that deflates better than this repeats itself; the threshold of OpenAI's Whisper."""

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")

_LONGEST_PHRASE = 24
"""Longest phrase that is looked for, in words: whole sentences repeat, too."""


def repeats(text: str) -> bool:
    """Return True if `text` says the same thing over and over.

    That is: it deflates too well, or somewhere in it a phrase of three words and more comes twice in a row,
    of two words three times, a single word five times. People do say "no, no, no" and "very, very".
    """
    return _first_repeat(text) is not None or _compression_ratio(text) > MAX_COMPRESSION_RATIO


def without_repeats(text: str) -> str:
    """Return `text`, cut where a phrase first repeats."""
    end = _first_repeat(text)
    return text if end is None else text[:end]


def _copies_allowed(phrase_words: int) -> int:
    return {1: 4, 2: 2}.get(phrase_words, 1)


def _first_repeat(text: str) -> int | None:
    """Return the offset after the first copy of the earliest phrase that repeats too often, or None."""
    matches = list(_WORD.finditer(text))
    words = [match.group().lower() for match in matches]
    for start in range(len(words)):
        for size in range(1, min(_LONGEST_PHRASE, (len(words) - start) // 2) + 1):
            phrase = words[start : start + size]
            needed = _copies_allowed(size) + 1
            if words[start : start + size * needed] == phrase * needed:
                last = start + size - 1
                return matches[last + 1].start() if last + 1 < len(matches) else len(text)
    return None


def _compression_ratio(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
