"""Settling: which words of a growing utterance are certain, and where its sound may be cut behind them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge_audio.asr.recognizer import Word
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples

_UNSTABLE_S = 1.0
"""The end of what was heard so far: its words may still change with what follows."""

_REACH = INPUT_RATE_HZ * 12 // 100
"""How far from a word's end a quieter place is looked for: Whisper's word times are off by about this."""

_HOP = INPUT_RATE_HZ // 100

_SENTENCE_ENDS = (".", "?", "!", "\u3002", "\uff1f", "\uff01")


def stable_words(words: Sequence[Word], end_s: float) -> int:
    """Return how many leading words end long enough before `end_s` not to change any more."""
    count = 0
    while count < len(words) and words[count].end_s <= end_s - _UNSTABLE_S:
        count += 1
    return count


def agreed_words(words: Sequence[Word], before: Sequence[Word]) -> int:
    """Return how many leading words two successive transcripts have in common.

    Case and punctuation don't count: they change with what follows.
    """
    count = 0
    for word, other in zip(words, before, strict=False):
        if _plain(word.text) != _plain(other.text):
            break
        count += 1
    return count


def last_sentence(words: Sequence[Word], count: int) -> int:
    """Return how many of the first `count` words make whole sentences; `count` if none ends among them.

    A recognizer goes on best from a sentence's begin.
    """
    for length in range(count, 0, -1):
        if words[length - 1].text.endswith(_SENTENCE_ENDS):
            return length
    return count


def quiet_place(pcm: Samples, end_s: float) -> int:
    """Return the sample near `end_s`, a word's end, where the sound is quietest."""
    around = round(end_s * INPUT_RATE_HZ)
    begin = max(0, around - _REACH)
    near = pcm[begin : around + _REACH]
    hops = len(near) // _HOP
    if hops < 3:
        return min(around, len(pcm))
    power = np.square(near[: hops * _HOP]).reshape(hops, _HOP).mean(axis=1)
    smooth = np.convolve(power, np.ones(3) / 3, mode="valid")
    return begin + (int(smooth.argmin()) + 1) * _HOP + _HOP // 2


def shifted(words: Sequence[Word], by_s: float) -> tuple[Word, ...]:
    """Move words in time by `by_s` seconds."""
    return tuple(replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s) for word in words)


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
