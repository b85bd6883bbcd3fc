"""Settling: which words of a growing utterance are certain, and where its sound may be cut after them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_audio.asr.recognizer import Word
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples

_UNSTABLE_S = 1.0
"""Length of the end of what was heard so far: its words may still change with what follows."""

_REACH = INPUT_RATE_HZ * 12 // 100
"""How far from a word's end a quieter place is looked for: Whisper's word times are off by about this."""

_HOP = INPUT_RATE_HZ // 100


_CARRIED_WORDS = 3
"""Settled words whose sound is kept. The recognizer gets them as a prefix: given only the rest of a sentence,
it stumbles over the first words."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an utterance stands: what is settled, and the sound from which it goes on.

    Words keep their leading spaces; their times count from the utterance's start.
    """

    settled: tuple[Word, ...] = ()
    """Words that won't change any more."""
    start: int = 0
    """First sample of the utterance that is still needed."""
    carried: int = 0
    """How many of the last settled words lie after `start`."""
    open: tuple[Word, ...] = ()
    """The words after the settled ones; empty if their times were not computed."""
    open_text: str = ""
    """The text after the settled words."""
    language: str | None = None
    """ISO 639-1 code; None before anything was heard."""

    @property
    def text(self) -> str:
        """Return the whole text so far."""
        return "".join(word.text for word in self.settled) + self.open_text

    @property
    def prefix(self) -> str:
        """Return the text of the carried words."""
        return "".join(word.text for word in self.settled[len(self.settled) - self.carried :])

    def settle(self, count: int, pcm: Samples) -> "Progress":
        """Settle the first `count` open words; `pcm` is the sound from `start` on."""
        settled = self.settled + self.open[:count]
        carried, start = self.carried + count, self.start
        if carried > _CARRIED_WORDS:
            carried = _CARRIED_WORDS
            start += quiet_place(pcm, settled[-carried].start_s - start / INPUT_RATE_HZ)
        return replace(
            self,
            settled=settled,
            start=start,
            carried=carried,
            open=self.open[count:],
            open_text="".join(word.text for word in self.open[count:]),
        )

    def settle_all(self, pcm: Samples) -> "Progress":
        """Settle all of `pcm`, the sound from `start` on, without knowing which word is where."""
        start_s, end = self.start / INPUT_RATE_HZ, self.start + len(pcm)
        if self.open_text:
            said = (Word(self.open_text, start_s, end / INPUT_RATE_HZ),)
            return replace(self, settled=self.settled + said, start=end, carried=0, open=(), open_text="")
        return replace(self, start=end - round(_UNSTABLE_S * INPUT_RATE_HZ), carried=0, open=())


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


def quiet_place(pcm: Samples, at_s: float) -> int:
    """Return the sample near `at_s`, where a word begins or ends, at which the sound is quietest."""
    around = round(at_s * INPUT_RATE_HZ)
    begin = max(0, around - _REACH)
    near = pcm[begin : around + _REACH]
    hops = len(near) // _HOP
    if hops < 3:
        return min(around, len(pcm))
    power = np.square(near[: hops * _HOP]).reshape(hops, _HOP).mean(axis=1)
    smooth = np.convolve(power, np.ones(3) / 3, mode="valid")
    return begin + (int(smooth.argmin()) + 1) * _HOP + _HOP // 2


def shifted(words: Sequence[Word], by_s: float) -> tuple[Word, ...]:
    """Return the words moved in time by `by_s` seconds."""
    return tuple(replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s) for word in words)


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
