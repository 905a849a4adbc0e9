"""The words of a statement, each with the kind of thing it is and the form by which two texts are compared."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from eider.language import stems
from eider.language.lexicon import IRREGULAR, STOP_WORDS

Kind = Literal["url", "path", "time", "day", "month", "version", "number", "unit", "name", "code", "word"]

TYPED: Final = frozenset({"url", "path", "time", "day", "month", "version", "number"})
"""Kinds of which a sentence frame holds one value."""

_HAN: Final = "\u3400-\u9fff"
_TOKEN: Final = re.compile(
    r"(?P<url>https?://[^\s,;)]+[^\s,;).!?])"
    r"|(?P<path>(?:~|\.{1,2})?/[\w.@~-]+(?:/[\w.@~-]+)*(?<![.])|\b(?!and/or\b|https?:)[A-Za-z][\w.-]*(?:/[\w.-]*\w)+/?)"
    r"|(?P<time>\b\d{1,2}(?::\d{2}|h\d{0,2})(?:\s?[ap]\.?m\b\.?)?|\b\d{1,2}\s?[ap]\.?m\b|\b(?:noon|midnight)\b)"
    r"|(?P<version>\bv?\d+(?:\.\d+){1,3}\b(?!%)|\bv\d+\b)"
    r"|(?P<number>\b\d+(?:[.,]\d+)*(?:st|nd|rd|th)?)"
    r"|(?P<code>\b[A-Za-z]+(?:[_-][^\W_]*)*\d[\w-]*|\b[^\W_]+(?:_+[^\W_]+)+|\b[a-z]+[A-Z]\w*|\b[A-Z][a-z]+[A-Z]\w*)"
    rf"|(?P<han>[{_HAN}]+)"
    r"|(?P<word>[^\W\d_]+(?:['’-](?!s\b)[^\W\d_]+)*)",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"[A-Za-z]+(?:[_-][^\W_]*)*\d[\w-]*|[^\W_]+(?:_+[^\W_]+)+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*")

_DAYS = (
    "monday tuesday wednesday thursday friday saturday sunday|montag dienstag mittwoch donnerstag freitag samstag"
    " sonntag|lundi mardi mercredi jeudi vendredi samedi dimanche|lunes martes miércoles jueves viernes sábado domingo"
    "|周一 周二 周三 周四 周五 周六 周日|星期一 星期二 星期三 星期四 星期五 星期六 星期日"
)
DAYS: Final = {name: number for line in _DAYS.split("|") for number, name in enumerate(line.split())}
_MONTHS = (
    "january february march april may june july august september october november december|januar februar märz april"
    " mai juni juli august september oktober november dezember|janvier février mars avril mai juin juillet août"
    " septembre octobre novembre décembre|enero febrero marzo abril mayo junio julio agosto septiembre octubre"
    " noviembre diciembre"
)
MONTHS: Final = {name: number for line in _MONTHS.split("|") for number, name in enumerate(line.split(), 1)}
NUMBERS: Final = {
    name: number
    for line in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
        "cero un dos tres cuatro cinco seis siete ocho nueve diez once doce",
    )
    for number, name in enumerate(line.split())
    if name not in {"ein", "un"}
} | {"once": 1, "twice": 2, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100}
UNITS: Final = frozenset(
    "second minute hour day week month year kg g mg km m cm mm mile gb mb kb tb euro dollar pound franc percent sentence"
    " word line character token row request item page paragraph ms minut sekunde stunde tag woche monat jahr seconde"
    " heure jour mois semaine segundo hora día mes año semana point bullet approval column hz degree kilo litre"
    " liter cup time".split()
)

_SAME = """
live: reside base locate situate relocate move settle
work: employ
allergic: allergy
short: concise brief terse succinct compact
long: detailed verbose thorough lengthy elaborate
like: love enjoy adore fond
hate: dislike loathe detest
prefer: favour favor rather
use: utilize employ rely
name: call
informal: casual informally casually
formal: formally
directly: straight
favourite: favorite
colour: color
bike: bicycle cycle
movie: film
doctor: gp
postgresql: postgres psql pg
kubernetes: k8s
javascript: js
typescript: ts
macos: mac osx
repository: repo
documentation: doc
boss: manager
buy: purchase
begin: start
end: finish
big: large
test: testing tester
write: rewrite compose
reply: answer respond response
warn: warning
deploy: deployment release ship
born: birth birthplace bear
employee: staff
flat: apartment
journey: trip
holiday: vacation
sync: synchronous synchronously
async: asynchronous asynchronously
bullet: bulleted
american: us
british: uk
coworker: colleague
spouse: husband wife
programme: program
grey: gray
enable: activate
disable: deactivate
afraid: scared frightened terrified
fast: quick rapid quickly rapidly
salary: wage
photo: photograph picture
ill: sick
choose: pick select
show: display
check: verify
folder: directory
developer: programmer coder
dinner: supper
football: soccer
sofa: couch
lawyer: attorney
fix: repair
help: assist
host: serve
sleep: bed bedtime
phone: telephone cellphone
email: mail
teach: tutor
forbid: ban prohibit
space: leerzeichen espace espacio
tab: tabulator
"""
_EXACT: Final = {
    "vs": "vscode",
    "timezone": "zone",
    "manager": "boss",
    "mail": "email",
    "emails": "email",
    "lives": "live",
    "goes": "go",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
    "annually": "year",
    "hourly": "hour",
    "annual": "year",
    "means": "mean",
}
_ROOTS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("live", r"wohn(?:e|t|st|en)|habit(?:e|es|ons|ez|ent|ait)|viv(?:o|e|es|imos|en|ía)"),
        ("work", r"arbeit(?:e|et|est|en)|travaill(?:e|es|ent|ons)|trabaj(?:o|a|as|an|amos)"),
        ("like", r"mag|mögen|liebe|liebt|aim(?:e|es|ent|ons)|gusta|gustan|encanta"),
        ("prefer", r"bevorzug(?:e|t|en)|préf[eè]r(?:e|es|ent|ons)|prefier(?:o|e|es|en)|preferimos"),
        ("speak", r"sprech(?:e|en)|spricht|parl(?:e|es|ent|ons)|habl(?:o|a|an|amos)"),
        ("have", r"hab(?:e|t|en)|hat|ai|avons|ont|tengo|tiene|tienen|tenemos"),
        ("use", r"nutz(?:e|t|en)|benutz(?:e|t|en)|verwend(?:e|et|en)|utilis(?:e|es|ent|ons|ez)|us(?:o|a|an|amos)"),
        ("short", r"kurz(?:e|en|er|es)?|court(?:e|es|s)?|cort(?:a|o|as|os)|brèves?|breves?"),
        ("long", r"lang(?:e|en|er|es)?|longue?s?|larg(?:a|o|as|os)|ausführlich\w*|détaillée?s?|detallad\w+"),
        ("dark", r"dunkl?(?:e|en|er|es|el)|dunkel(?:modus)?|sombres?|oscur(?:o|a|os|as)"),
        ("light", r"helle[nrs]?|clairs?|claires?|clar(?:o|a|os|as)"),
        ("tea", r"tee|thé|té"),
        ("coffee", r"kaffee|café|cafés"),
        ("smoke", r"rauch(?:e|t|en|st)|fum(?:e|es|ent|o|a|an)"),
        ("drink", r"trink(?:e|t|en)|boi(?:s|t)|buvons|beb(?:o|e|en|emos)|tom(?:o|a|an)"),
        ("name", r"heiß(?:e|t)|heisst|appelle|llam(?:o|a)|call(?:s|ed)?"),
        ("eat", r"ess(?:e|en)|isst|mang(?:e|es|ent)|com(?:o|en|emos)"),
        ("write", r"schreib(?:e|t|en)?|écri(?:s|t|re|vez)|escrib(?:e|o|a|ir)|rewr(?:ote|ite|itten|iting)"),
    )
)


def _same() -> dict[str, str]:
    lines = (line.split(": ") for line in _SAME.strip().splitlines())
    return {stems.english(word): name for name, words in lines for word in words.split()}


_SAME_STEM: Final = _same()
_OTHER_STOPS: Final = (STOP_WORDS["de"] | STOP_WORDS["fr"] | STOP_WORDS["es"]) - frozenset(
    "car war die hat her man also son sans pour comment ton pendant bin sin sea era dos tan van den nun gab mine hay nada"
    " solo ante con fait ser plus".split()
)
"""Function words of the other languages that are not English words."""
_ENGLISH_STOPS: Final = (STOP_WORDS["en"] | {"s", "ll", "ve", "im", "dont", "about", "each", "per", "every", "any", "also", "too"}) - {
    "no", "not", "before", "after", "over", "on", "off",
}  # fmt: skip


class Term(NamedTuple):
    """One word: where it stands, what it is, and the form it is compared by."""

    text: str
    kind: Kind
    canon: str
    start: int
    end: int


@lru_cache(maxsize=20_000)
def canon(word: str) -> str:
    """The form two spellings, inflections or near-synonyms of a word share.

    >>> canon("Concise"), canon("short"), canon("living"), canon("wohnt")
    ('short', 'short', 'live', 'live')
    """
    low = word.lower().replace("’", "'")
    if low in _EXACT:
        return _EXACT[low]
    for name, pattern in _ROOTS:
        if pattern.fullmatch(low):
            return name
    base = IRREGULAR.get(low, low)
    stem = stems.english(base) if base.isascii() else stems.french(base)
    return _SAME_STEM.get(stem, _SAME_STEM.get(base, _WHOLE.get(stem, stem)))


_WHOLE: Final[dict[str, str]] = {}
"""Stems to the words that lists are written in: filled below, so that "vegetarian" and its stem meet."""


def terms(text: str) -> list[Term]:
    """Every word of a text, function words included, in order.

    >>> [(term.canon, term.kind) for term in terms("The API listens on port 8080.")][-2:]
    [('port', 'word'), ('8080', 'number')]
    """
    found: list[Term] = []
    for match in _TOKEN.finditer(text):
        raw, kind = match[0], str(match.lastgroup)
        if kind == "han":
            found += _han(raw, match.start())
        else:
            found.append(_counted(_term(raw, kind, match.start(), match.end()), found))
    return found


_COUNTING: Final = frozenset(
    "number no rule step item phase part chapter section task ticket issue question case example option stage lesson".split()
)
"""Nouns whose number says which one is meant: "rule 3", "step 2"."""


def _counted(term: Term, before: list[Term]) -> Term:
    """A number that only tells one of a series from another is a name, no value."""
    if term.kind != "number" or not before or before[-1].text.lower() not in _COUNTING:
        return term
    return term._replace(kind="code", canon=f"#{term.canon}")


def _term(raw: str, kind: str, start: int, end: int) -> Term:
    low = raw.lower()
    if kind in {"word", "code"}:
        return _worded(raw, low, start, end)
    if kind == "time":
        return Term(raw, "time", _clock(low), start, end)
    if kind == "number":
        return Term(raw, "number", re.sub(r"(?:st|nd|rd|th)$|[,](?=\d{3})", "", low), start, end)
    return Term(raw, kind, low.lstrip("v") if kind == "version" else low.rstrip("/"), start, end)  # pyright: ignore[reportArgumentType]


def _worded(raw: str, low: str, start: int, end: int) -> Term:
    single = low.removesuffix("s")
    if (day := DAYS.get(low, DAYS.get(single))) is not None:
        return Term(raw, "day", f"day{day}", start, end)
    if low in MONTHS and (raw[0].isupper() or low != "may") and low != "mars":
        return Term(raw, "month", f"month{MONTHS[low]}", start, end)
    if low in NUMBERS:
        return Term(raw, "number", str(NUMBERS[low]), start, end)
    if _CODE.fullmatch(raw) and raw[0] not in "’'":
        return Term(raw, "code", low, start, end)
    form = canon(raw)
    if form in UNITS or single in UNITS:
        return Term(raw, "unit", single if single in UNITS else form, start, end)
    return Term(raw, "name" if raw[0].isupper() else "word", form, start, end)


def _clock(low: str) -> str:
    """A time of day as minutes since midnight, however it is written."""
    if low in {"noon", "midnight"}:
        return "12:00" if low == "noon" else "0:00"
    digits = [int(part) for part in re.findall(r"\d+", low)]
    hour, minute = digits[0], digits[1] if len(digits) > 1 else 0
    if "p" in low and hour < 12:  # noqa: PLR2004 (noon)
        hour += 12
    return f"{hour}:{minute:02}"


_HAN_PIECES: Final = re.compile(
    "[零一二三四五六七八九十百千两]+(?=[分小点个月天年号人元秒份次])|分钟|小时|改成|改为|改回|改到|提前到|推迟到|周[一二三四五六日天]|星期[一二三四五六日天]|不再|搬到|咖啡|已经|现在|可能|也许|以后|喜欢|使用|时间|改成|改为|工作|我们|用户"
    "|这次|不要|总是|从不|部署|会议|名字|经理|电话|编辑器|回答|简短|详细|中文|英文|数据库|端口|住在|项目|测试|[一-鿿]"
)
_HAN_UNITS: Final = frozenset("分小点个月天年号人元秒份次")
_HAN_LIGHT: Final = frozenset(
    "我 你 他 她 它 的 了 吗 呢 是 在 也 还 就 会 要 我们 用户 现在 已经 请 把 用 到 很 从 不 没 别 改成 改为 改回 改到 提前到 推迟到 又".split()
)
_HAN_SAME: Final = {
    "住在": "live",
    "住": "live",
    "搬到": "live",
    "咖啡": "coffee",
    "茶": "tea",
    "喜欢": "like",
    "使用": "use",
    "用": "use",
    "抽": "smoke",
    "简短": "short",
    "详细": "long",
}


def _han(run: str, at: int) -> list[Term]:
    found: list[Term] = []
    for match in _HAN_PIECES.finditer(run):
        piece, start = match[0], at + match.start()
        if piece in DAYS:
            found.append(Term(piece, "day", f"day{DAYS[piece]}", start, start + len(piece)))
        elif (
            found
            and len(piece) == 1 == len(found[-1].text)
            and piece not in _HAN_LIGHT
            and piece not in _HAN_SAME
            and found[-1].canon not in _HAN_SAME.values()
            and found[-1].text not in _HAN_LIGHT
            and found[-1].end == start
        ):
            found[-1] = Term(found[-1].text + piece, "name", found[-1].canon + piece, found[-1].start, start + 1)
        else:
            found.append(Term(piece, "word", _HAN_SAME.get(piece, piece), start, start + len(piece)))
    return found


def is_light(term: Term) -> bool:
    """Whether a word is grammar only and says nothing by itself."""
    low = term.text.lower()
    if term.kind == "name" and term.text.isupper() and low != "i" and (len(low) > 1 or term.start):
        return False
    if term.kind not in {"word", "name"}:
        return False
    return low in _ENGLISH_STOPS or low in _OTHER_STOPS or low in _HAN_LIGHT


def _fill() -> None:
    from eider.understand.statements import antonyms

    words = {*antonyms.STRICT, *antonyms.CHOICES, *antonyms.LASTING, *antonyms.VITAL, *antonyms.RELATIVES, *antonyms.MEAT, *antonyms.FISH,
             *antonyms.DAIRY, *antonyms.ALCOHOL, *antonyms.RELATIONSHIP, *(trait for traits, _ in antonyms.DENIED for trait in traits), *antonyms.SIBLINGS, *antonyms.CHILDREN, *antonyms.PETS}  # fmt: skip
    for word in words:
        if word.isascii():
            _WHOLE.setdefault(stems.english(IRREGULAR.get(word, word)), word)


_fill()
