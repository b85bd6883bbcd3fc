"""The instruction in brackets that a text to speak may begin with, and what it decides."""

import re

RAP = "RAP"
HUMMING = "哼唱"

_BRACKETS = "()（）"
_GROUP = re.compile(r"[(（][^()]+[)）]")
"""Like the release's it is greedy, and only ASCII brackets end it, so it may hold full-width ones."""

_BETWEEN_WORDS = re.compile(rf"(?<=\w)\s*[{_BRACKETS}]+\s*(?=\w)")
_ELSEWHERE = re.compile(rf"\s*[{_BRACKETS}]+\s*")
_BEFORE_MARK = re.compile(r" (?=[,.;:!?…，。；：！？])")


def without_brackets(text: str) -> str:
    """Return `text` with commas for brackets: the model takes whatever is in brackets for an instruction."""
    return _BEFORE_MARK.sub("", _ELSEWHERE.sub(" ", _BETWEEN_WORDS.sub(", ", text)).strip())


def instruction(text: str) -> str:
    """Return what the brackets say that `text` begins with, such as 高兴1; empty where there are none."""
    found = _GROUP.match(text)
    return found[0].strip(_BRACKETS) if found else ""


def music(text: str) -> str | None:
    """Return `RAP` or `HUMMING` if that is the instruction of `text`: the decoder for music must speak it.

    Any other instruction only tells the language model how to speak.
    """
    said = instruction(text)
    return said if said in (RAP, HUMMING) else None


def prompt_speaker(speaker: str, text: str) -> str:
    """Return whose recording prompts for `text`: `speaker`, or how they rap or hum, such as TingtingRAP."""
    return speaker + (music(text) or "")
