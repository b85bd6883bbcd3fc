"""Where a sentence ends, and replies that end with a whole one."""

import re

CLOSERS = "\"'”’»)]}*_`」』）"
"""What may stand between a sentence's last mark and the space behind it."""

ABBREVIATIONS = frozenset(
    "approx ave capt co corp dept dr etc gen inc jr lt ltd mr mrs ms mt nr prof rev sgt sr st vol vs".split()
)
"""Words that a full stop shortens; the stop behind them ends no sentence."""

_OPENERS = "\"'“‘«([{*_`"
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+")
_LIST_NUMBER = re.compile(r"(?:^|\n|:\s)\s*\d{1,2}\.$")
_GAP = re.compile(r"\s+")


def ends_sentence(text: str) -> bool:
    """Whether a sentence ends where `text` ends, given that white space or nothing follows.

    A full stop behind an abbreviation (`Dr.`), initials (`U.S.`, `e.g.`) or the number of a list's
    entry ends none. In doubt the answer is no: an overlong clause disturbs less than a torn name.
    """
    bare = text.rstrip(CLOSERS)
    if not bare or bare[-1] not in ".!?…。！？":
        return False
    if bare[-1] != ".":
        return True
    word = bare.split()[-1].lstrip(_OPENERS)
    abbreviated = word[:-1].lower() in ABBREVIATIONS or _INITIALS.fullmatch(word)
    return not abbreviated and not _LIST_NUMBER.search(bare)


class WholeSentences:
    """Lets a reply's first sentence through as it comes, and every later one when it is complete.

    So a reply that is cut at its limit of tokens ends with a whole sentence, if it has one, and the
    first words come as early as without it. The others are no later for the listener: while one is
    written, the one before it is being spoken, and speaking takes longer than writing.
    """

    def __init__(self) -> None:
        self._text = ""
        self._passed = 0
        self._whole = 0
        """End of the last whole sentence in `_text`, with the white space that tells of its end."""

    def push(self, delta: str) -> str:
        """Take more of the reply; returns what may be passed on now. White space before it is dropped."""
        self._text = self._text + delta if self._passed else (self._text + delta).lstrip()
        for gap in _GAP.finditer(self._text, self._whole):
            if ends_sentence(self._text[self._whole : gap.start()]):
                self._whole = gap.end()
        return self._pass_on(self._whole or len(self._text))

    def flush(self, cut_short: bool) -> str:
        """The reply has ended; returns what is left of it, less a torn last sentence if `cut_short`."""
        torn = cut_short and self._whole and not ends_sentence(self._text[self._whole :])
        return self._pass_on(self._whole if torn else len(self._text))

    def _pass_on(self, end: int) -> str:
        start, self._passed = self._passed, max(self._passed, end)
        return self._text[start : self._passed]
