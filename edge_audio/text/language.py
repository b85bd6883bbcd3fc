"""The table of a language: all that the rules of this room know of it."""

import re
import sys
from dataclasses import dataclass
from importlib import import_module

NEVER = r"(?!)"
"""The pattern of a rule that a language has no use for."""

_CODE = re.compile(r"(?P<language>[a-z]{2,3})(?![a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What the rules know of one language.

    Words and patterns, which are regular expressions, are for text as `plain` returns it. Where no blanks
    separate words, a "word" is what the text contains, or begins or ends with. Those of an end are looked for
    in text without the mark that closes it.
    """

    code: str
    """ISO 639-1; also the name of the file."""
    scripts: frozenset[str]
    """See `edge_audio.text.script`."""
    letters: str
    """What its words are written with, as the inside of a character class: `a-z'`."""
    blanks: bool = True
    """Whether blanks separate its words."""
    variants: tuple[str, str] = ("", "")
    """Characters, and those in the same places as which they are read: `’` as `'`."""

    # What is said.

    apology: str
    """Spoken in place of, or after, a reply that failed."""
    times: str
    """How `2 * 3` is read."""

    # Sentences and clauses.

    abbreviations: frozenset[str]
    """Words that a full stop shortens, without it: the stop ends no sentence."""
    ordinals: bool = False
    """Whether a full stop makes an ordinal of a number: the one of `3. Mai` ends no sentence."""
    openers: frozenset[str]
    """Words that begin a part of a sentence: where no mark is near, a clause may end before one of them."""

    # Backchannels.

    backchannels: frozenset[str]
    """Words and phrases that only say "I am listening", one or several of them."""
    lone_backchannels: frozenset[str]
    """Those that say so only where nothing else is said, and what may be the beginning of such a one."""

    # The end of a turn.

    needs_more: frozenset[str]
    """Words that nothing ends on, not even a question."""
    fillers: frozenset[str]
    """Sounds of someone who is looking for words."""
    left_open: frozenset[str]
    """Words after which a statement has not ended, save for rare exceptions. A question may end on them
    ("What is it for?"), and the recognizer marks it as one."""
    closed: frozenset[str] = frozenset()
    """What leaves nothing open though one of the words above is the last of it: ends where no blanks separate
    words, whole sentences where they do."""
    introduces: tuple[str, ...]
    """Ends of phrases that introduce what is really asked, and have not got to it yet."""
    leads_up: str
    """A whole sentence that is a clause which leads up to a main one, which has not begun."""
    spelled: str
    """The end of a number or a name that is being spelled out: only the speaker knows its length."""
    listed: str
    """A sentence that ends in a list without the `and` before its last item."""
    question_words: frozenset[str]
    """One of these is in most questions."""
    question_end: str = NEVER
    """The end by which a question is known without its mark."""
    tells: str
    """The beginning of a statement about somebody, which asks for nothing."""

    def plain(self, text: str) -> str:
        """Return `text` in lower case and without variants of its characters."""
        return text.lower().translate(str.maketrans(*self.variants))

    def words(self, text: str) -> list[str]:
        """Return the words of plain `text`; where no blanks separate them, the parts between its marks."""
        return re.findall(f"[{self.letters}]+", text)


def find_language(code: str | None) -> Language | None:
    """Return the table of the language with the ISO 639-1 `code`, or None if there is none.

    What may follow the code is passed over: `pt-BR` is `pt`.
    """
    if code is None or not (match := _CODE.match(code.lower())):
        return None
    name = f"{__package__}.languages.{match['language']}"
    try:
        module = sys.modules.get(name) or import_module(name)  # the first is faster, and mostly it is there
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None
    found: Language = module.LANGUAGE
    return found


def words(text: str) -> frozenset[str]:
    """Return the words in `text`, which blanks separate."""
    return frozenset(text.split())


def spelled(digits: str, letters: str) -> str:
    """Return the pattern `Language.spelled` of the words for `digits` and a class of single `letters`.

    Letters that are words leave no trace of being spelled and are not among them.
    """
    return rf"(?:\b(?:{digits.replace(' ', '|')}|\d{{1,4}}|[{letters}])\b[\s,.-]*){{3,}}$"


def listed(closing: str, *, unless: str = NEVER) -> str:
    """Return the pattern `Language.listed`: a list of short items without one of the words in `closing`.

    `closing` is a pattern of words; a sentence that begins with `unless` is no list.
    """
    item = r"[\w'-]+"
    items = rf"(?:\b{item}(?: {item}){{0,2}}, ){{2,}}(?!(?:{closing})\b){item}(?: {item})?"
    return rf"\A(?!{unless})(?s:.*?){items}$"
