"""Which words of a reply were heard, estimated from how many of its samples were played."""

from dataclasses import dataclass

from edge_audio.text.words import word_spans


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a piece of text lies in the reply's sound."""

    sample_end: int
    text_start: int
    text_end: int


class SpokenText:
    """The reply's text laid along its samples, in the order in which they are spoken."""

    def __init__(self) -> None:
        self._spans: list[_Span] = []

    @property
    def samples(self) -> int:
        """Length of the sound so far."""
        return self._spans[-1].sample_end if self._spans else 0

    def append(self, samples: int, text_start: int, text_end: int) -> None:
        """Add a piece of sound that says the reply's text from `text_start` to `text_end`."""
        self._spans.append(_Span(self.samples + samples, text_start, text_end))

    def heard(self, text: str, played: int) -> str:
        """Return the part of `text` that was said in the first `played` samples, in whole words.

        Inside a piece the words are taken to be evenly spread, and rounded down: a word counts as
        heard only when all of it was. Where no blanks separate words, that is so of each sign.
        """
        sample_start = text_end = 0
        for span in self._spans:
            if played <= sample_start:
                return text[:text_end].rstrip()
            if played < span.sample_end:
                share = (played - sample_start) / (span.sample_end - sample_start)
                reach = span.text_start + share * (span.text_end - span.text_start)
                return _whole_words(text, reach)
            sample_start, text_end = span.sample_end, span.text_end
        return text[:text_end].rstrip()

    def word_start(self, text: str, played: int) -> int:
        """Return where the word begins that the sample `played` lies in; `played` between words."""
        sample_start = 0
        for span in self._spans:
            if played < span.sample_end:
                share = (played - sample_start) / (span.sample_end - sample_start)
                reach = span.text_start + share * (span.text_end - span.text_start)
                for start, end in word_spans(text):
                    if start < reach < end:
                        return self._sample_of(start)
                return played
            sample_start = span.sample_end
        return played

    def _sample_of(self, place: int) -> int:
        """Return at which sample the character at `place` begins."""
        sample_start = 0
        for span in self._spans:
            if place < span.text_end and span.text_start < span.text_end:
                share = max(0, place - span.text_start) / (span.text_end - span.text_start)
                return sample_start + int(share * (span.sample_end - sample_start))
            sample_start = span.sample_end
        return sample_start


def _whole_words(text: str, reach: float) -> str:
    heard = 0
    for _, end in word_spans(text):
        if end > reach:
            break
        heard = end
    return text[:heard]
