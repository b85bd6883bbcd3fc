"""Control tags: the words in brackets before a text that tell the Step-Audio voice how to speak it.

A text begins with a tag if its very first character is an opening bracket, ASCII or full-width, and the
words up to the closing one are a name: at most two words of letters, digits, - and _, a letter first, 20
characters in all. Anything else, longer or with punctuation in it, is part of the text and spoken:
`(I think so, too.)`.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from edge_audio.step_audio.instruction import HUMMING, RAP
from edge_audio.tts.voice import Style
from runtime.errors import UserError

EMOTIONS = {
    "happy": "高兴1",
    "very happy": "高兴2",
    "angry": "生气1",
    "very angry": "生气2",
    "sad": "悲伤1",
    "playful": "撒娇1",
}
"""Our words for the emotions, and the tags that the release's system prompt lists; 2 is stronger than 1."""

LANGUAGES = {
    "chinese": "中文",
    "english": "英文",
    "korean": "韩语",
    "japanese": "日语",
    "sichuanese": "四川话",
    "cantonese": "粤语",
    "guangdonghua": "广东话",
}
"""Languages and dialects; the last two are one, for which the release has two words."""

MUSIC = {"rap": RAP, "humming": HUMMING}
"""What the decoder for music sings."""

SPEEDS = {"very slow": "慢速2", "slow": "慢速1", "fast": "快速1", "very fast": "快速2"}
"""How fast."""

ALIASES = {**EMOTIONS, **LANGUAGES, **MUSIC, **SPEEDS}
"""All tags of the release by their English names."""

PACES = {"very slow": 0.6, "slow": 0.8, "fast": 1.25, "very fast": 1.6}
"""What `Style.speed` a tag stands for. Our choice: the release doesn't tell how fast its tags are."""

_LEADING = re.compile(r"[(（]\s*([^\W\d][\w-]*(?: +[\w-]+)?)\s*[)）]\s*")
_LONGEST = 20
_GRADED = re.compile(r"([a-z]+) ?([12])")


def leading_tag(text: str) -> tuple[str, str]:
    """Return the English name of the tag that `text` begins with, and the rest; "" and `text` without one.

    Raises `UserError`, listing the tags, for one that there isn't.
    """
    found = _LEADING.match(text)
    if not found or len(found[1]) > _LONGEST:
        return "", text
    return _alias(found[1], ALIASES), text[found.end() :]


def with_released_tag(text: str) -> str:
    """Return `text` with its leading tag in the release's word, right before the rest, such as (高兴1)Hello.

    Raises `UserError` as `leading_tag` does.
    """
    tag, rest = leading_tag(text)
    return f"({ALIASES[tag]}){rest}" if tag else text


def style_tag(style: Style) -> str:
    """Return the brackets that ask for `style`, such as (高兴1); empty where it asks for nothing.

    A text has one tag, so music comes before language, language before emotion, and that before speed.
    Raises `UserError`, listing those there are, for an emotion, language or music that there isn't.
    """
    asked = ((style.music, MUSIC), (style.language, LANGUAGES), (style.emotion, EMOTIONS))
    for name, aliases in asked:
        if name is not None:
            return f"({aliases[_alias(name, aliases)]})"
    pace = min(PACES, key=lambda name: abs(PACES[name] - style.speed))
    return f"({SPEEDS[pace]})" if abs(PACES[pace] - style.speed) < abs(1.0 - style.speed) else ""


def styled(style: Style, tag: str) -> Style:
    """Return `style` changed as a tag of `ALIASES` says."""
    if tag in EMOTIONS:
        return replace(style, emotion=tag)
    if tag in LANGUAGES:
        return replace(style, language=tag)
    if tag in MUSIC:
        return replace(style, music=tag)
    return replace(style, speed=PACES[tag])


def _alias(name: str, aliases: Mapping[str, str]) -> str:
    """Return the key of `aliases` that is meant by `name`: a key, a released word, or such as happy2."""
    written = " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
    if graded := _GRADED.fullmatch(written):
        written = f"very {graded[1]}" if graded[2] == "2" else graded[1]
    for alias, tag in aliases.items():
        if name.casefold() == tag.casefold():
            return alias
        if written == alias and (graded is None or tag.endswith(graded[2])):
            return alias
    listed = ", ".join(f"{alias} ({tag})" for alias, tag in aliases.items())
    raise UserError(f"The voice knows no tag {name!r}.", f"Choose one of: {listed}.")
