"""Italian."""

from edge_audio.text.language import Language, listed, spelled, words

LANGUAGE = Language(
    code="it",
    scripts=frozenset({"LATIN"}),
    letters="a-zàèéìíîòóùú'",
    variants=("\u2019\u02bc", "''"),
    apology="Mi dispiace, in questo momento non posso rispondere.",
    times="per",
    abbreviations=words(
        """arch avv cap dott dott.ssa ecc es geom ing n pag pagg p.es prof prof.ssa rag sig sigg sig.ra
        tel vol"""
    ),
    openers=words(
        """a ad al alla anche che chi come con da dal dalla dei del della delle di dopo dove durante e
        ed finché fra in ma mentre nel nella né o oppure per perché poiché prima quando quindi se
        secondo senza siccome sopra sotto su sul sulla tra verso"""
    ),
    backchannels=words(
        """mm mmm mhm hm hmm ah eh oh aha sì si certo già ok okay okey bene esatto giusto capisco capito
        chiaro perfetto davvero vero ovvio ovviamente infatti d'accordo"""
    )
    | {"va bene", "ho capito", "lo so", "è vero"},
    lone_backchannels=frozenset({"ho", "va", "ti ascolto", "certo che sì"}),
    needs_more=words(
        """il i gli le l' un un' uno di del dello della dei degli delle dell' a al allo alla ai agli
        alle all' da dal dallo dalla dai dalle dall' in nel nello nella nei nelle nell' con per sul
        sullo sulla sui sulle sull' tra fra e ed o oppure ma non mi né d' c' ad quest' quell' alcuni
        alcune"""
    ),
    fillers=words("ehm mmm uhm"),
    left_open=words(
        """lo la una che se come quando senza verso durante mentre qual com' dov' ti vi siccome ogni
        cioè"""
    ),
    closed=frozenset({"dai", "ma dai", "e dai"}),
    introduces=(
        r"\b(?:puoi|potresti|può|potrebbe|possiamo|vuoi|vorresti)(?: per favore)?",
        r"(?<!non )\b(?:voglio|vorrei|devo|dovrei|posso)(?: (?:sapere|chiedere|dire))?",
        r"(?<!non )\b(?:ho bisogno|mi piacerebbe|sto per|bisogna)(?: (?:sapere|chiedere|dire))?",
        r"\b(?:dimmi|raccontami|mostrami|fammi|leggimi|spiegami)(?: per favore)?",
        r"\b(?:cercami|mandami|digli|chiedigli)(?: per favore)?",
        r"\bricordami(?: (?:per favore|stasera|domani|oggi|domattina))?",
        r"\b(?:qual|quale|quali|(?:il|la|mio|mia) \w+) (?:è|sono|era|erano)",
        r"\b(?:il|la|i|le|un|una) (?:mio|mia|miei|mie|tuo|tua|suo|sua|nostro|nostra)",
        r"\A(?:dov'è|com'è|cos'è|chi (?:ha|è)|come si(?: chiama)?|quanto (?:costa|dura|ci mette)|a che)",
        r"\bun po'(?: di)?",
        r"\b(?:credo|penso|mi chiedo|sai|è vero)",
    ),
    leads_up=(
        r"(?:(?:e|ma|allora|beh|ok|quindi) )?"
        r"(?:se|anche se|mentre|siccome|poiché|visto che|dato che|prima (?:di|che)|dopo (?:che|aver\w*)"
        r"|appena|finché|ogni volta che"
        r"|quando(?! (?:è|sono|parte|arriva|inizia|comincia|finisce|apre|chiude|posso"
        r"|devo|viene|torna)\b))\s+[^,;]*"
    ),
    spelled=spelled("zero uno due tre quattro cinque sei sette otto nove", "b-df-hj-np-z"),
    listed=listed("e|ed|o|oppure|per favore", unless=r"(?:che|chi|come|quando|dove|qual|quanto|perché)\b"),
    question_words=words(
        """che cosa cos'è chi come com'è quando quanto quanta quanti quante dove dov'è perché qual quale
        quali è c'è puoi può potresti hai sai posso devo ci"""
    ),
    tells=(
        r"(?:(?:e|ma|allora|beh|quindi|oh|ah|ehi),? )*"
        r"(?:io|noi|mio|mia|i miei|le mie|il mio|la mia|il nostro|la nostra|lui|lei|loro|ieri|stamattina"
        r"|ho(?! bisogno)|abbiamo|siamo|ero|avevo|mi chiamo|mi fa male|c'era|ci sono"
        r"|la settimana (?:scorsa|prossima))\b"
    ),
)
