"""Words by which the gate tells a prompt about someone's own world from a question about the world at large.

General knowledge of five languages, written for this module; nothing here is fitted to data. Lists are in
lower case and hold the forms that occur, because they are looked up before stemming.
"""

from __future__ import annotations

import re
from typing import Final

from eider.language.lexicon import GREETINGS, HAN_STOP, STOP_WORDS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WE: Final = _words(
    "we us our ours ourselves wir uns unser unsere unserem unseren unserer unseres nous notre nos nosotros nosotras"
    " nuestra nuestro nuestras nuestros"
)
"""A group that the asker belongs to: what "we" do is nobody's general knowledge."""

MY: Final = _words("my mine mein meine meinen meinem meiner meines mon ma mes mi mis mí")
"""What belongs to the asker."""

ME: Final = _words(
    "i myself me ich mich mir je j moi suis ai dois peux vais yo conmigo tengo puedo debo debería hago quiero uso pago pongo"
    " cobro vivo trabajo llevo doy voy estoy soy envío mando necesito"
)
"""The asker."""

HOW_DO_I: Final = re.compile(
    r"\bhow (?:do|can|would|could) (?:i|you|one)\b|\b(?:give|tell|show|list|get|find|teach|remind|read|write|make) me\b|\bwie (?:kann|macht) man\b"
    r"|\bcomment (?:on|puis-je|faire)\b|\bcómo (?:se|puedo)\b|\b(?:donne|dis|montre|traduis)-moi\b|\b(?:dame|dime|hazme)\b",
    re.IGNORECASE,
)
"""First persons that anybody uses who asks for general advice."""

OUR_VERB: Final = re.compile(
    r"\b\w{2,}[ae]mos\b|\b(?:decid|abr|escrib|sal|segu|ped|serv|viv|reun|ten|pod|quer)(?:í?a|i)?mos\b|\b\w+ons-nous\b|\b\w+-t-on\b",
    re.IGNORECASE,
)
"""Verb forms that say "we" without the word."""

NEAR: Final = _words(
    "today tomorrow tonight yesterday now currently again still yet anymore here"
    " monday tuesday wednesday thursday friday saturday sunday weekend"
    " heute morgen gestern jetzt gerade aktuell aktuelle wieder noch damals derzeit hier"
    " montag dienstag mittwoch donnerstag freitag samstag sonntag wochenende"
    " aujourd'hui demain hier maintenant actuellement encore ici lundi mardi mercredi jeudi vendredi samedi dimanche"
    " hoy mañana ayer ahora actualmente todavía aún aquí lunes martes miércoles jueves viernes sábado domingo"
)
"""Words that point at the here and now of whoever speaks."""

THIS: Final = _words("this these diese dieser diesen diesem dieses cet cette ces este esta estos estas")
"""Words that point at something in sight, often pasted into the prompt itself."""

MAY: Final = _words(
    "may can could should shall must allowed darf dürfen kann können soll sollen sollte muss müssen peut"
    " peux-je puis-je dois-je peut-on faut-il puede podemos puedo podría debo debería permitido"
)
"""Openers of "may I": what answers them is a rule of the house."""

