"""From a stream of text to clauses that a voice can speak, the first one as early as it makes sense."""

import re
from dataclasses import dataclass

from edge_audio.text.language import Language, find_language
from edge_audio.text.script import language_of
from edge_audio.text.sentences import CLOSERS, ends_sentence
from edge_audio.text.words import CJK, WORD, pure_word_count, spoken_letters

CLAUSE_MARKS = ",;:—–，；：、،؛，､"
"""Marks inside a sentence, in any language, at which a speaker may take breath."""

_PLACE = re.compile(
    r"\s+"
    # Full-width marks, and narrow ones between signs: no space follows them.
    r"|(?<=[。！？，；：、])(?=[^\s。！？，；：、”’」』）])|(?<=[。！？][”’」』）])(?=[^\s”’」』）])"
    rf"|(?<=[{CJK}][,;:.!?])(?=[{CJK}])"
    # Between two signs, where a word may begin.
    rf"|(?<=[{CJK}])(?=[{CJK}])"
)
_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Clause:
    """The unit that a voice speaks: a short sentence or a part of one."""

    text: str
    """The words to say, as they stand in the reply's text."""
    text_start: int
    """Offset of the first character in the reply's text."""
    language: str | None = None
    """ISO 639-1 code of the language that it is in; None where that isn't known."""


@dataclass(frozen=True, slots=True)
class ClauseLength:
    """How long a clause should be."""

    min_letters: int
    """A comma, colon or dash closes it from this many letters on; the end of a sentence always does. Where
    each sign says more than a letter does it counts as several, see `spoken_letters`."""
    words: int
    """From this many words on it is closed before a word of `Language.openers`."""
    most_words: int
    """At this many it is closed anywhere."""


FIRST = ClauseLength(min_letters=10, words=5, most_words=16)
"""A reply's first clause: short, as everything waits for it. Ten letters are about 0.6 s of speech."""

LATER = ClauseLength(min_letters=50, words=24, most_words=48)
"""All others: while one is spoken there is time for the next, and longer ones sound better."""


class ClauseSplitter:
    """Cuts a reply's text, as it comes in, into clauses.

    Where the cuts lie depends on the text alone, never on the pieces in which it came. Nothing but
    white space is lost between clauses, and their offsets count the characters of the whole reply.
    Cuts lie at white space or between signs that no white space separates, so words of letters, numbers and
    addresses stay whole. Of a language that has no table nothing is known but the marks and the length.
    """

    def __init__(
        self, *languages: str | None, first: ClauseLength = FIRST, later: ClauseLength = LATER
    ) -> None:
        """Take text that may be in one of `languages`, the likeliest first, see `language_of`."""
        self._languages = languages
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
        return [Clause(text, start, language_of(text, *self._languages))]

    def _closes(self, place: re.Match[str]) -> bool | None:
        """Whether the clause ends at `place`; None while that depends on what comes next."""
        head = self._text[self._begin : place.start()].lstrip()
        if ends_sentence(head, *self._languages):
            return True
        if place.end() == len(self._text):
            return None
        if not head:
            return False
        if "\n" in place.group():
            return True
        if head.rstrip(CLOSERS).endswith(tuple(CLAUSE_MARKS)) and (
            spoken_letters(head) >= self._length.min_letters
        ):
            return True
        count = pure_word_count(head)
        if count < self._length.words:
            return False
        if count >= self._length.most_words:
            return True
        rules = find_language(language_of(head, *self._languages))
        return False if rules is None else _opens_a_part(head, self._text[place.end() :], rules)


def _opens_a_part(head: str, rest: str, rules: Language) -> bool | None:
    """Whether `rest`, which follows on `head`, begins with a word that opens a part of the sentence.

    None while too little of it is there to know. There is no cut inside "because of".
    """
    head, rest = rules.plain(head), rules.plain(rest)
    if not rules.blanks:
        opens = any(map(rest.startswith, rules.openers))
        if not opens and any(opener.startswith(rest) for opener in rules.openers):
            return None
        return opens and not head.endswith(tuple(rules.openers))
    following = _TOKEN.match(rest)
    if following is None or following.end() == len(rest):
        return None  # "on" may become "only"
    word = following.group().rstrip(CLAUSE_MARKS)
    elided = word[: word.find("'") + 1]  # qu'il, d'une
    return not rules.openers.isdisjoint((word, elided)) and WORD.findall(head)[-1] not in rules.openers
