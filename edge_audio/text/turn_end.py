"""What (English) words say about whether the turn they belong to is whole."""

import re

_NEEDS_A_NOUN = frozenset("a an the my your its our their whose of and or but because if than".split())
"""Words that no English sentence ends on, not even a question."""

_FILLERS = frozenset("um uh er erm hmm uhm mmm".split())
"""Sounds of someone who is looking for words."""

_LEFT_OPEN = (
    _NEEDS_A_NOUN
    | _FILLERS
    | frozenset(
        """to at for from with by about into between during without when while whether although unless until
        is are was were be been can could will would shall should may might must i he she we they i'm it's
        he's she's we're they're his every very""".split()
    )
)
"""Words after which a statement has not ended, save for rare exceptions. A question may end on them
("What is it for?"), and the recognizer marks it as one."""

_ASKING = re.compile(
    r"\b(?:(?<!\bi )(?:tell|show|ask|remind|teach) (?:me|us|him|her|them)"
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

_SPELLED = re.compile(
    r"(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|\d{1,4}|[b-hj-z])\b[\s,.-]*){3,}$"
)
"""A number or a name that is being told sign by sign: nobody but the speaker knows how long it is."""

_LISTED = re.compile(r"(?:\b[\w'-]+(?: [\w'-]+){0,2}, ){2,}(?!and\b|or\b|please\b)[\w'-]+(?: [\w'-]+)?$")
"""A list without the `and` that comes before its last item: eggs, butter, milk."""

_TOLD = re.compile(
    r"(?:(?:and|but|so|well|okay|oh|um|uh),? )*(?!(?:i would|i'd) like\b|i (?:want|need) you\b)"
    r"(?:i|i'm|i've|i'd|i'll|we|we're|we've|my|our|he|he's|she|she's|they|they're|there|there's|because)\b"
)
"""How a sentence begins that tells something about somebody, and asks for nothing."""

_WORD = re.compile(r"[a-z']+")
_EXPECTS = ("what", "where", "who", "when", "why", "how", "which", "is", "are", "do", "does", "can", "could")


def looks_unfinished(text: str) -> bool:
    """Whether the words themselves say that more is to come.

    They do where they trail off, end on a word that needs another, introduce a question without asking it,
    make a subordinate clause without a main one, or are in the middle of a list or a number. The recognizer's
    full stop means little, as it ends whatever it is given with one; a comma, a dash or dots mean that it
    heard no end.
    """
    text = text.strip().lower()
    if text.endswith((",", "-", "\u2013", "\u2014", "...", "\u2026", ":")):
        return True
    words = _WORD.findall(text)
    bare = text.rstrip(".?! ")
    if _SPELLED.search(bare):
        return True
    if not words:
        return False
    last = words[-1] if bare.endswith(words[-1]) else ""
    if last in (_NEEDS_A_NOUN | _FILLERS if text.endswith("?") else _LEFT_OPEN):
        return True
    sentence = bare.rpartition(". ")[2]
    if _LISTED.search(sentence) and not text.endswith("?") and not sentence.startswith(_EXPECTS):
        return True
    return bool(_ASKING.search(bare) or _SUBORDINATE.fullmatch(sentence))


def looks_asked(text: str) -> bool:
    """Whether the words make a whole question, by their mark and what they begin with."""
    words = _WORD.findall(text.lower())
    return text.rstrip().endswith("?") and len(words) >= 3 and any(word in _EXPECTS for word in words)


def looks_told(text: str) -> bool:
    """Whether the last sentence tells something and asks for nothing, as in "I saw a friend yesterday".

    Who talks to an assistant wants something of it, and what they tell it first mostly leads up to that.
    """
    text = text.strip().lower()
    return not text.endswith("?") and bool(_TOLD.match(re.split(r"[.!?] ", text)[-1]))
