"""Spanish."""

from edge_audio.text.language import Language, listed, spelled, words

LANGUAGE = Language(
    code="es",
    scripts=frozenset({"LATIN"}),
    letters="a-záéíóúüñ'",
    apology="Lo siento, ahora mismo no puedo responder a eso.",
    times="por",
    abbreviations=words(
        """aprox av avda cap dr dra etc fig gral ing lic núm nº p.ej pág prof sr sra sras sres srta sta
        sto tel ud uds vol"""
    ),
    openers=words(
        """antes aunque como con cuando de del desde después donde durante en entre hacia hasta mientras
        ni o para pero por porque pues que según si sin sino sobre tras u y"""
    ),
    backchannels=words(
        """mm mmm mhm hm hmm ajá aja ah oh eh sí si ya claro vale ok okey okay bueno bien exacto cierto
        correcto entiendo comprendo perfecto genial vaya seguro"""
    )
    | {"ya veo", "de acuerdo", "por supuesto", "desde luego", "está bien", "así es"},
    lone_backchannels=frozenset(
        {"de", "lo entiendo", "te entiendo", "te escucho", "lo sé", "ya lo sé", "qué bien"}
    ),
    needs_more=words(
        """el los las unos unas mi mis tu tus su sus de del al a con en por para y o u e ni que pero
        porque sin entre desde hasta hacia según muy aunque mientras me nos le les nuestro nuestra"""
    ),
    fillers=words("eh em mmm ehm"),
    left_open=words("la un una si como cuando donde durante ante tras tan cada se te lo aquel pues"),
    closed=frozenset({"para", "para ya", "no para", "ya para"}),
    introduces=(
        r"\b(?:puedes|podrías|puede|podría|podemos|quieres|querría)(?: por favor)?",
        r"\b(?<!no )(?<!lo )(?:quiero|quería|quisiera|querría)(?: saber| preguntar| pedir)?",
        r"\b(?<!no )(?<!lo )(?:prefiero|necesito|puedo|debería)(?: saber| preguntar| pedir)?",
        r"\b(?:me gustaría|tengo que|hay que|voy a|vamos a|acabo de)(?: saber| preguntar| decir| pedir)?",
        r"\b(?:dime|dígame|dile|cuéntame|enséñame|muéstrame|explícame)(?: por favor)?",
        r"\b(?:léeme|búscame|ponme|pregúntale)(?: por favor)?",
        r"\brecuérdame(?: (?:por favor|mañana|hoy|esta noche|esta tarde))?",
        r"\b(?:cuál|cuáles|dónde|cuándo|mi \w+|(?:el|la|los|las) \w+) (?:es|son|era|eran|fue|están)",
        r"\A¿?(?:a )?(?:cómo|qué|quién|cuánto|por qué) (?:es|son|está|están|hay|tiene)",
        r"\A¿?(?:cómo|qué|cuánto|por qué) (?:cuesta|tarda|se llama|le|te)",
        r"(?<!\bel )(?<!\bun )\bsobre",
        r"\b(?:sabes|me pregunto|creo que|es verdad|digamos)",
    ),
    leads_up=(
        r"(?:(?:y|pero|bueno|pues|así que|vale|eh) )?"
        r"(?:si|cuando|aunque|mientras|antes de(?: que)?|después de(?: que)?|porque|ya que|en cuanto"
        r"|desde que|hasta que|siempre que"
        r"|como(?= (?:mañana|hoy|ayer|no|me|ya|tengo|estoy|hace|soy)\b))\s+[^,;]*"
    ),
    spelled=spelled("cero uno dos tres cuatro cinco seis siete ocho nueve", "b-df-np-tvwxz"),
    listed=listed("y|e|o|u|por favor", unless=r"¿?(?:qué|quién|cómo|cuándo|dónde|cuál)\b"),
    question_words=words(
        """qué cuál cuáles quién quiénes cómo cuándo cuánto cuánta cuántos cuántas dónde adónde es está
        hay puedes puede podrías podría tienes sabes quieres tengo debería debo puedo"""
    ),
    tells=(
        r"(?:(?:y|pero|bueno|pues|así que|oye|eh|ah),? )*"
        r"(?:yo|nosotros|mi|mis|nuestr[oa]s?|él|ella|ellos|ayer|anoche|tengo(?! que)|tenemos|tuve|estoy"
        r"|estaba|estuve|he|hemos|fui|fuimos|vi|soy|me llamo|me voy|me duele|vivo|porque|había"
        r"|la semana (?:pasada|que viene))\b"
    ),
)
