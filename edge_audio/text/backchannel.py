"""What is heard over a reply and only says that somebody listens."""

import re

from edge_audio.text.language import find_language
from edge_audio.text.script import language_of


def is_backchannel(text: str, language: str | None) -> bool:
    """Whether `text`, in `language`, only says "I am listening" ("Mm-hmm.", "Yeah, okay.", "I see.").

    So does a text without a word or a figure, in any language. Of a language that has no table nothing else
    is known to be one. A number never is: it answers something.
    """
    if not any(map(str.isalnum, text)):
        return True
    if (rules := find_language(language_of(text, language))) is None:
        return False
    text = rules.plain(text)
    gap = " " if rules.blanks else ""
    said = gap.join(rules.words(text))
    if sum(map(str.isalnum, said)) < sum(map(str.isalnum, text)):
        return False  # there is something else in it
    phrases = "|".join(map(re.escape, rules.backchannels))
    return said in rules.lone_backchannels or bool(re.fullmatch(rf"(?:(?:{phrases})(?:{gap}|\Z))+", said))
