"""Marks of a sentence that change what it claims: ended, changed, corrected, doubted, once only, narrowed, conditional.

Closed phrases of five languages, each a pattern over the sentence with straight quotes. They are general
knowledge, not sentences from any data.
"""

from __future__ import annotations

import re
from typing import Final


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


FORGET: Final = _any(
    r"^(?:please\s+)?(?:you can |you may )?(?:forget|disregard|scrap|drop|ignore|delete|remove|lift)\s+(?:about\s+)?(?:that|the|what|my|our|it|everything)\b",
    r"\bnever mind (?:that|the|my|what)\b", r"^vergiss\b", r"^oublie[zr]?\b", r"^olvida\b", r"^忘(?:了|掉)",
)  # fmt: skip
ENDED: Final = _any(
    r"\bno longer\b", r"(?:\bnot|n't|\bnever)\b[^.;]*\b(?:any ?more|any longer)\b", r"\bany ?more\b(?=\s*$)",
    r"\bstopped\b(?! by\b)", r"\b(?:quit|ditched|abandoned|cancelled|canceled|discontinued|unsubscribed|scrapped|axed)\b",
    r"\b(?:gave|given|giving) up\b", r"\bgot(?:ten)? rid of\b", r"(?<!\bam )(?<!'m )(?<!\bare )(?<!\bget )(?<!\bgot )\bused to\b",
    r"\b(?:is|are|was|has been|have been|got)\s+(?:over|lifted|retired|deprecated|removed|dropped|decommissioned|shut down|switched off|revoked|abolished|gone)\b",
    r"\b(?:we|i) (?:(?:have|just|finally|recently|already|also|then) )*(?:dropped|retired|removed|deprecated|sold|decommissioned|killed|abolished|shut down|left|deleted)\b(?! (?:a|some) (?:message|note))",
    r"\b(?:i am|we are|user is|team is|they are|is) (?:done|through) with\b", r"\b(?:i am|we are|user is|team is) finished with\b", r"\b(?:isn't|is not|not) (?:true|valid|the case|relevant) any ?more\b",
    r"\b(?:broke|split|broken) up\b", r"\bparted ways\b", r"^(?:please )?(?:you (?:can|may) )?stop \w+ing\b", r"\b(?:died|passed away|(?:was|got|been) stolen|shaved off|moved out(?! (?:of|to)\b))\b", r"\b(?:got|had|have had) (?:my|our|the) [\w ]{2,30}? (?:removed|taken (?:out|off|down))\b", r"\bno more\b(?! than)", r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bbe )\b(?:dropped|deleted|scrapped|decommissioned|sunset)\b(?! (?:in|by|off|from|to)\b)", r"\b[A-Z]\w+ (?:has )?left\b", r"\b(?:has|have) (?:ended|expired|left|dissolved|disbanded|closed|folded)\b", r"\b(?:does not|doesn't|do not|don't) apply any ?more\b",
    r"\bceased\b", r"\b(?:is|are) off (?:the )?(?:calendar|table|menu|list|agenda|cards)\b", r"\b(?:i|we) (?:have |just )*finished (?!\w+ing\b)\w+(?: \w+)?$", r"\bi am off (?:the |my )?(?!on\b|to\b|for\b|work\b|duty\b|today\b)\w+", r"\b(?:finished|completed|concluded|wrapped up) (?:the|my|our|with|taking)\b", r"\b(?:is|are|was|been) (?:finished|cancell?ed|suspended|disbanded|dissolved|wound down)\b(?! (?:with|in|by))", r"\b(?:doesn't|don't|do not|does not|needn't) (?:need|have) to\b[^.;]*\b(?:any ?more|now)\b",
    r"\bnicht mehr\b", r"\bkein\w* \w+ mehr\b", r"\baufgehört\b", r"\b(?:ne|n)\b.{1,40}\bplus\b", r"\b(?:ai|a|avons) arrêté\b", r"\bya no\b", r"\bdej(?:é|ó|amos) de\b",
    r"不再|已经不|戒了|不.{1,6}了$|没再",
)  # fmt: skip
CHANGED: Final = _any(
    r"\bnow(?:adays)?\b(?! and then)", r"\bthese days\b", r"\bfrom (?:now|today|here) on(?:wards)?\b", r"\bas of (?:now|today)\b", r"\bgoing forward\b", r"\bhenceforth\b",
    r"\b(?:switched|moved|migrated|upgraded|changed|relocated|transitioned|converted|ported|rewrote|replaced|renamed|swapped|bumped|went over|rebranded|promoted|shifted|slipped|started|gone over|gone back|went back|turned to|pushed back|postponed|rescheduled|reassigned|brought forward)\b",
    r"\binstead\b", r"\bagain\b", r"\bcurrently\b", r"\banymore\b", r"\bsince (?:last|this|yesterday|january|february|march|april|may|june|july|august|september|october|november|december|(?:19|20)\d\d)\b", r"\b(?:has|have) (?:become|turned into|joined)\b", r"\b(?:became|turned|transferred|joined|have come to|went (?=vegan|vegetarian))\b", r"\bnew\b",
    r"\b(?:jetzt|nun|inzwischen|mittlerweile|ab sofort|umgestiegen|gewechselt|umgezogen|stattdessen|verlegt|verschoben|vorgezogen|neuerdings)\b", r"\b(?:maintenant|désormais|dorénavant|à présent|déménagé|passé à|repoussée?|reportée?|avancée?|remplacée?)\b", r"\b(?:ahora|a partir de ahora|actualmente|mudé|cambié|cambiamos|aplazad[oa]|adelantad[oa]|retrasad[oa])\b",
    r"现在|改(?:成|为|用|到|回)|提前到|推迟到|换成了|以后都|从现在起|搬到",
)  # fmt: skip
CORRECTED: Final = _any(
    r"^(?:correction|i misspoke|my mistake|sorry, i meant|actually)\b", r"\bi (?:misspoke|got (?:that|it) wrong|was wrong)\b", r"\bcorrection:", r",\s*not \S+(?: \S+){0,3}[.!]?$",
    r"\bi meant\b", r"\bthat(?:'s| was| is) (?:wrong|not right|incorrect|outdated)\b", r"^(?:korrektur|correction|corrección|更正)",
)  # fmt: skip
HEDGED: Final = _any(
    r"\bmight\b", r"\b(?:i|we|it|he|she|they|that)\s+(?:may|could)\b", r"\byou could\b", r"\bmaybe\b", r"\bperhaps\b", r"\bpossibly\b", r"\bprobably\b", r"\bconsider(?:ing|ed)\b", r"\b(?:thinking|thought) (?:of|about)\b", r"\btoying with\b",
    r"\bwonder(?:ing)?\b", r"\bnot (?:yet )?(?:sure|certain|decided)\b", r"\bi (?:guess|suppose|suspect)\b", r"\bsome ?day\b", r"\bat some point\b", r"\b(?:would|'d) (?:like|love) to (?:try|move|switch|learn|see)\b",
    r"\b(?:looking|look) (?:into|at) (?:moving|switching|using|changing|adopting)\b", r"\btempted\b", r"\bleaning towards?\b", r"\b(?:plan|planning|hope|hoping|want|intend|going) to (?:move|switch|change|try|migrate|look|quit|leave|buy|learn)\b", r"\bflirting with\b", r"\bin two minds\b",
    r"\b(?:i|we) (?:think|believe) (?:it|that|we|i|the \w+) (?:might|may|could|should be|is probably)\b", r"\bevaluating\b", r"\bexploring\b", r"\bunless i change my mind\b",
    r"\bvielleicht\b", r"\beventuell\b", r"\bmöglicherweise\b", r"\büberleg\w*\b", r"\bkönnte[n]?\b", r"\bpeut-être\b", r"\benvisage\b", r"\bhésite\b", r"\bquizás?\b", r"\btal vez\b", r"\ba lo mejor\b", r"\bestoy pensando\b",
    r"可能|也许|或许|考虑|说不定",
)  # fmt: skip
ONCE: Final = _any(
    r"\b(?:just )?this once\b", r"\b(?:just |only )?for (?:this|that) (?:one|time|message|answer|reply|call|run|task|commit)\b", r"\bthis (?:one )?time\b(?! around)", r"\b(?:just )?for (?:now|today|tonight|the moment|the time being)\b",
    r"\b(?:today|tonight|tomorrow) only\b", r"\bone-off\b", r"\btemporar(?:y|ily)\b", r"\bonly (?:for )?(?:today|tonight|this (?:week|time|one))\b", r"\bjust (?:today|tonight)\b", r"\bin this (?:case|instance|message|reply)\b", r"\bfor once\b", r"\bthis one\b(?! (?:is|was|has))", r"\b(?:just|only) for (?:this|that) (?!repo|project|codebase|module|package|file|folder|directory|service|branch|workspace|team|channel|client|customer)\w+", r"\bas an exception\b", r"\bjust (?:in )?this (?:one|message|reply)\b", r"^(?:today|tonight|tomorrow),? (?:i|we|use|keep|please|let)\b",
    r"\bdieses (?:eine )?mal\b", r"\bnur heute\b", r"\bausnahmsweise\b", r"\bcette fois\b", r"\bpour l'instant\b", r"\bexceptionnellement\b", r"\b(?:por )?esta vez\b", r"\bpor ahora\b", r"\bsolo por hoy\b", r"这一?次|暂时|今天先|破例",
)  # fmt: skip
UNREAL: Final = _any(
    r"\bif (?:i|we|it|you|he|she|they) (?:were|had|could|was)\b", r"\bwould(?:n't)? (?:have|prefer|pick|choose)\b.*\bif\b", r"\bif (?:i|we|he|she|they|you|it) \w+\b.*\bwould\b", r"\bwould\b.*\bif (?:i|we|he|she|they|you|it) \w+(?:ed|d)\b", r"\bwould have\b", r"\bhypothetically\b", r"\bsuppose\b", r"\bwhat if\b", r"\bimagine\b", r"\bpretend\b", r"\blet's say\b", r"\bin theory\b",
    r"\bwäre\b", r"\bhätte\b", r"\bangenommen\b", r"\bsi (?:je|on|nous|je) ?(?:avait|avions|pouvais|étais)?\b.*\bserait\b", r"\bsi fuera\b", r"\bsi tuviera\b", r"如果我是|假如|假设",
)  # fmt: skip
ALSO: Final = _any(
    r"\balso\b",
    r"\bas well\b",
    r"\btoo\b(?=[.,;!]|$)",
    r"\bin addition\b",
    r"\bplus\b(?= )",
    r"\banother\b",
    r"\bauch\b",
    r"\baussi\b",
    r"\btambién\b",
    r"也",
)
NEGATED: Final = _any(
    r"\b(?:not|never|cannot|no|neither|nor|nobody|none)\b", r"n't\b", r"\b(?:avoid|skip|omit|stop|refrain|disable|exclude|leave out|refuse|hate|hates|dislike|dislikes|forbidden|banned|prohibited|off limits|unsupported)\b",
    r"\b(?:nicht|nie|niemals|kein\w*|vermeide\w*)\b", r"\b(?:ne|jamais|aucun\w*|n|pas|déteste)\b", r"\b(?:nunca|jamás|ningun\w*|evita|odio)\b|^no\b|\bno (?=\w+[oaes]\b)", r"不|别|没|从不|勿|禁止|讨厌",
)  # fmt: skip
NOT_NEGATIVE: Final = _any(
    r"\bno (?:longer than|more than|later than|less than|fewer than|problem)\b",
    r"\bnot only\b",
    r"\bno\. ?\d",
    r"^no[,.;:]\s",
)
PERMITTED: Final = _any(
    r"\b(?:is|are) (?:now )?(?:perfectly |totally )?(?:fine|ok|okay|allowed|permitted|acceptable|welcome)\b",
    r"\bfeel free to\b",
    r"\byou (?:can|may)\b",
)
CONDITION: Final = _any(
    r"\bif\b", r"\bwhen(?:ever)?\b", r"\bunless\b", r"\bas long as\b", r"\bin case\b", r"\bprovided\b", r"\bonce (?:i|we|the)\b", r"\b(?:wenn|falls|sofern|sobald)\b", r"\b(?:si|quand|lorsque|lorsqu')\b(?! bien)", r"\bcuando\b", r"如果|当.+时|的时候",
)  # fmt: skip
PAST: Final = _any(
    r"\b(?:back )?in (?:19|20)\d\d\b(?!-)", r"\bback (?:in|when)\b", r"\bfrom (?:19|20)\d\d (?:to|until|till) \d{4}\b", r"\bbetween (?:19|20)\d\d and\b", r"\buntil (?:19|20)\d\d\b", r"\bas a (?:child|kid|teenager|student)\b", r"\bwhen i was\b", r"\b(?:years|months) ago\b", r"\bpreviously\b", r"\bformerly\b", r"\bin the past\b", r"\bat the time\b", r"\bback then\b", r"\bin (?:my|our) (?:youth|childhood|twenties)\b", r"\bbefore (?:that|(?:19|20)\d\d)\b", r"\boriginally\b",
    r"\bfrüher\b", r"\bdamals\b", r"\bautrefois\b", r"\bavant,", r"\bantes\b(?! de)", r"以前|过去|当时",
)  # fmt: skip
PAST_VERB: Final = _any(
    r"\b(?:was|were|had|did|lived|worked|used|wrote|deployed|ran|drove|owned|studied|preferred|liked|played|lead|led|kept|met|stored|hosted|spoke|took|went|drank|ate|smoked|listened|stayed|rented|belonged|started|managed|reported)\b",
    r"\b(?:wohnte|arbeitete|war|hatte|nutzte)\w*", r"\b(?:habitais|travaillais|étais|avais)\b", r"\b(?:vivía|trabajaba|era|tenía|viví|trabajé|usaba)\b", r"以前|过去",
)  # fmt: skip

