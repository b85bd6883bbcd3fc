"""When a pause is the end of a turn: sound, silence and words in one rule."""

import re
from dataclasses import dataclass

_NEEDS_A_NOUN = frozenset("a an the my your its our their whose of and or but because if than".split())
"""Words that no English sentence ends on, not even a question."""

_LEFT_OPEN = _NEEDS_A_NOUN | frozenset(
    """to at for from with by about into between during without when while whether although unless until
    is are was were be been can could will would shall should may might must i he she we they i'm it's he's
    she's we're they're his every very um uh er erm hmm""".split()
)
"""Words after which a statement has not ended, save for rare exceptions. A question may end on them
("What is it for?"), and the recognizer marks it as one."""

_ASKING = re.compile(
    r"\b(?:(?:tell|show|ask|remind|teach) (?:me|us|him|her|them)"
    r"|(?:do|would|can|could) you(?: please| know| mind| say| think)?"
    r"|(?:like|want|need|have|going|trying) to(?: know| ask| say)?"
    r"|i (?:think|wonder|guess|mean|was wondering)|let's say|is it true(?: that)?)$"
)
"""Phrases that introduce what is really asked, and have not got to it yet."""

_SUBORDINATE = re.compile(
    r"(?:and |but |so |well |okay |um )?(?:if|when|whenever|before|after|while|because|although|though|since"
    r"|unless|once|until|as soon as|in case)\s+(?!(?:is|are|was|were|do|does|did|will|would|can|could|should"
    r"|has|have|had|am|may|might|must|shall|then|upon)\b)[^,;]*$"
)
"""A clause that leads up to a main one, which has not begun: no comma, and no question ("When is ...")."""

_WORD = re.compile(r"[a-z']+")


def looks_unfinished(text: str) -> bool:
    """Whether the (English) words themselves say that more is to come.

    They do where they trail off, end on a word that needs another, introduce a question without asking
    it, or make a subordinate clause without a main one. The recognizer's full stop means little, as it
    ends whatever it is given with one; a comma, a dash or dots mean that it heard no end.
    """
    text = text.strip().lower()
    if text.endswith((",", "-", "\u2013", "\u2014", "...", "\u2026", ":")):
        return True
    words = _WORD.findall(text)
    if not words:
        return False
    if words[-1] in (_NEEDS_A_NOUN if text.endswith("?") else _LEFT_OPEN):
        return True
    bare = text.rstrip(".?! ")
    return bool(_ASKING.search(bare) or _SUBORDINATE.fullmatch(bare.rpartition(". ")[2]))


@dataclass(frozen=True, slots=True)
class EndOfTurnPolicy:
    """How long a silence must last until the turn counts as over; see `edge_audio.config.EndOfTurn`."""

    threshold: float
    """Probability of the end-of-turn model from which the turn sounds complete."""
    complete_ms: int
    """Silence that ends a turn which sounds and reads complete."""
    unsure_ms: int
    """Silence that ends a turn which reads complete but doesn't sound so."""
    incomplete_ms: int
    """Silence that ends a turn which reads unfinished, however it sounds: words are the surer sign."""

    def silence_ms(self, probability: float | None, text: str | None) -> int:
        """Silence after which the turn is over, in milliseconds since the end of speech.

        `probability` is the end-of-turn model's answer, None while it hasn't given one; `text` is None where
        nobody tells the words: then it is all there is to go by.
        """
        if text is None and (probability is None or probability < self.threshold):
            return self.incomplete_ms
        if text is not None and looks_unfinished(text):
            return self.incomplete_ms
        if probability is None or probability < self.threshold:
            return self.unsure_ms
        return self.complete_ms