GENERAL: Final = _words(
    "typical typically usual usually average generally general commonly invented invent inventor invention discovered"
    " history origin origins etymology meaning mean means definition define defined difference differ"
    " differs synonym translate translation spell pronounce world worldwide century centuries ancient medieval famous"
    " human humans adult adults species animals countries planet capital population"
    " physics biology chemistry beginner beginners textbook textbooks recipe tips mythology phrase expression"
    " idiom word traditionally countries invention"
    " typisch üblich üblicherweise gewöhnlich durchschnittlich durchschnitt allgemein erfunden erfand erfinder erfindung"
    " entdeckt geschichte herkunft ursprung bedeutung bedeutet definition unterschied unterscheiden synonym übersetze"
    " übersetzen welt weltweit jahrhundert antike mittelalter mensch menschen erwachsene tiere länder"
    " hauptstadt funktioniert entsteht rezept tipps wort redewendung erklärt"
    " typique habituel habituellement moyenne moyen généralement général inventé inventa inventeur découvert histoire"
    " origine étymologie signifie signification définition différence synonyme traduis traduire monde siècle siècles"
    " antique médiéval humain humains adultes animaux pays capitale recette recettes mot expression sens"
    " fonctionne"
    " típico típica normalmente habitual promedio media general inventó inventor invento descubrió historia origen"
    " etimología significa significado definición diferencia sinónimo traduce traducir mundo siglo siglos antiguo"
    " humano humanos adultos animales países capital receta recetas palabra expresión funciona"
)
"""Words of questions whose answer stands in an encyclopedia."""

LIGHT: Final = _words(
    "get got gets make makes made do done go goes going give given take takes use used using uses want wants need needs"
    " have has had keep keeps put say says said tell know like please thing things something anything way new old good"
    " best next last first much many more most some any all every each about up out off down over into just really very"
    " also only too long how's what's that's it's there's let lets let's help show see look one ones name called call"
    " kind type sort right time times again still now ever else lot bit maybe yes no"
    " machen macht mache mach gehen geht geben gibt gib nehmen nimmt haben hat brauche brauchen will möchte bitte etwas"
    " neue neuer neues neuen gut gute bester beste nächste nächsten letzte letzten erste viele viel wirklich auch nur"
    " mal schon heißt zeig zeige hilf"
    " faire fait fais font aller va vont donner donne donne-moi prendre prend utilise utiliser veux voudrais besoin"
    " svp plaît nouveau nouvelle bon bonne meilleur meilleure prochain prochaine dernier dernière premier première"
    " beaucoup très aussi seulement appelle"
    " hacer hace haz hazme ir va dar da dame tomar usa usar quiero necesito favor nuevo nueva bueno buena mejor próximo"
    " próxima último última primero primera mucho muchos muy también solo llama"
)
"""Words that carry little of a subject; they neither need an answer in a line nor count as one."""

DEALING: Final = _words(
    "touch touches touching work works working open opens opening edit edits editing change changes changing modify update updating"
    " start starts starting begin look looking mention mentions mentioned talk talks talking discuss discussing speak come comes up"
    " anything anyone somebody someone code file files module part stuff page section area"
    " anfassen anfasst arbeiten arbeite bearbeiten öffnen öffne ändern ändere reden sprechen erwähnt erwähnen beginnen anfangen code datei"
    " dateien modul teil seite bereich jemand"
    " touche touchons touchez travaille travaillons ouvre ouvrons modifie modifions change changeons parle parlons mentionne commence code fichier"
    " fichiers module partie page quelqu'un"
    " tocamos toquemos trabajamos trabajemos abrimos abramos editamos editemos cambiamos cambiemos hablamos hablemos menciona empezamos"
    " código archivo archivos módulo parte página alguien"
) | frozenset("改动碰开打编辑讨论说提到开始代码文件模块部分时候")
"""Words for dealing with anything at all, and for its parts: what an occasion is about are its other words."""

CHAT: Final = GREETINGS | _words(
    "cheers brilliant wonderful perfect nice lovely star fine right done night morning evening good bye later soon"
    " cool works love haha ha fair enough kind sounds ok great next yes yeah do weekend talk see you that all me us"
    " delicious coffee first much so very thanks again one tomorrow see nice got it understood will makes sense no problem"
    " never mind alright appreciated hey morning monday weekend how are you"
    " passt prima toll perfekt schönen schön tag abend nacht gute guten wochenende bis später vielen lieben herzlichen ja"
    " nein alles klar morgen verstanden bestens dir euch parfait super merci beaucoup bonne bon soirée journée nuit bientôt d'accord c'est tout plus tard demain compris entendu top"
    " perfecto estupendo muchas buenas buenos noches días tardes luego pronto hasta acuerdo mañana entendido listo nos vemos"
)
"""Words of which small talk is made; a prompt of nothing else asks for nothing."""

