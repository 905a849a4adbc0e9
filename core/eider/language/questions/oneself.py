"""Questions for all that is known of the asker: "what do you know about me?", in the languages of the reader."""

from __future__ import annotations

import re
from typing import Final

from eider.language.lexicon import STOP_WORDS

_LONGEST: Final = 160
"""Characters of such a question; what is longer brings a matter of its own. A guess."""
_ABOUT_ME: Final = re.compile(
    r"\b(?:about|on|of|regarding) (?:me|myself|us)\b|\b(?:know|remember|recall|knows) (?:me|us)\b"
    r"|\büber (?:mich|uns)\b|\bvon mir\b|\b(?:kennst|erinnerst) du (?:dich (?:an )?)?mich\b"
    r"|\b(?:sur|de|à propos de|de moi|concernant) (?:moi|nous)\b|\b(?:me (?:connais|souviens)|te souviens-tu de moi)\b"
    r"|\b(?:de|sobre|acerca de) m[ií]\b|\bme (?:conoces|recuerdas)\b|\b(?:di|su|riguardo a) me\b|\b(?:sobre|de) mim\b"
    r"|关于我|關於我|(?:知道|了解|记得|認識|认识|記得)(?:关于|關於)?我|对我(?:知道|了解)|對我|(?:私|僕|俺|自分|わたし)(?:について|のこと)|(?:나|저|내|제)(?:에 대해|에 대하여|를|에 관해)",
    re.IGNORECASE,
)
_WHO_AM_I: Final = re.compile(
    r"^\W*(?:who am i|wer bin ich|qui suis[- ]je|(?:y )?quién soy(?: yo)?|chi sono(?: io)?|quem sou eu|我是谁|我是誰|(?:私|僕)は(?:誰|だれ)(?:ですか)?"
    r"|(?:나는|내가|저는|제가) 누구(?:야|지|예요|입니까|인가요)?)\W*$",
    re.IGNORECASE,
)
_ASKING: Final = frozenset(
    # knowing and telling, and what is known, in the forms that occur
    "know known knows remember remembered recall tell list show summarize summarise learn learned learnt stored store kept keep"
    " saved save memory memories everything all anything things thing facts fact information info notes note summary say so far ve s"
    " please you me my i profile picked up gathered already now long again still exactly really actually"
    " weißt weisst wissen merken gemerkt erinnerst erinnern gespeichert erzähl erzähle sag sage zeig zeige fass zusammen liste alles"
    " bisher gelernt dinge fakten informationen eigentlich kennst an dich bitte mal schon noch über mich mir hast habe dir du dich"
    " sais savez connais connaissez souviens rappelles retenu retiens dis moi raconte résume tout choses faits appris mémoire"
    " informations jusqu ici c est qu tu"
    " sabes sabe conoces recuerdas recuerda dime cuéntame resume todo cosas datos aprendido memoria información hasta mí mi"
    " cosa che sai ricordi conosci dimmi tutto cose finora so sappiamo lembra sabes sabe conhece diga tudo o que coisas mim você".split()
)
"""Words with which one asks for what is known; a question of other words too asks for something particular."""
_EAST_ASIAN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_EAST_ASIAN_ASKING: Final = re.compile(
    r"你|您|请|請|告诉|告訴|知道|了解|记得|記得|认识|認識|关于|關於|什么|什麼|哪些|多少|所有|一切|事情|信息|的|了|吗|嗎|呢|都|还|還|对|對|我|说|說|一下|记住|有|些|事"
    r"|何|なに|を|が|は|の|こと|知って|覚えて|います|いる|か|教えて|ください|について|すべて|全部|あなた|君|私|僕|俺|自分|わたし|る|に|で|て"
    r"|뭘|무엇|뭐|을|를|알고|알아|있어|있나요|있니|기억|해|하고|말해|줘|모두|전부|에|대해|대하여|관해|나|저|내|제|너|당신|는|은|가|이|요|하|나|지"
)


def asks_about_oneself(text: str) -> bool:
    """Return whether a text asks for what is known of the asker at large, and for nothing in particular.

    >>> asks_about_oneself("What do you know about me?"), asks_about_oneself("What do you know about my dentist?")
    (True, False)
    """
    text = text.strip().casefold().replace("’", "'")
    if not text or len(text) > _LONGEST:
        return False
    if _WHO_AM_I.search(text):
        return True
    if not (found := _ABOUT_ME.search(text)):
        return False
    rest = text[: found.start()] + " " + text[found.end() :]
    if _EAST_ASIAN.search(text):
        return not any(c.isalnum() for c in _EAST_ASIAN_ASKING.sub("", rest))
    words = re.findall(r"[^\W_]+", rest)
    return not _KNOWING.isdisjoint(re.findall(r"[^\W_]+", text)) and all(w in _ASKING or w in _FUNCTION for w in words)


_FUNCTION: Final = frozenset().union(*STOP_WORDS.values())
_KNOWING: Final = frozenset(
    "know known knows remember remembered recall learned learnt stored memory memories facts everything summary profile kept saved info"
    " information notes weißt weisst gemerkt erinnerst gespeichert gelernt kennst alles sais savez connais souviens retenu mémoire tout appris"
    " sabes sabe conoces recuerdas recuerda memoria todo sai ricordi conosci tutto lembra conhece tudo".split()
)
"""Of these words one is said; else "a letter about me" would ask for all that is known."""
