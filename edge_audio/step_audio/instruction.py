"""The instruction in brackets that a text to speak may begin with, and its effects."""

import re

RAP = "RAP"
HUMMING = "哼唱"

_BRACKETS = "()（）"
_GROUP = re.compile(r"[(（][^()]+[)）]")
"""As in the release it is greedy, and only ASCII brackets end it, so it may contain full-width ones."""

_BETWEEN_WORDS = re.compile(rf"(?<=\w)\s*[{_BRACKETS}]+\s*(?=\w)")
_ELSEWHERE = re.compile(rf"\s*[{_BRACKETS}]+\s*")
_BEFORE_MARK = re.compile(r" (?=[,.;:!?…，。；：！？])")


def without_brackets(text: str) -> str:
    """Return `text` with commas for brackets: the model takes anything in brackets for an instruction."""
    return _BEFORE_MARK.sub("", _ELSEWHERE.sub(" ", _BETWEEN_WORDS.sub(", ", text)).strip())


def instruction(text: str) -> str:
    """Return the content of the brackets that `text` begins with, such as 高兴1; empty if there are none."""
    found = _GROUP.match(text)
    return found[0].strip(_BRACKETS) if found else ""


def music(text: str) -> str | None:
    """Return `RAP` or `HUMMING` if that is the instruction of `text`, which needs the decoder for music.

    Any other instruction is for the language model alone.
    """
    found = instruction(text)
    return found if found in (RAP, HUMMING) else None


def prompt_speaker(speaker: str, text: str) -> str:
    """Return the voice whose recording prompts for `text`: `speaker`, or a variant such as TingtingRAP."""
    return speaker + (music(text) or "")