EDIT: Final = _words(
    "please bitte plaît favor run rerun restart retry undo redo repeat shorter longer make cut sort turn dim read export rebase push ping rename"
    " delete revert format continue stop go again it this that them last next line lines paragraph change tests test words"
    " bold bit down up instead show me your the second first third punchier simpler louder quieter times five"
    " lass laufen starte kürzer länger nochmal mach rückgängig wiederhole weiter den die das es"
    " relance refais plus court annule continue encore répète le la les"
    " compila ejecuta otra vez repite deshaz más corto sigue lo la"
)
"""Words of commands about what lies on the screen."""

TASK: Final = _words(
    "write draft rewrite refactor review plan prepare make create build design suggest compose reply answer email mail send"
    " schedule book list summarise summarize sketch format generate implement add fix propose recommend set scaffold"
    " deploy publish post plot print order pick choose outline edit proofread translate invite find enter type turn"
    " evaluate organise organize arrange deliver update rate quote explain teach quiz comment start load merge release"
    " schreib schreibe schreiben entwirf plane erstelle mach mache bereite formuliere antworte schick schicke prüfe"
    " überarbeite zeichne such suche trag liste fasse nenne bau baue entwerfe verfasse übersetze präsentiere stell"
    " écris rédige prépare fais envoie propose planifie imagine réponds dessine organise crée présente trouve corrige"
    " résume liste prévois ajoute traduis choisis"
    " escribe redacta prepara prepárame haz hazme envía propón proponme planifica diseña responde dibuja organiza crea busca corrige resume lista"
    " añade traduce elige"
)
"""Verbs that open a piece of work; rules and preferences shape the result."""

GUIDING: Final = frozenset({"rule", "preference"})
"""Kinds of memory that say how work is to be done."""
HAN_WE: Final = re.compile("我们|咱们|本店|本组")
HAN_I: Final = re.compile("我(?!们)")
HAN_NEAR: Final = re.compile("今天|明天|昨天|今晚|现在|目前|那时|当时|上次|下周|这周|周[一二三四五六日]|还")
HAN_THIS: Final = re.compile("这(?!周)")
HAN_GENERAL: Final = re.compile(
    "是什么|什么是|为什么叫|发明|起源|历史|区别|意思|定义|平均|世界|人类|世纪|朝代|神话|食谱|怎么做的|推荐几|怎样形成|首都|最早|翻译"
)
HAN_TASK: Final = re.compile("^(?:请|帮我|给我)?(?:写|画|做|安排|准备|起草|设计|列|发|改|推荐|翻译|整理|总结)")
HAN_CHAT: Final = re.compile("谢谢|好的|哈哈|你好|再见|先这样|辛苦|好吧|好|嗯|晚安|早上")