LEAD: Final = re.compile(
    r"^(?:(?:the decision is to|that(?:'s| is| was) (?:wrong|not right|not correct|incorrect|not true|not what i meant)|not quite|wrong|you forgot(?: again)?|perfect|great|exactly|no(?=[,;:.!–—-]|\s+(?:no|i|we|it|that|the|my|our|please|use|do|never|always|you|he|she|they|actually|just)\b)|nope|yes|yeah|yep|well|ok|okay|oh|so|and|but|hey|hi|hm+|also|actually|please|sorry|thanks|thank you|by the way|btw|fyi|for the record|just so you know|just to be clear|to be clear|to clarify|in fact"
    r"|honestly|look(?=[,;:.!–—-])|listen(?=[,;:.!–—-])|right|correction|i misspoke|my mistake|note that|note|remember(?: that)?|keep in mind(?: that)?|please remember(?: that)?|be aware that|for your information|one thing|update|heads up|as i said|quick note|small correction|as it happens"
    r"|i (?:want|need|would like|'d like) you to|make sure (?:that )?(?:you|to)|make sure|be sure to|you (?:should|must|need to|have to)(?! not)|let's|could you|can you|would you|nein|ja|bitte|übrigens|also|non|oui|s'il te plaît|s'il vous plaît|au fait|sí|por favor|por cierto|不|请|对了)"
    r"(?:\s*[,:;.!–—-]+\s*|\s+|(?<=[不请])|(?<=对了)))",
    re.IGNORECASE,
)
TIMES: Final = _any(
    r"\bfrom (?:now|today|here) on(?:wards)?\b", r"\bthese days\b", r"\bnowadays\b", r"\bnow\b", r"\bas of (?:now|today)\b", r"\bgoing forward\b", r"\bcurrently\b", r"\bany ?more\b", r"\bany longer\b", r"\bno longer\b", r"\balready\b", r"\bsince (?:last|this) (?:week|month|year|spring|summer|autumn|winter)\b", r"\bsince yesterday\b", r"\blast (?:week|month|year|spring|summer|autumn|fall|winter)\b",
    r"\b(?:two|three|few|a few|some|couple of) (?:weeks|months|years|days) ago\b", r"\bthis (?:week|month|year|morning)\b", r"\brecently\b", r"\bjust\b", r"\bback\b(?= to\b)", r"\bagain\b", r"\bactually\b", r"\breally\b", r"\bplease\b", r"\balso\b", r"\btoo\b(?=[.!]|$)", r"\bas well\b", r"\bever\b", r"\binstead\b(?! of)",
    r"\b(?:jetzt|nun|ab sofort|inzwischen|mittlerweile|auch)\b", r"\b(?:maintenant|désormais|aussi)\b", r"\b(?:ahora|actualmente|también)\b", r"现在|也(?=[一-鿿])|已经",
)  # fmt: skip

