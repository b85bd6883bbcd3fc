"""Which language a text is in, by its script and by the codes that others give."""

import unicodedata
from collections import Counter

from edge_audio.text.language import find_language

_ONLY_ONE = {
    "CJK": "zh",
    "KANA": "ja",
    "HANGUL": "ko",
    "GREEK": "el",
    "HEBREW": "he",
    "THAI": "th",
    "LAO": "lo",
    "KHMER": "km",
    "MYANMAR": "my",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
    "TAMIL": "ta",
    "TELUGU": "te",
}
"""Scripts that show the language."""

_DENSE = frozenset({"CJK", "KANA", "HANGUL"})
"""Scripts of which a sign says as much as several letters of the others."""

_LETTERS_PER_SIGN = 3

_ENOUGH = 1 / 3
"""The part of a text that must be in a language's script: names and quotes may be in another."""

_KANA_SHARE = 1 / 6
"""From this part on kana among Chinese characters makes Japanese of them."""


def language_of(text: str, *candidates: str | None) -> str | None:
    """Return the ISO 639-1 code of the language of `text`, or None if it isn't known.

    `candidates` are codes that it may have, the likeliest first, None where one isn't known: that of the turn
    that the text answers, that of the config. The first whose language is written in this script is returned;
    if there is none, the language that the script belongs to, if it is only one.
    """
    scripts = _scripts(text)
    for code in candidates:
        if code and _may_be(code, scripts):
            return code
    return _ONLY_ONE.get(_main(scripts))


def _scripts(text: str) -> Counter[str]:
    """Count the letters of `text` by script, as Unicode names it; `KANA` is Japanese with its kanji."""
    if text.isascii():
        return Counter({"LATIN": sum(map(str.isalpha, text))})
    found: Counter[str] = Counter()
    for char in filter(str.isalpha, unicodedata.normalize("NFKC", text)):
        script = unicodedata.name(char, "").partition(" ")[0]
        script = "KANA" if script.startswith(("HIRAGANA", "KATAKANA")) else script
        found[script] += _LETTERS_PER_SIGN if script in _DENSE else 1
    if found["KANA"] > _KANA_SHARE * found["CJK"]:
        found["KANA"] += found.pop("CJK", 0)
    return found


def _main(scripts: Counter[str]) -> str:
    return max(scripts, key=lambda script: scripts[script], default="")


def _may_be(code: str, scripts: Counter[str]) -> bool:
    """Whether text in these scripts may be in the language `code`."""
    if not scripts.total():
        return True
    if (language := find_language(code)) is None:
        return _main(scripts) not in _ONLY_ONE or _ONLY_ONE[_main(scripts)] == code
    return sum(scripts[script] for script in language.scripts) >= _ENOUGH * scripts.total()
