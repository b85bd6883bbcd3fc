"""Control tags: words in brackets before a text that say how to speak it, such as `(happy) Good morning!`.

They are those of the Step-Audio release, in its own words and by English names, and two for pitch: the
release has none, their words are ours. Every voice knows them all; `Voice.abilities` lists which it can do.

A text begins with a tag if its first brackets, ASCII or full-width, hold a name: one or two words of letters,
digits, - and _, a letter first, 20 characters in all. Anything else is part of the text and said: what is
longer or has punctuation in it, as in `(I think so, too.)`, and the numbers and letters of lists, such as
(a), (ii) and （一）.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from edge_audio.tts.voice import Style


@dataclass(frozen=True, slots=True)
class Tag:
    """One wish for how something is said."""

    name: str
    """In English, lower case."""
    released: str
    """The word that the release's system prompt lists for it, or one of ours; 2 is stronger than 1."""
    ability: str
    """The field of `Style` that it sets; the voice needs this ability."""

    def applied(self, style: Style) -> Style:
        """Return `style` with this wish; its others stay."""
        change: dict[str, Any] = {self.ability: _FACTORS.get(self.name, self.name)}
        return replace(style, **change)

    def __str__(self) -> str:
        return f"{self.name} ({self.released})"


PACES = {"very slow": 0.6, "slow": 0.8, "fast": 1.25, "very fast": 1.6}
"""What `Style.speed` a tag stands for. Our choice: the release doesn't say how fast its tags are."""

PITCHES = {"low": 0.84, "high": 1.19}
"""What `Style.pitch` a tag stands for: three semitones down and up."""

_FACTORS = PACES | PITCHES

TAGS = (
    Tag("happy", "高兴1", "emotion"),
    Tag("very happy", "高兴2", "emotion"),
    Tag("angry", "生气1", "emotion"),
    Tag("very angry", "生气2", "emotion"),
    Tag("sad", "悲伤1", "emotion"),
    Tag("playful", "撒娇1", "emotion"),
    Tag("chinese", "中文", "language"),
    Tag("english", "英文", "language"),
    Tag("korean", "韩语", "language"),
    Tag("japanese", "日语", "language"),
    Tag("sichuanese", "四川话", "language"),
    # One dialect, for which the release has two words.
    Tag("cantonese", "粤语", "language"),
    Tag("guangdonghua", "广东话", "language"),
    Tag("rap", "RAP", "music"),
    Tag("humming", "哼唱", "music"),
    Tag("very slow", "慢速2", "speed"),
    Tag("slow", "慢速1", "speed"),
    Tag("fast", "快速1", "speed"),
    Tag("very fast", "快速2", "speed"),
    Tag("low", "低音", "pitch"),
    Tag("high", "高音", "pitch"),
)

RELEASED_TAGS = tuple(tag for tag in TAGS if tag.ability != "pitch")
"""Those that the release's system prompt lists."""

_NUMBER = "[ivxIVX一二三四五六七八九十]+"
_WORD = r"(?:[^\W\d][\w-]+|[^\W\da-zA-Z])"
_LEADING = re.compile(
    rf"\s*[(（](?=[^()（）]{{1,20}}[)）])(?! *{_NUMBER} *[)）]) *({_WORD}(?: +[\w-]+)?) *[)）]\s*"
)
_BEGUN = re.compile(rf"\s*(?:[(（](?=[^()（）]{{0,20}}\Z) *(?:[a-zA-Z]|{_WORD}(?: +[\w-]*)? *)?)?")
"""Matches each beginning of what `_LEADING` matches: change both together."""

_GRADED = re.compile(r"([a-z]+) ?([12])")


def leading_tag(text: str) -> tuple[str, str]:
    """Return the name in the tag that `text` begins with, known or not, and the text after it.

    White space around the tag goes with it. Without one it is "" and `text` as it is.
    """
    found = _LEADING.match(text)
    return (found[1], text[found.end() :]) if found else ("", text)


def may_become_tag(text: str) -> bool:
    """Return True if a text that starts with `text` may still begin with a tag."""
    return _BEGUN.fullmatch(text) is not None


def find_tag(name: str, tags: Iterable[Tag] = TAGS) -> Tag | None:
    """Return which of `tags` is meant by `name`: name, released word, or grade such as happy2; else None."""
    written = " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
    grade = ""
    if graded := _GRADED.fullmatch(written):
        grade = graded[2]
        written = f"very {graded[1]}" if grade == "2" else graded[1]
    for tag in tags:
        if name.casefold() == tag.released.casefold():
            return tag
        if written == tag.name and tag.released.endswith(grade):
            return tag
    return None