_PLACE = r"(?:repo(?:sitory)?|project|codebase|module|package|file|folder|directory|service|branch|branches|workspace|team|channel|app|monorepo|fork|library|component|office|client|customers?|script|notebook|document|chat|conversation|crate|plugin|site|ticket)s?"
_NAMED = _PLACE.replace("|chat|conversation", "").replace("|document", "").replace("|script", "")
SCOPES: Final[tuple[re.Pattern[str], ...]] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:in|for|on|within|inside|across|throughout) (?:this|that|these|the current|our current) {_PLACE}\b",
        r"\b(?:in|for|on|within|inside|with|under) (?:the |our |my )?project [\w.-]+",
        rf"\b(?:in|for|on|within|inside|with|under) (?:the |our |my |all )?(?:[\w'./-]+ ){{1,3}}{_NAMED}(?=[\s,.;!]|$)",
        r"\b(?:but )?(?:only|exclusively|solely|specifically|just) (?:for|in|on|when|with|at|during|inside|within)\b[^,.;]*",
        r"\b(?:for|in|with) (?:(?!\b(?:for|in|with)\b)[^,.;]){2,40}? only\b",
        r"\bexcept(?:ing|ion)?(?: (?:for|on|in|when|with|at|during|if))?\b[^,.;]*", r"\b(?:apart|aside) from\b[^,.;]*", r"\bother than (?:on|in|for)\b[^,.;]*", r"\bbut not (?:on|in|for|with|when|during|at)\b[^,.;]*",
        r"^(?:on|in|for|with|during|at|inside|within|under) (?!(?:the )?(?:19|20)\d\d|my (?:opinion|view)|general|fact|future|case|total|the (?:future|past|end)|(?:january|february|march|april|may|june|july|august|september|october|november|december)\b)[^,.;]{2,50}?,\s",
        r"^(?:on|at|in|for|with|during) (?!(?:the )?(?:19|20)\d\d)[^,.;]{3,40}?(?= (?:i|we|you)\b)",
        r"^(?:on|at|in|for|with|during) (?!(?:the )?(?:19|20)\d\d)[^,.;]{3,40}?(?= (?:use|write|keep|send|answer|reply|run|deploy|avoid|skip|do not|never|always|prefer|wrap|add|format)\b)",
        r"\bwhen(?:ever)? (?:(?:i'm|we're|you're|i am|we are|you are) )?(?:\w+ing\b|(?:it comes to|talking to))(?:(?! (?:i|we|the user|the team|use|keep|be|do|answer|write)\b)[^,.;])*", r"\bwhile \w+ing\b(?:(?! (?:i|we|the user|the team)\b)[^,.;])*",
        r"\bon (?:draft|feature|release|hotfix|experimental|weekend|business|overnight|long-haul|public|personal|mobile|client) \w+\b", r"\b(?:on|over) (?:the )?weekends?\b", r"(?<!\bwork )(?<!\bworks )(?<!\bworking )\bat (?:work|home|the office)\b", r"\bon (?:holidays?|vacation)\b",
        r"\bin diesem (?:repo|projekt|ordner|modul)\b", r"\baußer\b[^,.;]*", r"\bnur (?:für|in|bei|am)\b[^,.;]*", r"\bim projekt [\w-]+", r"\bdans ce (?:dépôt|projet|dossier|module)\b", r"\bsauf\b[^,.;]*", r"\b(?:uniquement|seulement) (?:pour|dans)\b[^,.;]*", r"\bpour le projet [\w-]+",
        r"\ben este (?:repo|repositorio|proyecto|módulo)\b", r"\bexcepto\b[^,.;]*", r"\bsalvo\b[^,.;]*", r"\bs[oó]lo (?:para|en)\b[^,.;]*", r"\ben el proyecto [\w-]+", r"在?这个(?:仓库|项目|模块)(?:里|中)?", r"除了[^，。]*", r"只在[^，。]*", r"周末",
    )
)  # fmt: skip
"""Phrases that narrow where or when a statement holds."""

