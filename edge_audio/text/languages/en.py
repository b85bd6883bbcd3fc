"""English. The figures of the conversation were measured with these rules."""

from edge_audio.text.language import Language, listed, spelled, words

_QUESTION_WORDS = (
    "what",
    "where",
    "who",
    "when",
    "why",
    "how",
    "which",
    "is",
    "are",
    "do",
    "does",
    "can",
    "could",
)

LANGUAGE = Language(
    code="en",
    scripts=frozenset({"LATIN"}),
    letters="a-z'",
    apology="Sorry, I can't answer that right now.",
    times="times",
    abbreviations=words(
        """approx ave capt co corp dept dr etc gen inc jr lt ltd mr mrs ms mt nr prof rev sgt sr st vol
        vs"""
    ),
    openers=words(
        """after although and as at because before but by during for from if in into of on or over since
        than though through to under until when where which while who with without"""
    ),
    backchannels=words(
        """mm mmm mhm hmm hm uh huh um ah oh yeah yep yes yup ok okay right sure wow aha hum mhmm"""
    ),
    # "I" is the beginning of "I see": nobody asks for the floor with it alone.
    lone_backchannels=frozenset({"i", "i see"}),
    needs_more=words("a an the my your its our their whose of and or but because if than"),
    fillers=words("um uh er erm hmm uhm mmm"),
    left_open=words(
        """to at for from with by about into between during without when while whether although unless
        until is are was were be been can could will would shall should may might must i he she we they
        i'm it's he's she's we're they're his every very"""
    ),
    introduces=(
        r"\b(?<!\bi )(?:tell|show|ask|remind|teach) (?:me|us|him|her|them)",
        r"\b(?:do|would|can|could) you(?: please| know| mind| say| think)?",
        r"\b(?:like|want|need|have|going|trying) to(?: know| ask| say)?",
        r"\bi (?:think|wonder|guess|mean|was wondering)",
        r"\b(?:let's say|is it true(?: that)?)",
    ),
    leads_up=(
        r"(?:and |but |so |well |okay |um )?(?:if|when|whenever|before|after|while|because|although|though"
        r"|since"
        r"|unless|once|until|as soon as|in case)\s+(?!(?:is|are|was|were|do|does|did|will|would|can|could"
        r"|should"
        r"|has|have|had|am|may|might|must|shall|then|upon)\b)[^,;]*"
    ),
    spelled=spelled("zero oh one two three four five six seven eight nine double", "b-hj-z"),
    listed=listed("and|or|please", unless="|".join(_QUESTION_WORDS)),
    question_words=frozenset(_QUESTION_WORDS),
    tells=(
        r"(?:(?:and|but|so|well|okay|oh|um|uh),? )*(?!(?:i would|i'd) like\b|i (?:want|need) you\b)"
        r"(?:i|i'm|i've|i'd|i'll|we|we're|we've|my|our|he|he's|she|she's|they|they're|there|there's"
        r"|because)\b"
    ),
)
