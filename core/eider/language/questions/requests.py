"""Phrases by which somebody asks for something to be done, as "can you please", in seven languages.

They say who is to act, never whose words are wanted, and nothing of the matter.
"""

from __future__ import annotations

import re
from typing import Final

_ENGLISH: Final = (
    r"(?:(?:if|whether) you (?:can|could|would|will)|(?:can|could|would|will|can't|couldn't|won't) (?:you|u|we)(?: all)?"
    r"|(?:are|would) you (?:be )?able to|do you (?:mind|remember|recall|happen to know|know)|i(?: also| still)? (?:need|want|would like"
    r"|'d like|’d like) you to|i(?: was|'m|’m| am)? wonder(?:ing)?|please|kindly|help me(?: out)?|let's|let me|(?:tell|show|give|remind) (?:me|us)|i(?: would|'d|’d)? (?:like|love|want|need) to know)"
    r"(?: (?:please|kindly|maybe|perhaps|possibly|just|also|quickly|mind|be able to|help (?:me|us)(?: out)?"
    r"|(?:show|tell|giv|remind|show)(?:e|ing)? (?:me|us)|(?:find|figur)(?:e|ing)? out))*"
)
_GERMAN: Final = (
    r"(?:(?:kannst|könntest|würdest|willst|magst|möchtest) du|(?:können|könnten|würden|wollen) sie|(?:könnt|könntet|würdet) ihr"
    r"|ich (?:möchte|will|brauche|hätte gern)(?: es)?,? ?dass (?:du|sie)|(?:macht|würde) es (?:dir|ihnen) etwas aus(?:machen)?"
    r"|weißt du|erinnerst du dich|bitte|hilf mir|helfen sie mir|helft mir|(?:wärst du|wären sie|seid) so (?:nett|lieb|gut|freundlich),?|(?:sag|zeig|gib|nenn)e?(?: (?:mir|uns))"
    r"|(?:sagen|zeigen|geben|nennen) sie (?:mir|uns)|ich (?:möchte|würde gerne?|will) (?:gerne? )?wissen)"
    r"(?:,? (?:bitte|mir|uns|mal|kurz|vielleicht|helfen|dabei helfen|(?:zu )?(?:sagen|zeigen|nennen)))*"
)
_FRENCH: Final = (
    r"(?:(?:est-ce que )?(?:tu|vous) (?:peux|pourrais|veux|voudrais|pouvez|pourriez|voulez|voudriez)|(?:peux|pourrais|veux|voudrais)[- ]tu"
    r"|(?:pouvez|pourriez|voulez|voudriez|auriez)[- ]vous|j['’](?:ai besoin|aimerais) (?:que (?:tu|vous)|de ton aide pour)|je (?:veux|voudrais)"
    r" que (?:tu|vous)|(?:ça|cela) (?:te|vous) (?:dérange|dérangerait)(?: de)?|(?:te souviens|sais)-tu|s['’]il (?:te|vous) pla[iî]t"
    r"|aidez?[- ]moi(?: à)?|merci de|(?:dis|dites|montre|montrez|donne|donnez)[- ](?:moi|nous)|j['’]aimerais savoir|je (?:veux|voudrais) savoir)"
    r"(?: (?:s['’]il (?:te|vous) pla[iî]t|m['’]aider à|me|nous|dire|donner|montrer|rappeler))*"
)
_SPANISH: Final = (
    r"(?:(?:me |nos )?(?:puedes|podrías|podéis|podríais|pueden|podrían|quieres|querrías|te importaría|le importaría)(?: usted)?"
    r"|(?:necesito|quiero|quisiera|me gustaría) que(?: me)?|por favor|ay[uú]d[ae]me(?: a)?|recuerdas|te acuerdas|sabes"
    r"|(?:dime|d[ií]game|mu[eé]str[ae]me|recu[eé]rd[ae]me)|(?:me gustaría|quiero|quisiera) saber)"
    r"(?: (?:por favor|ayudarme a|ayudar a|(?:decir|dar|mostrar|recordar)(?:me)?|me))*"
)
_ITALIAN: Final = (
    r"(?:(?:mi |ci )?(?:puoi|potresti|può|potrebbe|potete|potreste|vorresti|vuoi)|ti dispiacerebbe|le dispiacerebbe|(?:ho bisogno|vorrei|voglio)"
    r" che(?: tu)?|per (?:favore|piacere|cortesia)|aiutami(?: a| ad)?|mi aiuti(?: a| ad)?|ti ricordi|sai|dimmi|mi dica|mostrami|(?:vorrei|voglio) sapere)"
    r"(?: (?:per (?:favore|piacere|cortesia)|aiutarmi a|dirmi|darmi|mostrarmi))*"
)
_PORTUGUESE: Final = (
    r"(?:(?:voc[êe]s? |tu )?(?:me )?(?:pode|poderia|podes|poderias|podem|poderiam|consegue|conseguiria)(?: me)?|(?:se importaria|importa-se|importas-te)"
    r"(?: de)?|(?:preciso|quero|queria|gostaria)(?: de)? que (?:voc[êe]s?|tu)|por (?:favor|gentileza)|me ajud[ae](?: a)?|ajud[ae]-me(?: a)?"
    r"|voc[êe] (?:lembra|sabe)|(?:me )?dig[ao](?:-me)?|mostre-me|(?:gostaria de|quero|queria) saber)(?: (?:por (?:favor|gentileza)|ajudar-me a|me ajudar a|(?:me )?(?:dizer|dar|mostrar)|dizer-me|me))*"
)
_CHINESE: Final = (
    r"(?:(?:请问|请|麻烦|劳驾|拜托)?(?:你|您)(?:能不能|可不可以|能否|可否|能够|可以|能|愿意|会不会|帮(?:我|忙)?)|(?:请问|请|麻烦|劳驾|拜托)(?:你|您)?|(?:我(?:需要|想|想让|要))?帮(?:我|忙)|(?:请|麻烦)?告诉我|我(?:很)?想知道)"
    r"(?:请|帮我|帮忙|帮|替我|给我|告诉我|一下)*"
)
_SPACED: Final = f"{_ENGLISH}|{_GERMAN}|{_FRENCH}|{_SPANISH}|{_ITALIAN}|{_PORTUGUESE}"
_CALLS: Final = (
    r"(?:hey|hi|hello|ok|okay|so|and|but|also|now|then|well|hallo|also|und|bonjour|salut|et|hola|y|ciao|e|olá|oi)"
)
_BEGINS: Final = re.compile(
    rf"\s{{0,9}}[¿¡]?(?:(?:{_CALLS},? )?(?:(?:{_SPACED})\b[,:]?\s{{0,9}}|{_CHINESE}[，,：:]?))+", re.IGNORECASE
)
_CLAUSE: Final = r"(?:^|(?<=[.!?,;:¿¡\n(] )|(?<=[\n¿¡])|(?<=\band )|(?<=\bso )|(?<=\bbut )|(?<=\bthen )|(?<=\bthanks ))"
_INSIDE: Final = re.compile(
    rf"{_CLAUSE}(?:(?:{_SPACED})\b,?\s{{0,9}})+|(?:(?<=\bif )|(?<=\bwhether ))you (?:can|could|would)\b|{_CHINESE}",
    re.IGNORECASE,
)


def without_request(text: str) -> str:
    """Return a text without the phrases at its head that only ask for something to be done.

    A text that is nothing else is returned as it is.

    >>> without_request("Could you please list my trips?")
    'list my trips?'
    """
    head = _BEGINS.match(text)
    rest = text[head.end() :] if head else text
    return rest if any(map(str.isalnum, rest)) else text


def without_requests(text: str) -> str:
    """Return a text with such phrases taken out wherever a clause begins.

    >>> without_requests("My build fails. Can you fix it?")
    'My build fails. fix it?'
    """
    return _INSIDE.sub("", text)