FRONTED: Final = re.compile(
    r"^(?:(?:when(?:ever)?|if|while|unless|once) [^,;]{3,60}?(?:,\s*|\s+(?=(?:i|we|the user|the team)\s+(?!am\b|is\b|are\b)))|(?:since|from|until|as of|starting|by) [^,;]{2,25}?(?:,\s*|\s+(?=(?:i|we|the|my|our)\s)))(?=\w+\s)",
    re.IGNORECASE,
)
"""A condition or date that stands before what is said."""
TAG: Final = re.compile(
    r"(?:,|(?<!\s)(?=\s))\s+(?:you know|by the way|btw|thanks|thank you|please|though|obviously|of course|actually|if i remember correctly|as you know|for what it's worth|fyi|ok|okay|right|alright|haha|lol)(?=[.!?]*$)",
    re.IGNORECASE,
)
"""What is hung on a sentence and says nothing."""

REASON: Final = re.compile(
    r"(?:,|(?<!\s)(?=\s))\s+\b(?:because|now that|due to|owing to|since (?=(?:the|it|he|she|they|we|i|our|my|\w+ (?:was|were|is|are|has|had))\b)|as (?=(?:the|it|he|she|they|we|there|our) \w+)|as (?=(?-i:[A-Z])\w+ (?:was|were|is|has|had|\w+ed)\b)|after (?=(?:\w+ ){1,4}?(?:was|were|had|failed|left|broke|died|went|\w+ed)\b)|so that|in order to|weil|damit|parce que|puisque|porque|ya que|para (?:no )?\w+[aei]r|à cause|wegen)\b(?s:.*)"
    r"|(?:，|,)?(?:因为|由于)(?s:.*)"
)
"""Why something is so: it often names what was so before."""
WITHOUT: Final = re.compile(r"\b(?:without|ohne|sans|sin) (?:any |the |a |an )?(?P<what>[^,.;]{2,40})", re.IGNORECASE)
PURPOSE: Final = re.compile(
    r"\bfor (?!(?:the )?(?:most|moment|sure|example|instance|years|years|a (?:while|year))|\d|at least|(?:two|three|four|five) )(?P<purpose>[^,.;]{3,60}?)(?=[,.;!]|$)",
    re.IGNORECASE,
)
INSTEAD: Final = re.compile(
    r"(?:\binstead of|\b(?:better|more) than|\brather than|,\s*not|\bin place of|\bin favou?r of|\breplacing|\bover|\bstatt|\bau lieu de|\ben lugar de|\ben vez de|而不是)\s+(?P<old>[^,.;!]+)",
    re.IGNORECASE,
)
REPLACED: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:replaced|swapped|exchanged|traded|ditched|dropped|left|abandoned|swapped out|switched out|ersetzt|remplacé|reemplazado) (?P<old>[^,.;]{1,200}?) (?:with|by|for|in favou?r of|durch|par|por) (?P<new>[^,.;]+)",
        r"\b(?:moved|switched|migrated|went|got) (?:away from|off(?: of)?) (?P<old>[^,.;]{1,200}?)(?: to| and| onto) (?P<new>[^,.;]+)",
        r"(?:^|(?<=[,.;]))(?P<new>[^,.;]+)[,;] (?:and )?(?P<old>[^,.;]{1,200}?)(?:'s| is| are)(?: now)? (?:history|gone|out|retired|no more|dead|done|over)\b",
        r"(?:^|(?<=[,.;]))(?P<new>[^,.;]+?) (?:to replace|as a replacement for|in place of) (?P<old>[^,.;]+)",
        r"(?:^|(?<=[,.;]))(?P<new>[^,.;]+?) (?:has |have )?(?:replaces|replaced|superseded|supersedes|took over from|takes over from) (?P<old>[^,.;]+)",
    )
)  # fmt: skip
"""What took the place of what."""
FROM_TO: Final = re.compile(
    r"\b(?:from|von|de)\s+(?P<old>[^,.;]+?)\s+(?:to|zu|auf|à|a)\s+(?P<new>[^,.;!]+)", re.IGNORECASE
)


