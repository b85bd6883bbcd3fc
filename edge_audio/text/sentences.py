"""Where a sentence ends, and replies that end with a whole one."""

import re

from edge_audio.text.language import find_language
from edge_audio.text.script import language_of

SENTENCE_MARKS = ".!?…。！？｡．؟۔।॥။።։"
"""What ends a sentence, in any language."""

QUESTION_MARKS = "?？؟"
"""What ends a question, in any language."""

CLOSERS = "\"'”’»)]}*_`」』）】》〉"
"""What may stand between a sentence's last mark and the space after it."""

_OPENERS = "\"'“‘«([{*_`¿¡"
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+")
_LIST_NUMBER = re.compile(r"(?:^|\n|:\s)\s*\d{1,2}\.$")
_ORDINAL = re.compile(r"(?:^|\s)\d{1,2}\.$")
_GAP = re.compile(r"\s+|(?<=[。！？])(?=[^\s。！？”’」』）])|(?<=[。！？][”’」』）])(?=[^\s”’」』）])")


def ends_sentence(text: str, *languages: str | None) -> bool:
    """Whether a sentence ends where `text` ends, given that white space or nothing follows.

    A full stop after an abbreviation (`Dr.`), initials (`U.S.`, `e.g.`) or the number of a list's entry ends
    none. In doubt the answer is no: an overlong clause disturbs less than a torn name. `languages` are those
    that `text` may be in, the likeliest first; of one without a table no abbreviation is known.
    """
    bare = text.rstrip(CLOSERS)
    if not bare or bare[-1] not in SENTENCE_MARKS:
        return False
    if bare[-1] != ".":
        return True
    word = bare.split()[-1].lstrip(_OPENERS)
    if _INITIALS.fullmatch(word) or _LIST_NUMBER.search(bare):
        return False
    rules = find_language(language_of(text, *languages))
    if rules is None:
        return True
    return word[:-1].lower() not in rules.abbreviations and not (rules.ordinals and _ORDINAL.search(bare))


def asks(text: str, *languages: str | None) -> bool:
    """Whether `text`, in one of `languages` as above, ends in a question."""
    text = text.rstrip()
    if text.endswith(tuple(QUESTION_MARKS)):
        return True
    rules = find_language(language_of(text, *languages))
    return rules is not None and bool(re.search(rules.question_end, rules.plain(text).rstrip(SENTENCE_MARKS)))


class WholeSentences:
    """Lets a reply's first sentence through as it comes, and every later one when it is complete.

    So a reply that is cut at its limit of tokens ends with a whole sentence, if it has one, and the
    first words come as early as without it. The others are no later for the listener: while one is
    written, the one before it is being spoken, and speaking takes longer than writing.
    """

    def __init__(self, *languages: str | None) -> None:
        """Take a reply that may be in one of `languages`, the likeliest first."""
        self._languages = languages
        self._text = ""
        self._passed = 0
        self._whole = 0
        """End of the last whole sentence in `_text`, with the white space that shows its end."""

    def push(self, delta: str) -> str:
        """Take more of the reply; returns what may be passed on now. White space before it is dropped."""
        self._text = self._text + delta if self._passed else (self._text + delta).lstrip()
        for gap in _GAP.finditer(self._text, self._whole):
            if ends_sentence(self._text[self._whole : gap.start()], *self._languages):
                self._whole = gap.end()
        return self._pass_on(self._whole or len(self._text))

    def flush(self, cut_short: bool) -> str:
        """The reply has ended; returns what is left of it, less a torn last sentence if `cut_short`."""
        torn = cut_short and self._whole and not ends_sentence(self._text[self._whole :], *self._languages)
        return self._pass_on(self._whole if torn else len(self._text))

    def _pass_on(self, end: int) -> str:
        start, self._passed = self._passed, max(self._passed, end)
        return self._text[start : self._passed]
