"""Portuguese, of Europe and of Brazil."""

from edge_audio.text.language import Language, listed, spelled, words

LANGUAGE = Language(
    code="pt",
    scripts=frozenset({"LATIN"}),
    letters="a-zà-öø-ÿ'-",
    apology="Desculpe, não consigo responder a isso agora.",
    times="vezes",
    abbreviations=words(
        """aprox av cap dr dra eng etc ex exmo nº p.ex pág págs prof profa sr sra sras srs srta tel vol"""
    ),
    openers=words(
        """ao antes após até com como conforme da das de depois desde do dos durante em embora enquanto
        entre mas na nas nem no nos ou para pela pelo pois por porque quando que se segundo sem sob
        sobre e"""
    ),
    backchannels=words(
        """mm mmm mhm hm hmm hum aham uhum ah oh eh é sim claro certo ok okay tá bem bom pois entendi
        entendo percebi percebo exato exatamente perfeito beleza legal isso verdade sei"""
    )
    | {"está bem", "está bom", "com certeza"},
    lone_backchannels=frozenset({"já sei", "já percebi", "estou a ver", "estou vendo", "está"}),
    needs_more=words(
        """a os as uns umas de do da dos das em no na nos nas num numa por pelo pela pelos pelas para
        pra pro com e ou mas ao à aos às sem entre desde sobre até me lhe nem que"""
    ),
    fillers=words("ahn hum éé hã"),
    left_open=words("o um uma se como quando durante enquanto embora te cada tão algum alguma"),
    closed=frozenset({"para", "para já", "não para"}),
    introduces=(
        r"\b(?:pode|podes|poderia|podia|podemos|consegue|quer|queres)(?: (?:me|por favor))?",
        r"(?<!não )\b(?:quero|queria|gostaria|gostava)(?: de)?(?: (?:saber|perguntar|pedir))?",
        r"(?<!não )\b(?:preciso|devo|tenho|acabei)(?: (?:de|que))?(?: (?:saber|perguntar|pedir))?",
        r"\b(?:diz|diga|conta|conte|mostra|mostre|explica|explique|lê)-(?:me|nos)(?: por favor)?",
        r"\bme (?:diz|diga|dizer|conta|conte|mostra|mostre|explica|explique)(?: (?:hoje|amanhã))?",
        r"\bme (?:lembra|lembre|lembrar)(?: (?:hoje|amanhã|hoje à noite))?",
        r"\b(?:lembra|lembre)-me(?: (?:por favor|hoje|amanhã|hoje à noite))?",
        r"\b(?:qual|quais|(?:o|a|os|as|meu|minha) \w+) (?:é|são|era|foi)",
        r"\b(?:o|a|os|as|um|uma|com) (?:meu|minha|meus|minhas|teu|tua|seu|sua|nosso|nossa)",
        r"\A(?:como (?:está|vai|é|se(?: chama)?)|quem (?:é|foi)|quanto (?:custa|tempo)|quantos|quantas|eu)",
        r"\b(?:será|acho|sabe|sabes|pergunto-me)",
    ),
    leads_up=(
        r"(?:(?:e|mas|bom|então|ok) )?"
        r"(?:se(?! faz favor)|enquanto|embora|antes de(?: que)?|depois (?:de|que)|assim que|logo que|já que"
        r"|visto que|sempre que|até que|caso|como(?= (?:amanhã|hoje|não|eu|já|tenho|estou|sou)\b)"
        r"|quando(?! (?:é|são|começa|chega|parte|sai|abre|fecha|posso|devo|foi)\b))\s+[^,;]*"
    ),
    spelled=spelled("zero um uma dois duas três quatro cinco seis meia sete oito nove", "b-df-np-z"),
    listed=listed("e|ou|por favor|se faz favor", unless=r"(?:que|quem|como|quando|onde|qual|quanto)\b"),
    question_words=words(
        """que quê qual quais quem como quando quanto quanta quantos quantas onde aonde porquê é está há
        tem pode podes sabe sabes devo posso quer queres"""
    ),
    tells=(
        r"(?:(?:e|mas|bom|então|pois|oh|ah|olha),? )*(?!eu (?:quero|queria|gostaria|gostava|preciso)\b)"
        r"(?:eu|nós|a gente|meu|minha|o meu|a minha|os meus|as minhas|o nosso|a nossa|ele|ela|eles|elas|ontem"
        r"|tenho(?! (?:de|que))|temos|tive|estou|estava|fui|fomos|vi|sou|me chamo|chamo-me|moro|porque|dói-me"
        r"|na semana (?:passada|que vem)|a semana passada)\b"
    ),
)