DEFINITE: Final = re.compile(r"\bthe\s+[a-zà-ÿ]", re.IGNORECASE)
ARTICLE: Final[dict[str, re.Pattern[str]]] = {
    "de": re.compile(r"\b(?:der|die|das|den|dem|des|im|am|beim|vom|zum|zur|ins|ans)\s", re.IGNORECASE),
    "fr": re.compile(r"\b(?:le|la|les|du|au|aux)\s|\bl['’]", re.IGNORECASE),
    "es": re.compile(r"\b(?:el|la|los|las|del|al)\s", re.IGNORECASE),
}
"""Definite articles. Apart from English they stand before kinds of things as well, and say less."""
INDEFINITE: Final = re.compile(
    r"\b(?:what|who|how|why|when|where|which)(?:['’]s| is| are| was| were| does| do| did| long is| often does| many \w+ (?:does|do|has|in|are in))\s+(?:an?\s|[a-z]{3,}s\b(?! (?:is|are|was)\b))"
    r"|^(?:is|are|do|does|can) (?:an?\s|[a-z]{3,}s\b)"
    r"|^what(?:['’]s| is| are) [a-z]+(?: [a-z]+)? (?:for|made of|good for|used for)\b|qu['’]est-ce que (?:le|la|les|l['’])"
    r"|\b(?:was (?:ist|sind|heißt)|wie (?:funktioniert|entsteht))\b|qu['’]est-ce qu['’](?:une?)|\bc['’]est quoi\b|\bqué (?:es|son)\b|\bcómo (?:se|funciona)\b",
    re.IGNORECASE,
)
"""Sentence forms of questions about a kind of thing: "what is a …", "how do …s"."""
STOPS: Final = frozenset().union(*STOP_WORDS.values()) | _words("qu est-ce y-a-t-il a-t-il")
"""Function words of all languages: a word that is one in any carries no subject here."""
HOSTS: Final = _words("com org net io www git github gitlab bitbucket")
"""Parts of a scope's address that name nothing of the user's."""
NO_SUBJECT: Final = STOPS | LIGHT | HAN_STOP
"""Words that neither need an answer in a line nor count as one."""

MAY_I: Final = re.compile(
    r"\bshall (?:i|we)\b|\b(?:allowed|ok(?:ay)?|alright) (?:to|if)\b|可以|能不能|能.{0,200}吗|行吗", re.IGNORECASE
)
OUR_TALK: Final = re.compile(
    r"\b(?:did|have|had) you\b|\b(?:did|have|had) i (?:say|said|tell|told|mention\w*|ask\w*|want\w*|decide\w*|plan\w*|describe\w*)\b|\byou (?:said|told|suggest\w*|recommend\w*|mention\w*|advis\w*|propos\w*|gave|wrote)\b"
    r"|\byour (?:advice|suggestion|recommendation|tip|verdict)\b|\b(?:hast|hattest|sagtest|meintest) du\b|\bdu (?:hast|hattest)\b"
    r"|\b(?:habe|hatte) ich (?:\w+ ){0,4}(?:gesagt|erzählt|erwähnt|gefragt|vor)\b|\bsagte ich\b|\b(?:as|avais)-tu\b|\btu (?:m['’]as|as|avais|m['’]avais)\b|\b(?:ai|avais)-je (?:dit|parlé|raconté|mentionné|demandé|décidé|choisi)\b|\b\w{3,}[ai]ste\b"
    r"|\bme (?:has|habías)\b|\b(?:dije|conté|mencioné)\b|你(?:说|建议|推荐|提|告诉|觉得)|我(?:说|提到|告诉)",
    re.IGNORECASE,
)
"""References to what asker and agent said to each other."""

PAST: Final = re.compile(
    r"\b(?:did|was|were|had|used to|back then|était|étaient|avait|avaient|avions|era|eran|fue|había|tenía|teníamos"
    r"|(?!souhait|parfait|extrait|portrait)\w{4,}(?:ait|aient)|\w{3,}(?:aba|aban|ían))\b|当时|那时|之前",
    re.IGNORECASE,
)
PAST_DE: Final = re.compile(r"\b(?:war|waren|wurde|wurden|hatte|hatten|damals)\b", re.IGNORECASE)
"""A time gone by; German apart, because its "was" asks "what"."""

ASKS: Final = re.compile(
    r"^(?:and |so )?(?:what|which|who|when|where|why|how|was|wer|wann|wo|wie|welche\w*|warum|qui|que|quel\w*|où|quand|combien"
    r"|comment|qu['’]|qué|quién|cuándo|dónde|cuánt\w+|cómo|cuál\w*)\b|[?？]\s*$|什么|谁|哪|几|多少|吗",
    re.IGNORECASE,
)
"""Questions, as against tasks and remarks."""

COUNTED: Final = re.compile(
    r"\bhow many ([a-z-]+)|\bwie viele (\w+)|\bcombien d(?:e |['’])(\w+)|\bcuánt[oa]s (\w+)", re.IGNORECASE
)
"""What is to be counted."""

