"""German. Its separable verbs end sentences on what looks like a preposition: "Mach das Licht an."."""

from edge_audio.text.language import Language, listed, spelled, words

_BEGIN = r"(?:\A|, |\. |\bund |\baber )"
_PRONOUN = r"(?:ich|du|er|sie|es|wir|ihr|man)"
_OBJECT = r"(?: (?:mir|mich|uns|ihm|ihr|das|es|denn))?"
_MEANWHILE = r"(?: (?:bitte|mal|noch|doch|kurz|heute|morgen|abend|vielleicht|gerne?|auch|nicht|jetzt))*"
_ASKING = r"(?:wie|was|wo|wer|wann|warum|wieso|woher|wohin|welche\w* \w+|wie \w+)"

LANGUAGE = Language(
    code="de",
    scripts=frozenset({"LATIN"}),
    letters="a-zäöüß'",
    apology="Entschuldigung, das kann ich gerade nicht beantworten.",
    times="mal",
    abbreviations=words(
        """abb bd bspw bzgl bzw ca dr etc evtl fr geb gegr ggf hr hrsg inkl jh kap lt mind mio mrd nr
        prof rd sog std str tel usw vgl zzgl"""
    ),
    ordinals=True,
    openers=words(
        """aber als am bei beim bevor bis damit dass für gegen hinter im in indem nachdem ob obwohl oder
        ohne seit seitdem sobald sodass solange sondern trotz und unter vom von während wegen weil wenn
        wie wo wobei wodurch zum zur zwischen über"""
    ),
    backchannels=words(
        """mm mmm mhm hm hmm aha ah oh ach ja jaja jo jep jup okay ok genau stimmt richtig klar gut na
        schön sicher natürlich wirklich echt wow verstehe achso logisch"""
    )
    | {"ach so", "alles klar"},
    lone_backchannels=frozenset(
        {"ich", "ich verstehe", "ich weiß", "das stimmt", "so ist es", "ja ich verstehe", "ja ich weiß"}
    ),
    needs_more=words(
        """eine einen einem einer eines und oder als dass ob weil wenn falls obwohl sodass im am zum zur
        vom beim ins ans mein dein unser wegen"""
    ),
    fillers=words("äh ähm öh hm hmm ehm"),
    left_open=words(
        """der die den dem des von für bei gegen ohne zwischen seit trotz statt durch in neben hinter
        aber denn welche welcher welches welchen während bis über möchte könntest würdest diesen diesem
        meinen meinem deinen deinem unseren jede jeden jedem jeder"""
    ),
    introduces=(
        rf"\b(?:kannst|könntest|würdest|willst|magst) du{_OBJECT}{_MEANWHILE}{_OBJECT}",
        rf"\b(?:darf|soll|kann|könnte|könnten|würden) {_PRONOUN}{_OBJECT}{_MEANWHILE}{_OBJECT}",
        r"\b(?:kannst|könntest|würdest) du mir (?:bitte )?(?:sagen|verraten)",
        rf"{_BEGIN}{_PRONOUN} (?:möchte|will|kann|muss|soll|sollte|wollte){_MEANWHILE}",
        rf"{_BEGIN}{_PRONOUN} (?:werde|wird|würde|brauche|suche){_MEANWHILE}",
        rf"{_BEGIN}{_PRONOUN} (?:habe|hatte|hätte|hat|haben|bin|war|ist|sind){_MEANWHILE}",
        rf"{_BEGIN}(?:das|mein\w* \w+|(?:der|die|das) \w+) (?:ist|sind|war|waren|hat|haben|wird|heißt)",
        rf"{_BEGIN}{_ASKING} (?:ist|sind|war|waren|wird|hat|haben|heißt|macht|geht)",
        rf"{_BEGIN}{_ASKING} (?:kommt|kostet|gibt|braucht)",
        rf"{_BEGIN}{_ASKING} (?:muss|kann|soll|sollte|viele|viel|lange|weit|oft|spät|hoch|alt)",
        rf"\b(?:sage?|zeige?|erzähle?|gib|nenne?|erkläre?|lies|schick|schreib) (?:mir|uns|ihm){_MEANWHILE}",
        r"\berinnere? mich(?: (?:bitte|heute|morgen|abend|daran|an|um))*",
        r"\b(?:möchte|gerne?|brauche|suche|ist|war|gibt es|noch|für|habe|hat|mir|um|was) ein",
        r"\b(?:in|auf|über|für|durch|gegen|an|und|oder|bitte) das",
        r"\b(?:setz|stell|dreh|öffne|spiel|lies|zeig|übersetze) das",
        r"\b(?:denk\w*|schick\w*|schreib\w*|send\w*|nachricht|mail)\b[^,]* an",
        r"\b(?:stell\w*|wart\w*|dreh\w*|antwort\w*|wecker|alarm|timer|liste)\b[^,]* auf",
        r"\b(?:weg|zug|bus|fahrt|flug|reise|such\w*|frag\w*|fahr\w*|fähr\w*|fahrkarte)\b[^,]* nach",
        r"\b(?:weck\w*|alarm|termin|treffen|bitte|regnet|geht) um",
        r"\b(?:ist|war|sind|mir|viel|bis|um [^,]*) zu",
        r"\b(?:weißt du|ich (?:glaube|denke|meine|frage mich)|sagen wir|stimmt es)",
        r"\Aich",
    ),
    leads_up=(
        r"(?:(?:und|aber|also|na ja|ja|okay|oder) )?"
        r"(?:wenn|falls|sobald|bevor|nachdem|weil|obwohl|solange|während(?! (?:des|der)\b)"
        r"|(?:als|da|seit)(?= (?:ich|wir|du|er|sie|es|mein\w*)\b))\s+[^,;]*"
    ),
    spelled=spelled("null eins zwei zwo drei vier fünf sechs sieben acht neun", "a-zäöü"),
    listed=listed("und|oder|sowie|bitte", unless=r"(?:was|wo|wer|wann|warum|wie|ist|sind|kann)\b"),
    question_words=words(
        """was wo wer wann warum wieso weshalb wie welche welcher welches welchen welchem wem wen woher
        wohin womit worüber wofür wessen ist sind kann kannst könntest könnt hast habe gibt weißt soll
        darf muss wird würdest willst magst"""
    ),
    tells=(
        r"(?:(?:und|aber|also|na ja|ja|okay|ach|oh|äh|ähm),? )*"
        r"(?!ich (?:möchte|hätte|will|brauche|würde|suche|bitte)\b)"
        r"(?:ich|wir|mein|meine|unser|unsere|er|sie|gestern|letzte\w*|nächste\w* woche|weil|da)\b"
    ),
)
