"""What words say about whether the turn that they belong to is complete."""

import re

from edge_audio.text.language import Language, find_language
from edge_audio.text.script import language_of
from edge_audio.text.sentences import QUESTION_MARKS, SENTENCE_MARKS

_NO_END_HEARD = (",", "-", "\u2013", "\u2014", "...", "\u2026", ":", "，", "、", "：", "،")

_LAST_MARKS = "".join(mark for mark in SENTENCE_MARKS if mark != "\u2026") + " "

_FEWEST_WORDS, _FEWEST_SIGNS = 3, 4
"""Fewer make no whole question: "Really?" asks for nothing that one could answer."""


def looks_unfinished(text: str, language: str | None) -> bool | None:
    """Whether the words of `text`, in `language`, themselves say that more is to come.

    They do where they trail off, end on a word that needs another, introduce a question without asking it,
    make a subordinate clause without a main one, or are in the middle of a list or a number. The recognizer's
    full stop means little, as it ends whatever it is given with one; a comma, a dash or dots mean that it
    heard no end. None without a table for the language.
    """
    if (rules := find_language(language_of(text, language))) is None:
        return None
    text = rules.plain(text.strip())
    if text.endswith(_NO_END_HEARD):
        return True
    bare = text.rstrip(_LAST_MARKS)
    if re.search(rules.spelled, bare):
        return True
    if not rules.words(text):
        return False
    asked = _is_marked(text) or bool(re.search(rules.question_end, bare))
    sentence = re.split(r"\. |[。！？]", bare)[-1]
    if _ends_on_an_open_word(sentence, rules, asked=asked):
        return True
    if not asked and re.search(rules.listed, sentence):
        return True
    introduced = any(re.search(f"(?:{phrase})$", bare) for phrase in rules.introduces)
    return introduced or bool(re.fullmatch(rules.leads_up, sentence))


def looks_asked(text: str, language: str | None) -> bool:
    """Whether the words of `text`, in `language`, make a whole question, by their mark and what asks in them.

    False without a table for the language.
    """
    if (rules := find_language(language_of(text, language))) is None:
        return False
    text = rules.plain(text.rstrip())
    words = rules.words(text)
    if rules.blanks:
        asks = any(word in rules.question_words for word in words)
        return _is_marked(text) and len(words) >= _FEWEST_WORDS and asks
    ends_asking = bool(re.search(rules.question_end, text.rstrip(_LAST_MARKS)))
    asks = _is_marked(text) and any(word in text for word in rules.question_words)
    return (ends_asking or asks) and sum(map(len, words)) >= _FEWEST_SIGNS


def looks_told(text: str, language: str | None) -> bool:
    """Whether the last sentence of `text`, in `language`, is a statement about somebody and asks for nothing.

    As in "I saw a friend yesterday": users usually end with their request, and what they say first leads up
    to it. False without a table for the language.
    """
    if (rules := find_language(language_of(text, language))) is None:
        return False
    text = rules.plain(text.strip())
    if _is_marked(text) or re.search(rules.question_end, text.rstrip(_LAST_MARKS)):
        return False
    return bool(re.match(rules.tells, re.split(r"[.!?] |[。！？](?=.)", text)[-1]))


def _is_marked(text: str) -> bool:
    return text.endswith(tuple(QUESTION_MARKS))


def _ends_on_an_open_word(sentence: str, rules: Language, *, asked: bool) -> bool:
    """Whether `sentence`, which may be `asked`, ends on a word after which something is missing."""
    tables = (rules.needs_more, rules.fillers, *([] if asked else [rules.left_open]))
    if not rules.blanks:
        return any(sentence.endswith(tuple(words)) for words in tables) and not sentence.endswith(
            tuple(rules.closed)
        )
    last = (rules.words(sentence) or [""])[-1]
    return sentence.endswith(last) and any(last in words for words in tables) and sentence not in rules.closed
