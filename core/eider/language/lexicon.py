"""Closed word classes that text analysis and questions read: function words, irregular forms, time words.

Everything here is general knowledge of five languages, written for this module; nothing is
fitted to data. Word lists are in lower case; those of German, French and Spanish carry their
accents, because they are looked up before accents are removed.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS: Final[dict[str, frozenset[str]]] = {
    "en": _words(
        "a an the of to in on at for and or but is are was were am be been being do does did have has had i you he she"
        " it we they me him her us them my your his its our their this that these those with as by from what when"
        " where which who whom whose why how if so not no will would can could should may might must shall there here"
        " than then s t d ll re ve m don isn aren wasn weren doesn didn hasn haven hadn won wouldn couldn shouldn"
    ),
    "de": _words(
        "aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist da"
        " damit dann das dass daß dein deine deinem deinen deiner dem den denn der des dessen deshalb die dies diese"
        " diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es etwas euch euer eure"
        " für gab gegen haben habe hast hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer"
        " im in ins ist ja jede jedem jeden jeder jedes jetzt kann kannst können könnte man mein meine meinem meinen"
        " meiner mich mir mit muss musste müssen nach nicht nichts noch nun nur ob oder ohne schon sehr sein seine"
        " seinem seinen seiner seit sich sie sind so soll sollte sollten sondern über um und uns unser unsere unter"
        " viel vom von vor war waren warum was weil welche welchem welchen welcher welches wem wen wenn wer werde"
        " werden wie wieder will wir wird wo woher wohin worden wurde wurden würde zu zum zur zwischen"
    ),
    "fr": _words(
        "à afin ai ainsi alors après as au aucun aucune aussi autre autres aux avait avant avec avez avoir avons ayant"
        " c car ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme comment d dans de depuis des"
        " donc dont du elle elles en encore entre es est et étaient était étant été être eu eux fait faut il ils j je"
        " l la le les leur leurs lors lui là m ma mais me même mes moi mon n ne ni nos notre nous on ont ou où par"
        " parce pas pendant peu peut plus pour pourquoi pouvez puis qu quand que quel quelle quelles quels qui quoi"
        " s sa sans se selon sera ses si soit son sont sous suis sur t ta tandis te tes toi ton tous tout toute toutes"
        " très tu un une vers vos votre vous y ça"
    ),
    "es": _words(
        "a al algo alguna algunas alguno algunos ante antes así aunque cada como cómo con contra cual cuál cuáles"
        " cuando cuándo cuánto de del desde donde dónde dos durante e el él ella ellas ellos en entre era eran eres es"
        " esa esas ese eso esos esta está estaba están estar estas este esto estos estoy fue fueron ha había habían"
        " haber han has hasta hay he la las le les lo los más me mi mí mientras mis mucho muy nada ni no nos nosotros"
        " nuestra nuestro o os otra otro otros para pero por porque qué que quien quién quiénes se sea según ser si sí"
        " sido sin sobre solo sólo son soy su sus también tan tanto te tenía tengo ti tiene tienen todo todos tu tú"
        " tus un una unas uno unos usted va y ya yo"
    ),
}
"""Function words by language; a term that is one says nothing about a text's subject.

