"""From a stream of text to clauses that a voice can speak, the first one as early as it makes sense."""

import re
from dataclasses import dataclass

from edge_audio.text.sentences import CLOSERS, ends_sentence

CLAUSE_MARKS = ",;:—–，；：、"
"""Marks inside a sentence at which a speaker may take breath."""

OPENING_WORDS = frozenset(
    "after although and as at because before but by during for from if in into of on or over since than "
    "though through to under until when where which while who with without".split()
)
"""Words that begin a part of a sentence: where no mark is near, the cut goes before one of these."""

# White space, or the empty place behind a full-width mark, which no space follows.
_PLACE = re.compile(
    r"\s+|(?<=[。！？，；：、])(?=[^\s。！？，；：、”’」』）])|(?<=[。！？][”’」』）])(?=[^\s”’」』）])"
)
_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WIDE_PER_WORD = 2  # characters of Chinese or Japanese that make about one word


@dataclass(frozen=True, slots=True)
class Clause:
    """The unit that a voice speaks: a short sentence or a part of one."""

    text: str
    """The words to say, as they stand in the reply's text."""
    text_start: int
    """Offset of the first character in the reply's text."""


@dataclass(frozen=True, slots=True)
class ClauseLength:
    """How long a clause should be."""

    min_chars: int
    """A comma, colon or dash closes it from this many characters on; the end of a sentence always does."""
    words: int
    """From this many words on it is closed before a word of `OPENING_WORDS`."""
    most_words: int
    """At this many it is closed anywhere."""


FIRST = ClauseLength(min_chars=10, words=5, most_words=16)
"""A reply's first clause: short, as everything waits for it. Ten characters are about 0.6 s of speech."""

LATER = ClauseLength(min_chars=50, words=24, most_words=48)
"""All others: while one is spoken there is time for the next, and longer ones sound better."""


class ClauseSplitter:
    """Cuts a reply's text, as it comes in, into clauses.

    Where the cuts lie depends on the text alone, never on the pieces in which it came. Nothing but
    white space is lost between clauses, and their offsets count the characters of the whole reply.
    Cuts lie at white space or behind full-width marks, so words, numbers and addresses stay whole.
    """

    def __init__(self, first: ClauseLength = FIRST, later: ClauseLength = LATER) -> None:
        self._length = first
        self._later = later
        self._text = ""
        """What is not given out yet, and, within `push`, what is being given out."""
        self._offset = 0
        """Where `_text` begins in the reply."""
        self._begin = 0
        """Where the clause in the making begins in `_text`."""
        self._decided = 0
        """All places before this index in `_text` have been judged."""

    def push(self, delta: str) -> list[Clause]:
        """Take the next piece of text; returns the clauses that it completes, mostly none."""
        self._text += delta
        clauses: list[Clause] = []
        for place in _PLACE.finditer(self._text, self._decided):
            closes = self._closes(place)
            if closes is None:
                break
            self._decided = place.end()
            if closes:
                clauses += self._take(place.start())
        self._text = self._text[self._begin :]
        self._offset += self._begin
        self._decided = max(0, self._decided - self._begin)
        self._begin = 0
        return clauses

    def flush(self) -> list[Clause]:
        """The text has ended; returns what is left as one clause, or none."""
        return self._take(len(self._text))

    def _take(self, end: int) -> list[Clause]:
        head = self._text[self._begin : end]
        start = self._offset + self._begin + len(head) - len(head.lstrip())
        self._begin = end
        if not (text := head.strip()):
            return []
        self._length = self._later
        return [Clause(text, start)]

    def _closes(self, place: re.Match[str]) -> bool | None:
        """Whether the clause ends at `place`; None while that depends on what comes next."""
        text = self._text
        head = text[self._begin : place.start()].lstrip()
        if ends_sentence(head):
            return True
        if place.end() == len(text):
            return None
        if not head:
            return False
        if "\n" in place.group():
            return True
        if len(head) >= self._length.min_chars and head.rstrip(CLOSERS).endswith(tuple(CLAUSE_MARKS)):
            return True
        words = _WORD.findall(head)
        count = len(words) + len(_WIDE.findall(head)) // _WIDE_PER_WORD
        if count < self._length.words:
            return False
        if count >= self._length.most_words:
            return True
        following = _TOKEN.match(text, place.end())
        if following is None or following.end() == len(text):
            return None  # "on" may become "only"
        opens = following.group().rstrip(CLAUSE_MARKS).lower() in OPENING_WORDS
        return opens and words[-1].lower() not in OPENING_WORDS  # never inside "because of"