ANSWERS: Final[dict[str, re.Pattern[str]]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "money": r"[€$£¥]|\b(?:euros?|dollars?|pounds?|francs?|cents?|cedis?|pesos?|yen|yuan|eur|usd|chf|gbp|pence)\b|\d ?%|percent"
        r"|\d[.,]\d{3}\b|\d (?:an?|each|per|pro|par|por)\b|\b(?:free of charge|kostenlos|gratis|gratuit)|元|块",
        "clock": r"\d{1,2}[:h.]\d\d|\b\d{1,2} ?(?:am|pm|uhr|h|heures?)\b|\b(?:o'clock|noon|midnight|midi|minuit|mediodía)\b|half past"
        r"|quarter|\b(?:at|from|until|till|by|before|after|um|bis|ab|vor|nach|à|a las) (?:one|two|three|four|five|six|seven|eight|nine"
        r"|ten|eleven|twelve|sechs|sieben|acht|neun|zehn|elf|zwölf|siete|ocho|nueve|diez|six|sept|huit|neuf|dix|vingt|\d)|heures?\b"
        r"|\ba las? \w+|\bum (?:halb|viertel)|\b(?:morning|dawn|evening|afternoon|morgens|abends|vormittags|nachmittags|matin|soir|mañana|tarde)\b"
        r"|点|清晨|早晨|早上|上午|中午|下午|晚上",
        "span": r"\b(?:second|minute|hour|day|week|month|year|night|fortnight|sekunde|stunde|tag|woche|monat|jahr|seconde|heure|jour"
        r"|semaine|mois|an|année|segundo|minuto|hora|día|semana|mes|año|century|page|seite|página)(?:s|n|en|e|es)?\b"
        r"|\b(?:until|till|bis|jusqu|hasta|since|seit|depuis|desde)\b|\d ?(?:ms|s|h|min)\b|\b(?:19|20)\d\d\b|分钟|小时|天|周|月|年|秒",
        "colour": r"\b(?:black|white|grey|gray|red|green|blue|yellow|orange|purple|violet|pink|brown|beige|cream|ochre|turquoise|teal"
        r"|silver|gold|navy|schwarz|weiß|grau|rot|grün|blau|gelb|braun|rosa|lila|noir|blanc|gris|rouge|vert|bleu|jaune|brun|rose"
        r"|negr|blanc|roj|verde|azul|amarill|marrón)(?:e[rnsm]?|s|es|he|hes|o|a|os|as)?\b|[红绿蓝黄白黑灰紫粉棕橙]",
        "warmth": r"°|\b(?:degrees?|celsius|grad|degrés?|grados?)\b|度",
        "length": r"\b(?:m|cm|mm|km|met(?:re|er)s?|mètres?|metros?|feet|foot|inch(?:es)?|miles?|kilomet(?:re|er)s?|kilomètres?"
        r"|centimet(?:re|er)s?|millimet(?:re|er)s?|zentimeter|hectares?|acres?|litres?|liter|grams?|kilos?|kg|tonnes?|tons?|[kmgt]b"
        r"|points?|pt|px|pixels?|a[0-5])\b|\d(?:m|cm|mm|km|kg|gb|mb|tb)\b|米|公里|平方",
        "often": r"\b(?:every|each|daily|weekly|monthly|yearly|hourly|annually|nightly|once|twice|times|per|fortnightly|quarterly"
        r"|jede[nrs]?|\w+mal|stündlich|halbjährlich|jährlich|täglich|wöchentlich|monatlich|alle|pro|mal|chaque|tous les|toutes les|par|fois|cada|diario|veces|todos los"
        r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days|(?:mon|diens|donners|frei|sams|sonn)tags|mittwochs)\b|每|次",
        "age": r"\b(?:born|aged|age|old|birthday|built|year|years|geboren|alt|jahre?|né|née|ans|nació|años|nacid[oa])\b"
        r"|\b(?:19|20)\d\d\b|岁|出生|年",
    }.items()
}
"""What a text must hold to answer each kind of question."""

