"""Closed word lists by which a clause is cut into subject and predicate: verbs, auxiliaries, pronouns of five languages."""

from __future__ import annotations

from typing import Final

from eider.understand.statements.terms import canon

_VERBS: Final = """
be have do use prefer like love hate dislike want need live reside work use write run deploy keep store host serve
listen open close start end begin finish meet take drink eat smoke play speak know learn study read drive ride own
visit travel fly go come leave arrive move switch migrate upgrade change replace rewrite rename test review lead manage
head maintain chair send cc reply answer address call name format indent squash merge rebase push pull commit log lint
put place make build ship release release schedule hold attend teach watch follow support require expect return expose
connect point depend cost weigh earn pay rent sell buy add remove avoid skip include exclude show hide explain ask tell
give get set enable disable allow forbid check verify validate sort order group sleep wake exercise train cook bake
stay expire rotate back sync publish document comment sign book join report summarise summarize translate quote cite
escape wrap pin cache fetch load poll retry throw raise catch prefix suffix end happen consist contain belong grow
bear born marry enjoy favour favor wear practise practice sing paint draw swim walk hike climb donate subscribe bank
mention update create delete delete rely stand fail pass block limit cap last lint quote spell mark tag label
freeze quarantine touch target greet queue share raise apologise apologize cite gate flag mock stub await crash train volunteer commute serve
""".split()
VERBS: Final = frozenset(canon(verb) for verb in _VERBS)
SPELT: Final = frozenset(_VERBS)
READABLE: Final = {canon(verb): verb for verb in reversed(_VERBS)}
"""Compared forms to the words they stand for, so that an attribute can be read."""
AUXILIARIES: Final = frozenset(
    "is are am was were be been has have had will would shall should must can cannot may might do does did need"
    " ist sind bin war est sont suis es son soy está están hat wird muss soll doit debe lautet".split()
)
COPULAS: Final = frozenset(
    "is are am was were be been become becomes became remains ist sind bin war est sont suis es son soy está lautet".split()
)
EITHER: Final = frozenset(
    "commit test deploy release review report build log plan answer name backup lint code order call note design run work"
    " place feature change update mark label book train back start end pass block limit cap cost order group tag comment"
    " schedule document head lead reply cache load spell quote sign play show need check change send pull push merge sync rebase queue fetch poll retry watch travel stay target visit share".split()
)
"""Verbs that are nouns as often."""
BREAKS: Final = frozenset("before after that which who if when because so until unless while , ; and".split())
FREQUENCY: Final = frozenset(
    "always never usually often generally normally typically only sometimes rarely please do not generally every ya no ne n nunca nie".split()
)
SELF: Final = {
    **dict.fromkeys("i user ich je j yo me myself 我 用户".split(), "user"),
    **dict.fromkeys("we team wir nous nosotros nosotras 我们".split(), "team"),
}
MINE: Final = {
    **dict.fromkeys("my mein meine meinen meinem meiner mon ma mes mi mis mine".split(), "user"),
    **dict.fromkeys("our unser unsere unserem unseren notre nos nuestro nuestra nuestros nuestras".split(), "team"),
}
PREPOSITIONS: Final = frozenset(
    "in at on to for from with by of as into under near about after before over within via bei chez en à für pour".split()
)
MULTIPLE: Final = frozenset(
    "hobby skill interest project pet friend brother sister son daughter child kid language allergy colleague cat"
    " dog task idea plan reason cousin aunt uncle client customer".split()
)
"""What one has several of."""
MANY_VERBS: Final = frozenset(
    "like hate speak know have own visit play learn study read enjoy review watch eat drink cook travel fly support"
    " teach log want follow sing attend".split()
) | {
    canon(word)
    for word in "like hate speak know have own visit play learn study read review watch travel support teach attend follow".split()
}
STATES: Final = frozenset(
    "marry write host deploy keep store build base locate call name put place run live bear name grow manage serve cache".split()
) | {
    canon(word) for word in "marry write host deploy keep store build call put place run live bear manage cache".split()
}
"""Participles and verbs of which a thing has one value: "is written in", "is married to"."""
EITHER_FORMS: Final = frozenset(canon(word) for word in EITHER)
FOREIGN: Final = frozenset(
    "habite fume parle aime travaille mag hat nutzt wohnt arbeitet trinkt raucht spricht vive vivo toma tiene trabaja"
    " prefiere prefiero bebe tengo uso tomo trabajo wohne nutze rauche moved switched went lived worked".split()
)
BY_PEOPLE: Final = frozenset(
    canon(word)
    for word in "prefer like hate live work speak know own drink eat smoke play learn study read drive ride travel fly want love enjoy dislike take wear cook teach review lead manage".split()
)
