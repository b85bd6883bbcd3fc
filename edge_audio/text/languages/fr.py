"""French."""

from edge_audio.text.language import Language, listed, spelled, words

_PLEASE = r"(?: (?:me|m'|nous|s'il te plaît|s'il vous plaît|ce soir|demain))*"

LANGUAGE = Language(
    code="fr",
    scripts=frozenset({"LATIN"}),
    letters="a-zà-öø-ÿœ'-",
    variants=("\u2019\u02bc", "''"),
    apology="Désolé, je ne peux pas répondre à cela pour le moment.",
    times="fois",
    abbreviations=words(
        """av bd boul cf chap dr env etc fig hab janv m me mm mme mmes mlle mlles pp pr st ste tél vol"""
    ),
    openers=words(
        """afin après au aux avant avec car chez comme contre d' dans de depuis derrière des dès donc
        dont du durant entre et jusqu'à lorsque lorsqu' mais malgré ou où par parce pendant pour puisque
        puisqu' quand que qu' qui sans selon si sous sur vers à"""
    ),
    backchannels=words(
        """mm mmm mmh mhm hm hum hmm ah oh eh oui ouais ok okay bon bien voilà exactement exact parfait
        super vrai compris entendu certes évidemment absolument vraiment d'accord"""
    )
    | {"je vois", "je comprends", "très bien", "bien sûr", "ça marche", "c'est vrai", "c'est ça"},
    lone_backchannels=frozenset({"je", "je sais", "je t'écoute", "tout à fait"}),
    needs_more=words(
        """le la les l' du de d' des au aux mon ma mes ton ta tes son sa ses notre votre leurs nos vos
        ce cet cette ces à et ou mais que qu' car parce dans chez très quel quelle quels quelles j' je
        ne n' m' t' s' c' me te se jusqu' jusqu'à lorsque lorsqu' puisque puisqu' dont quelques est-ce"""
    ),
    fillers=words("euh heu hum ben bah"),
    left_open=words(
        """un une avec pour sur sans sous en par si quand comme vers entre depuis pendant chaque parmi
        selon malgré y on il ils tu"""
    ),
    introduces=(
        r"\best-ce qu(?:e |')(?:je|tu|il|elle|on|nous|vous|ils|elles|c'est)",
        rf"\b(?:peux-tu|pouvez-vous|pourrais-tu|pourriez-vous){_PLEASE}",
        rf"(?<!comme )(?<!si )\b(?:tu peux|vous pouvez|tu pourrais|vous pourriez){_PLEASE}",
        r"\b(?:puis-je|peut-on|on peut|je peux|dois-je)(?: (?:savoir|demander|dire|prendre|faire))?",
        r"\b(?:je veux|je voudrais|j'aimerais|je cherche|j'ai besoin)(?: (?:savoir|demander|dire))?",
        r"\b(?:il faut|je dois|je vais|on va)(?: (?:savoir|demander|dire))?",
        r"(?<!comme )(?<!si )\b(?:tu veux|vous voulez|tu sais|vous savez)",
        rf"\b(?:dis|raconte|montre|explique|lis|donne|envoie|cherche|demande|trouve)-(?:moi|lui|nous|leur){_PLEASE}",
        r"\brappelle-moi (?:ce soir|demain|aujourd'hui|cet après-midi)",
        r"\b(?:quel|quelle|quels|quelles|où|comment|mon \w+|ma \w+|le \w+|la \w+) (?:est|sont|était|fait|a)",
        r"\bcombien(?: (?:de |d')\w+)? (?:de|y a-t-il|il y a|coûte|met|a)",
        r"\A(?:il y a|y a-t-il|c'est|ce sont|il est|elle est|j'ai|je suis|nous avons|on a|je)",
        r"\b(?:je crois|je pense|je me demande|est-il vrai)",
    ),
    leads_up=(
        r"(?:(?:et|mais|bon|alors|donc|euh|ok) )?"
        r"(?:s'(?!il (?:te|vous) pla)|(?:lorsqu|puisqu|parce qu|dès qu|tant qu|avant qu|pendant qu)'"
        r"|(?:si|quand|lorsque|puisque|parce que|dès que|tant que|pendant que|depuis que|avant (?:de|que)"
        r"|avant d'|après (?:que|avoir|être)|bien que"
        r"|comme(?! tu veux| vous voulez)(?= (?:je|j'|il|elle|on|nous|vous|tu)\b))\s*)"
        r"(?!(?:est-ce|est|sont|part|arrive|commence|finit|ouvre|ferme"
        r"|\w+-(?:t-)?(?:tu|il|elle|on|vous|nous|ils|elles))\b)[^,;]*"
    ),
    spelled=spelled("zéro un deux trois quatre cinq six sept huit neuf", "b-gi-xz"),
    listed=listed(
        "et|ou|s'il te plaît|s'il vous plaît", unless=r"(?:qui|que|quel|quand|comment|où|combien)\b"
    ),
    question_words=words(
        """quoi que quel quelle quels quelles qui où quand comment combien pourquoi est-ce qu'est-ce y
        peux-tu peux peut-on puis-je tu vous a-t-il fera-t-il a-t-elle"""
    ),
    tells=(
        r"(?:(?:et|mais|bon|alors|donc|oh|ah|euh|eh bien),? )*"
        r"(?!je (?:voudrais|veux|cherche|dois)\b|j'aimerais|il (?:faut|y a)\b)"
        r"(?:je|j'\w+|nous|on|mon|ma|mes|notre|nos|il|elle|ils|elles|hier|parce"
        r"|la semaine (?:dernière|prochaine))\b"
    ),
)