_NAMED_EN: Final = (
    "brand|model|make|company|firm|bank|hotel|airline|school|framework|database|engine|provider|journal|lab|laborator\\w+|name"
    "|microcontroller|supplier|author|title|region|city|address|street|surname|app"
)
ASKED: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in {
        "money": r"how much (?:do|does|did|is|are|was|were) .{0,200}\b(?:cost|charge|pay|paid|earn|owe|rent|fee|invest)|\bprice"
        r"|\bwhat .{0,200}\b(?:costs?|charge|fee|rent|pay|earn)\b|(?:was|wie ?viel) .{0,200}(?:kostet|kosten|zahle|verlange|verdien)"
        r"|combien .{0,200}(?:coûte|paie|gagne)|cuánto (?:\w+ )?(?:cuesta|cobra|pago|gana)|多少钱",
        "clock": r"\b(?:what|which) times?\b|um wie ?viel uhr|\bquelle heure|\bqué hora|几点",
        "often": r"\bhow often\b|\bwie oft\b|tous les combien|con qué frecuencia|多久.{0,200}一次",
        "age": r"\bhow old\b|\bwie alt\b|quel âge|qué edad|几岁",
        "colour": r"\b(?:what|which) colou?r|\bwelche farbe|\bquelle couleur|\bqué color|什么颜色",
        "warmth": r"\b(?:what|which) temperatures?\b|\bhow (?:hot|warm|cold)\b|welche[rn]? temperatur|quelle température|qué temperatura|多少度",
        "length": r"\bhow (?:deep|tall|wide|high|thick|heavy)\b|\bwie (?:weit|tief|hoch|breit|schwer)\b|\bqué altura|多高|多深",
        "span": r"\bhow long\b|\bhow many (?:minutes|hours|days|weeks|months|years)|\bwie lange?\b|combien de (?:temps|jours|minutes)"
        r"|cuánto tiempo|多久|多长",
        "when": r"^(?:and |so )?when\b(?!.*,)|\bwhen (?:do|does|did|is|are|was|were|will|can|should|shall|am|has|have)\b|\b(?:which|what) (?:day|date|month|year|week|evening)|\bwann\b|\bquand\b|\bcuándo\b|什么时候|哪天|几月|几号",
        "number": r"\bhow (?:many|much|big|large)\b|\bwie groß|多大|\bwie ?viele?\b|\bcombien\b|\bcuánt[oa]s?\b|多少|几"
        r"|\b(?:phone|account|passport|house) number\b|'s number\b",
        "who": r"^(?:and |so )?whom?\b|\bwhom? (?:do|does|did|is|are|was|were|can|should|shall)\b|^we[rnm]\b|^qui\b|\bquién(?:es)?\b|谁",
        "named": rf"\b(?:what|which|whose) (?:\w+ )?(?:{_NAMED_EN})\b|\bname of\b|\bcalled\b|\btitle of\b"
        r"|welche[rsn]? (?:marke|modell|datenbank|bank|schule|firma)|\bquel(?:le)? (?:marque|modèle|base|école|langage|hôtel)\b"
        r"|\bcómo se llama|qué (?:marca|modelo|motor|banco|escuela)|叫什么",
    }.items()
)
"""Kinds of question, the more particular first."""

NOT_YOU: Final = _words("you du tu vous people one someone somebody man on uno se")
"""Whoever a question about them is no "may I" of the asker's."""
TITLES: Final = _words("mr mrs ms miss dr prof professor herr frau monsieur madame señor señora sr sra mme m")
"""What comes before the name of somebody the asker deals with."""
SINGULAR: Final = re.compile(
    r"^(?:is|was|has|had|will|can|may|does|ist|war|hat|wird|kann|est|a|était|va|es|fue|tiene|[a-z]{3,}[^s\W]s)$"
)
"""A word after which the one before it was a subject in the singular."""