The English list is short on purpose: leaving out "get", "many", "about" and the like costs half a point of
recall on LoCoMo, because what is common is already worth little.
"""

HAN_STOP: Final = frozenset(
    "的了吗呢吧啊呀嘛是在有和与跟及我你您他她它们这那哪什么谁怎样就都也还把被让对从到会能要不没很为个些地得着过之其"
)
"""Function characters; a pair of two of them is dropped as well."""

_IRREGULAR = """
arise arose arisen|awake awoke awoken|bear bore borne|beat beaten|become became|begin began begun|bend bent
bite bit bitten|bleed bled|blow blew blown|break broke broken|breed bred|bring brought|build built|burn burnt
buy bought|catch caught|choose chose chosen|cling clung|come came|creep crept|deal dealt|dig dug|draw drew drawn
dream dreamt|drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed|feel felt|fight fought
find found|flee fled|fly flew flown|forbid forbade forbidden|forget forgot forgotten|forgive forgave forgiven
freeze froze frozen|give gave given|go went gone|grind ground|grow grew grown|hang hung|hear heard|hide hid hidden
hold held|keep kept|kneel knelt|know knew known|lay laid|lead led|lean leant|leap leapt|learn learnt|leave left
lend lent|lie lain lying|light lit|lose lost|mean meant|meet met|pay paid|prove proven|ride rode ridden
ring rang rung|rise rose risen|run ran|say said|see saw seen|seek sought|sell sold|send sent|sew sewn|shake shook shaken
shine shone|shoot shot|show shown|shrink shrank shrunk|sing sang sung|sink sank sunk|sit sat|sleep slept|slide slid
smell smelt|speak spoke spoken|speed sped|spell spelt|spend spent|spill spilt|spin spun|spit spat|spoil spoilt
spring sprang sprung|stand stood|steal stole stolen|stick stuck|sting stung|strike struck|strive strove striven
swear swore sworn|sweep swept|swell swollen|swim swam swum|swing swung|take took taken|teach taught|tear tore torn
tell told|think thought|throw threw thrown|understand understood|wake woke woken|wear wore worn|weave wove woven
weep wept|win won|wind wound|withdraw withdrew withdrawn|write wrote written|undergo underwent undergone
overcome overcame|child children kid kids|man men|woman women|person people persons|foot feet|tooth teeth
mouse mice|goose geese|life lives|wife wives|knife knives|leaf leaves|half halves|shelf shelves|wolf wolves
loaf loaves|mother mom moms mum mommy mama|father dad dads daddy papa|grandmother grandma granny nana
grandfather grandpa granddad|photo photograph photos photographs pic pics picture pictures|television tv
bicycle bike bikes bicycles|telephone phone phones|refrigerator fridge|advertisement ad ads advert|application app apps
mathematics math maths|laboratory lab labs|veterinarian vet vets|examination exam exams|brother bro|sister sis
criterion criteria|phenomenon phenomena|analysis analyses|thesis theses|crisis crises|basis bases|index indices indexes
datum data|medium media|better best good|worse worst bad|database db|repository repo repos|config configuration
information info|document doc docs documentation|vacation holiday holidays vacations|movie film films movies
"""

IRREGULAR: Final[dict[str, str]] = {
    form: forms.split()[0]
    for line in _IRREGULAR.strip().splitlines()
    for forms in line.split("|")
    for form in forms.split()
}
"""English forms that no suffix rule reaches, each to the form it is counted as."""

GREETINGS: Final = _words(
    "hey hi hello thanks thank wow yeah yep yup sure bye goodbye congrats congratulations awesome cool great nice"
    " absolutely definitely totally oh ok okay aw haha lol welcome hallo danke klar genau gerne tschüss super"
    " salut bonjour merci oui voilà génial hola gracias claro vale genial adiós 你好 谢谢 好的 嗯 哈哈 再见"
)
"""First words of turns that mostly keep a conversation going."""

_TIME_EN = (
    "yesterday today tonight tomorrow ago last next recently just since monday tuesday wednesday thursday friday"
    " saturday sunday january february march april june july august september october november december weekend"
    " weekends week weeks month months year years morning evening afternoon day days hour hours minutes spring summer"
    " autumn winter jan feb mar apr jun jul aug sep sept oct nov dec"
)
_TIME_OTHER = (
    "gestern heute morgen abend vorgestern letzte letzten letzter letztes nächste nächsten woche wochen monat monate"
    " monaten jahr jahre jahren montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz mai"
    " juni juli oktober dezember wochenende stunden tage tagen seit hier demain aujourd hui dernier dernière prochain"
    " prochaine semaine semaines mois an ans année années lundi mardi mercredi jeudi vendredi samedi dimanche janvier"
    " février mars avril juin juillet août septembre octobre novembre décembre heures jours ayer hoy mañana anoche"
    " pasado pasada próximo próxima semana semanas mes meses año años lunes martes miércoles jueves viernes sábado"
    " domingo enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre horas días"
)
TIME_WORDS: Final = _words(f"{_TIME_EN} {_TIME_OTHER}")
"""Words that say when."""

NUMBER_WORDS: Final = _words(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred thousand million"
    " dozen once twice first second third several couple few half zwei drei vier fünf sechs sieben acht neun zehn elf"
    " zwölf zwanzig hundert tausend einmal zweimal erste deux trois quatre cinq sept huit neuf dix onze douze vingt"
    " cent mille premier première dos tres cuatro cinco seis siete ocho nueve diez once doce veinte cien mil primero"
)
"""Words that say how many."""

FIRST_PERSON: Final = _words(
    "i my me we our us mine myself ich mein meine meinen meinem meiner mich mir wir unser unsere je j mon ma mes moi"
    " nous notre nos yo mi mis me nosotros nuestra nuestro conmigo"
)
"""Words by which a speaker means themselves."""

TALK_WORDS: Final = (
    "order list mention mentioned item aspect different throughout conversation chat session discuss discussed discussion bring brought comprehensive"
    " summary summarize summarise overview provide detailed progress progressed progression various across including walk sequence chronological explain"
    " describe description explanation tell told talk talked clear thorough recap message complete topic ask asked question previously earlier"
    " specific specifically happen happened say said key"
    " reihenfolge liste auflisten erwähnt erwähnen gespräch besprochen besprechen diskutiert zusammenfassung überblick beschreiben erklären erzählen"
    " erzählt geredet reden passiert geschehen thema themen frage fragen nachricht gesagt"
    " ordre liste mentionné mentionner conversation discuté discuter résumé aperçu décrire expliquer raconter raconté parlé parler passé sujet question"
    " message dit"
    " orden lista mencionado mencionar conversación hablado hablar resumen describir explicar contar contado pasó tema pregunta mensaje dicho dije"
    " 顺序 列出 提到 讨论 对话 聊天 总结 概述 描述 解释 聊 发生 话题 问题"
)
"""Words that speak of a talk itself, or of the form of an answer, and of no subject."""