def tidy(text: str) -> str:
    """The text on one line, with straight quotes and no short forms of "not", "am", "are", "have".

    >>> tidy("I’m  sure we don't")
    'I am sure we do not'
    """
    text = re.sub(r"\s+", " ", text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')).strip()
    for short, long in _SHORT:
        text = short.sub(long, text)
    return TAG.sub("", text)


_SHORT: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), long)
    for pattern, long in (
        (r"\bwon't\b", "will not"), (r"\bcan't\b", "cannot"), (r"\bshan't\b", "shall not"), (r"n't\b", " not"), (r"\bi'm\b", "I am"), (r"(?<=\w)'re\b", " are"),
        (r"(?<=\w)'ve\b", " have"), (r"(?<=\w)'ll\b", " will"), (r"\bi'd\b", "I would"), (r"\bi would (?:much )?rather (?:have|see|get|use)\b", "I prefer"), (r"\bi would (?:much )?(?:prefer|rather)\b", "I prefer"), (r"\b(he|she|it|that|there|where)'s\b", r"\1 is"), (r"\bdont\b", "do not"), (r"\bblood (?:type|group)\b", "bloodtype"), (r"\bonly child\b", "onlychild"), (r"\b(?:mother tongue|(?:native|first) (?:language|tongue))\b", "mothertongue"), (r"\b(?:do not|never) (\w+) ([^,.;]{0,200}?) ?without (?:first )?(\w+ing)\b([^,.;]*)", r"\3\4 before \1 \2"), (r"\bevery other (?=\w)", "every second "), (r"\bvs\.? ?code\b", "VSCode"), (r"\bvisual studio code\b", "VSCode"), (r"\bj'(?=\w)", "je "), (r"\b([ldnmtsc]|qu)'(?=[aeiouyhéèêàâîôû])", r"\1 "),
    )
)  # fmt: skip


def lead_off(text: str) -> str:
    """The text without the words a reply opens with before it says something.

    >>> lead_off("No, actually, please use tabs.")
    'use tabs.'
    """
    while (match := LEAD.match(text)) and match.end() < len(text):
        text = text[match.end() :]
    return text