NEAR_SAID: Final = re.compile(
    r"\b(?:last|next|this|coming) (?:week|month|year|time|night|summer|winter|spring|autumn|quarter|morning|afternoon|evening|term|season)\b"
    r"|\b(?:so far|at the moment|right now|these days|at present|at that (?:time|point)|back then)\b"
    r"|\b(?:letzte[sn]?|nächste[sn]?|diese[sn]?|kommende[sn]?) (?:woche|monat|jahr|mal|nacht|sommer|winter|herbst|quartal)\b|\bzur ?zeit\b|\bim moment\b"
    r"|\b(?:semaine|mois|année|fois|été) (?:prochaine?|dernière?)\b|\b(?:prochaine|dernière) (?:fois|semaine)\b|\bce (?:soir|matin|mois)\b|\ben ce moment\b"
    r"|\b(?:próxim[ao]|últim[ao]) (?:semana|mes|vez|año)\b|\b(?:semana|mes|año) (?:que viene|pasad[ao])\b|\besta (?:noche|tarde|semana|vez)\b"
    r"|\b\d{1,2}(?:st|nd|rd|th)?\.? (?:of )?(?:january|february|march|april|may|june|july|august|september|october|november|december|januar|februar|märz|mai"
    r"|juni|juli|oktober|dezember|janvier|février|avril|juin|juillet|août|septembre|octobre|novembre|décembre|(?:de )?(?:enero|febrero|marzo|abril|mayo|junio|julio"
    r"|agosto|septiembre|octubre|noviembre|diciembre))\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december) \d{1,2}\b"
    r"|上次|下次|上周|下周|上个月|下个月|\d{1,2}月\d{1,2}日",
    re.IGNORECASE,
)
"""Times counted from now, and days of the calendar: the second half of `NEAR`."""
GENERAL_SAID: Final = re.compile(
    r"^how to\b|\bhow to[.?]?$|\bin general\b|\bstands? for\b|\bnamed after\b|\bwhy is it called\b|\bpros and cons\b|\b(?:facts|trivia) about\b|\bexamples of\b"
    r"|\b(?:antonyms?|rhymes?|pronounced|acronym|abbreviation|limerick|riddle|joke)\b"
    r"|\b(?:tallest|largest|longest|fastest|biggest|deepest|highest|smallest|heaviest)\b"
    r"|\bim allgemeinen\b|\bwofür steht\b|\bwoher kommt\b|\bvor- und nachteile\b|\bbeispiele für\b|\b(?:größte|längste|höchste|tiefste|schnellste)[nrs]?\b"
    r"|\ben général\b|\bd['’]où vient\b|\bexemples de\b|\bles? plus (?:grand|haut|long|profond)e?s?\b"
    r"|\ben general\b|\bde dónde viene\b|\bejemplos de\b|\b(?:el|la|los|las) más (?:grande|alto|alta|largo|larga)s?\b"
    r"|一般来说|举例|最(?:大|高|长|深|快)的",
    re.IGNORECASE,
)
"""The second half of `GENERAL`: phrases."""

FACT: Final = re.compile(
    r"^[¿ ]*(?:and |so )?(?:what|which|who|whom|whose|when|where|how (?:many|much|long|old|often|deep|high|far)|wer|was|wann|wo|welche[rsnm]?"
    r"|wie ?viele?|wie (?:lang|oft|alt|hoch|tief|groß)|quel(?:le)?s?|qui|quand|où|combien|qué|quién(?:es)?|cuándo|dónde|cuánt[oa]s?|cuál(?:es)?)\b"
    r"|什么|谁|哪|几|多少|何时|多(?:久|长|大|高)",
    re.IGNORECASE,
)
"""Questions that name what they want to know; it must then be in the line."""
