"""Natural sentences of each language, in `natural/`: whole turns, backchannels, and answers that are none.

In Chinese and Japanese a blank is where a turn may be cut; it is no part of the text. What is held out was
written after the rules, and never looked at while they were made.
"""

from collections.abc import Iterator
from pathlib import Path

_FOLDER = Path(__file__).parent / "natural"
LANGUAGES = sorted(file.stem for file in _FOLDER.glob("*.txt"))
_BLANKLESS = ("ja", "zh")


def sentences(language: str, kind: str) -> list[str]:
    """Return those of a kind: `turns`, `backchannels`, `answers`, with `held out` before or not."""
    return ["".join(parts) for parts in _parts(language, kind)]


def beginnings(language: str, kind: str) -> Iterator[str]:
    """Yield what a recognizer makes of each turn that has only begun: words with a full stop after them."""
    stop = "。" if language in _BLANKLESS else "."
    for parts in _parts(language, kind):
        for end in range(1, len(parts)):
            yield "".join(parts[:end]).rstrip(",.、，。 ") + stop


def _parts(language: str, kind: str) -> Iterator[list[str]]:
    gap = "" if language in _BLANKLESS else " "
    text = (_FOLDER / f"{language}.txt").read_text("utf-8")
    for line in text.split(f"[{kind}]\n")[1].partition("[")[0].splitlines():
        words = line.split(" ")
        yield [word + gap for word in words[:-1]] + words[-1:]
