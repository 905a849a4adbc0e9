"""The words of dates in five languages, each mapped to a one-letter code that one grammar reads.

    m month            a month that is also another word   b lower-case "may" and "march"
    w weekday          v its abbreviation                  r day counted from today (value)
    u unit             s season       h holiday            q quarter      R weekday of a counted week
    d 1–31 in digits   n number       V vague number       o ordinal digits      e ordinal word
    l c x last, this, next (before the noun)               L X the same, on either side of it
    t last but one (on either side of the noun)
    g ago              k from now     S since   B before   A after        U until    F from   T to
    W between          E and          I in      O on       G for          P early, middle, late
    Q J H before, after, since when they follow the date   ! every        ~ any other word

Phrases may have several words, in lower case; spaces, hyphens and apostrophes between them are alike.
"""

from __future__ import annotations

from typing import Final

Lexicon = dict[str, tuple[str, "int | str"]]
HanCodes = list[tuple[str, "int | str"]]

CORES: Final = frozenset("mabwvrushqDMyYZoR")
"""Codes without which nothing can be a date."""
YEARS: Final = range(1900, 2101)
"""Four digits in this range are read as a year; others are numbers."""


def _lexicon(*groups: tuple[str, dict[str, int] | dict[str, str] | str]) -> Lexicon:
    """Groups of phrases per code; a string lists phrases apart by `|`, valued 0."""
    out: Lexicon = {}
    for code, phrases in groups:
        table = dict.fromkeys(phrases.split("|"), 0) if isinstance(phrases, str) else phrases
        out |= {phrase: (code, value) for phrase, value in table.items()}
    return out


def _numbered(names: str, first: int = 1) -> dict[str, int]:
    """Names apart by spaces, alternatives apart by `/`, numbered in order."""
    return {name: i for i, group in enumerate(names.split(), first) for name in group.split("/")}


def _units(**names: str) -> dict[str, str]:
    return {name: unit for unit, group in names.items() for name in group.split("|")}


_ENGLISH: Final = _lexicon(
    ("m", {"january": 1, "february": 2, "july": 7, "september": 9, "october": 10, "november": 11, "december": 12}),
    ("a", {"april": 4, "june": 6, "august": 8, "may": 5, "march": 3}),
    ("a", _numbered("jan feb mar apr _ jun jul aug sep/sept oct nov dec")),
    ("w", _numbered("monday tuesday wednesday thursday friday saturday sunday", 0)),
    ("v", {"tue": 1, "tues": 1, "thu": 3, "thur": 3, "thurs": 3, "fri": 4}),
    ("u", _units(
        day="day|days", week="week|weeks|wk|wks", weekend="weekend|weekends", fortnight="fortnight|fortnights",
        month="month|months", year="year|years", decade="decade|decades",
        hour="hour|hours|hr|hrs|minute|minutes|min|mins|moment",
    )),
    ("s", {"spring": 0, "summer": 1, "summers": 1, "autumn": 2, "fall": 2, "winter": 3, "winters": 3}),
    ("h", {
        "christmas": "christmas", "xmas": "christmas", "christmas day": "12-25", "christmas eve": "12-24",
        "boxing day": "12-26", "new year s eve": "12-31", "new years eve": "12-31", "new year s day": "1-1",
        "new year s": "1-1", "new years": "1-1", "new year": "1-1", "halloween": "10-31", "valentine s day": "2-14",
        "valentines day": "2-14", "valentine s": "2-14", "thanksgiving": "thanksgiving", "easter": "easter",
    }),
    ("r", {
        "the day before yesterday": -2, "day before yesterday": -2, "yesterday": -1, "last night": -1, "today": 0,
        "tonight": 0, "this morning": 0, "this afternoon": 0, "this evening": 0, "tomorrow": 1,
        "the day after tomorrow": 2, "day after tomorrow": 2,
    }),
    ("n", _numbered("one/a/an two three four five six seven eight nine ten eleven twelve")),
    ("n", {"fifteen": 15, "twenty": 20, "thirty": 30, "half a": -2}),
    ("V", {"a couple of": 2, "a couple": 2, "couple of": 2, "couple": 2, "a few": 3, "few": 3, "several": 3}),
    ("e", _numbered("first second third fourth fifth sixth seventh eighth ninth tenth")),
    ("l", {"last": 0, "previous": 0, "past": 1}),
    ("t", "last but one|penultimate|second to last|next to last"), ("c", "this|current"), ("x", "next|coming|upcoming"), ("g", "ago|back"), ("k", "from now|from today|hence"),
    ("S", "since|ever since"), ("B", "before|prior to|earlier than"), ("A", "after|following|later than"),
    ("U", "until|till|by|up to|through"), ("F", "from"), ("T", "to"), ("W", "between"), ("E", "and"),
    ("I", "in|during|over|throughout|around|within|as of"), ("O", "on|at"), ("G", "for"),
    ("P", {
        "early": 0, "early in": 0, "beginning of": 0, "start of": 0, "earlier in": 0, "mid": 1, "middle of": 1,
        "late": 2, "later in": 2, "late in": 2, "end of": 2, "first half of": 3, "second half of": 4,
    }),
    ("!", "every|each|any|most|some|one"), ("", "the|of|on the morning of|on the evening of"),
)  # fmt: skip

_GERMAN: Final = _lexicon(
    ("m", _numbered(
        "januar/jänner februar märz _ _ juni juli _ september oktober november dezember"
    )),
    ("a", {"april": 4, "mai": 5, "august": 8}),
    ("w", _numbered("montag dienstag mittwoch donnerstag freitag samstag/sonnabend sonntag", 0)),
    ("u", _units(
        day="tag|tage|tagen|tages", week="woche|wochen", weekend="wochenende|wochenenden",
        month="monat|monate|monaten|monats", year="jahr|jahre|jahren|jahres", hour="stunde|stunden|minuten",
    )),
    ("s", {"frühling": 0, "frühjahr": 0, "sommer": 1, "herbst": 2, "winter": 3}),
    ("h", {
        "weihnachten": "christmas", "heiligabend": "12-24", "silvester": "12-31", "neujahr": "1-1", "ostern": "easter",
    }),
    ("r", {
        "vorvorgestern": -3, "vorgestern": -2, "gestern": -1, "heute": 0, "heute morgen": 0, "heute abend": 0,
        "gestern abend": -1, "morgen": 1, "morgen früh": 1, "übermorgen": 2,
    }),
    ("n", _numbered(
        "ein/eine/einen/einem/einer/eines zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
    )),
    ("V", {"ein paar": 3, "paar": 3, "einigen": 3, "einige": 3, "wenigen": 3, "mehreren": 3}),
    ("e", {"ersten": 1, "erste": 1, "erster": 1, "zweiten": 2, "zweite": 2, "dritten": 3, "dritte": 3}),
    ("l", {
        "letzte": 0, "letzten": 0, "letzter": 0, "letztes": 0, "letztem": 0, "vorige": 0, "vorigen": 0, "voriges": 0,
        "vergangene": 0, "vergangenen": 0, "vergangenes": 0,
    }),
    ("t", "vorletzte|vorletzten|vorletzter|vorletztes|vorletztem|vorvorige|vorvorigen|vorvoriges"),
    ("c", "diese|dieser|diesen|diesem|dieses"), ("x", "nächste|nächsten|nächster|nächstes|kommende|kommenden|kommendes"),
    ("S", "seit"), ("B", "vor"), ("A", "nach"), ("U", "bis"), ("F", "von|vom"), ("T", "bis zum"),
    ("W", "zwischen"), ("E", "und"), ("I", "in|im|während|über|zu|an"), ("O", "am"),
    ("P", {"anfang": 0, "mitte": 1, "ende": 2}),
    ("!", "jede|jeden|jedes|jeder"), ("", "der|die|das|den|dem|des"),
)  # fmt: skip

_FRENCH: Final = _lexicon(
    ("m", _numbered(
        "janvier février/fevrier _ avril _ juin juillet août/aout septembre octobre novembre décembre/decembre"
    )),
    ("a", {"mai": 5, "mars": 3}),
    ("w", _numbered("lundi mardi mercredi jeudi vendredi samedi dimanche", 0)),
    ("u", _units(
        day="jour|jours", week="semaine|semaines", weekend="week end|weekend|week ends", month="mois",
        year="an|ans|année|années", hour="heure|heures|minutes",
    )),
    ("s", {"printemps": 0, "été": 1, "automne": 2, "hiver": 3}),
    ("h", {
        "noël": "christmas", "noel": "christmas", "réveillon": "12-24", "pâques": "easter", "saint sylvestre": "12-31",
    }),
    ("r", {
        "avant hier": -2, "hier": -1, "hier soir": -1, "aujourd hui": 0, "ce matin": 0, "ce soir": 0,
        "cet après midi": 0, "demain": 1, "après demain": 2,
    }),
    ("n", _numbered("un/une deux trois quatre cinq six sept huit neuf dix onze douze")),
    ("n", {"quinze": 15}),
    ("V", {"quelques": 3, "plusieurs": 3}),
    ("e", {"premier": 1, "première": 1, "deuxième": 2, "troisième": 3}),
    ("L", {"dernier": 0, "dernière": 0, "derniers": 1, "dernières": 1, "passé": 0, "passée": 0}),
    ("t", "avant dernier|avant dernière|avant derniers|avant dernières|pénultième"),
    ("c", "ce|cet|cette"), ("X", "prochain|prochaine|prochains|prochaines"),
    ("g", "il y a"), ("k", "dans|d ici"),
    ("S", "depuis"), ("B", "avant"), ("A", "après"), ("U", "jusqu en|jusqu à|jusqu au"), ("F", "de|du"),
    ("W", "entre"), ("E", "et"), ("I", "en|au mois de|durant|pendant|au cours de"), ("I", {"à": 1, "au": 1}),
    ("P", {
        "début": 0, "au début de": 0, "début de": 0, "mi": 1, "milieu de": 1, "fin": 2, "fin de": 2, "à la fin de": 2,
    }),
    ("!", "chaque|tous"), ("", "le|la|les|l|des|d"),
)  # fmt: skip

_SPANISH: Final = _lexicon(
    ("m", _numbered(
        "enero febrero marzo abril _ junio julio agosto septiembre/setiembre octubre noviembre diciembre"
    )),
    ("a", {"mayo": 5}),
    ("w", _numbered("lunes martes miércoles/miercoles jueves viernes sábado/sabado domingo", 0)),
    ("u", _units(
        day="día|días|dia|dias", week="semana|semanas", weekend="fin de semana|fines de semana", month="mes|meses",
        year="año|años", hour="hora|horas|minutos",
    )),
    ("s", {"primavera": 0, "verano": 1, "otoño": 2, "invierno": 3}),
    ("h", {"navidad": "christmas", "navidades": "christmas", "nochebuena": "12-24", "nochevieja": "12-31",
           "año nuevo": "1-1", "semana santa": "easter", "pascua": "easter"}),
    ("r", {
        "anteayer": -2, "antes de ayer": -2, "ayer": -1, "anoche": -1, "hoy": 0, "esta mañana": 0, "esta tarde": 0,
        "esta noche": 0, "mañana": 1, "pasado mañana": 2,
    }),
    ("n", _numbered("un/una/uno dos tres cuatro cinco seis siete ocho nueve diez once doce")),
    ("n", {"quince": 15, "veinte": 20}),
    ("V", {"un par de": 2, "unos": 3, "unas": 3, "algunos": 3, "algunas": 3, "varios": 3, "varias": 3}),
    ("e", {"primero": 1, "primer": 1, "primera": 1, "segunda": 2, "tercera": 3}),
    ("L", {
        "pasado": 0, "pasada": 0, "último": 1, "última": 1, "últimos": 1, "últimas": 1, "ultimos": 1, "ultimas": 1,
    }),
    ("t", "penúltimo|penúltima|penultimo|penultima|antepasado|antepasada"),
    ("c", "este|esta|estos|estas"), ("X", "próximo|próxima|próximos|próximas|que viene"),
    ("g", "hace"), ("k", "dentro de"),
    ("S", "desde"), ("B", "antes de|antes del"), ("A", "después de|después del"), ("U", "hasta"), ("F", "del"),
    ("T", "a|al"), ("W", "entre"), ("E", "y"), ("I", "en|durante|por|en el mes de"), ("O", "el"),
    ("P", {
        "principios de": 0, "a principios de": 0, "comienzos de": 0, "mediados de": 1, "a mediados de": 1,
        "finales de": 2, "a finales de": 2, "fines de": 2,
    }),
    ("!", "cada|todos|todas"), ("", "de|la|los|las|d"),
)  # fmt: skip

LEXICONS: Final = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}

MORE_TRIGGERS: Final = {"fr": frozenset({"il", "dernier", "passé", "prochain"})}
"""For a core that is too common elsewhere to trigger by itself: French "an" (year) is English "an"."""
WEAK: Final = frozenset("day days hour hours minute minutes min mins moment morning afternoon evening night".split())
"""English cores that are mostly no dates, so that they need one of `COMPANIONS` in the text."""
COMPANIONS: Final = frozenset("ago back last past previous next now hence this in".split())

HAN_DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九十")} | {"两": 2, "日": 7, "天": 7}
_HAN_NUM: Final = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})"
_HAN_UNIT: Final = "(?:个)?(?:多)?(?:小时|天|周|星期|礼拜|月|年)"
_HAN_WEEK: Final = "(?:周|星期|礼拜)"


def _han_units() -> dict[str, HanCodes]:
    """Units counted from now, perhaps with a part: 上周, 下个月底, 今年年初."""
    out: dict[str, HanCodes] = {"周末": [("O", 0), ("u", "weekend")]}
    sides: list[tuple[str, str, int]] = [("上", "l", 0), ("这", "c", 0), ("本", "c", 0), ("下", "x", 0)]
    for sign, code, _ in sides:
        for name, unit in (("周末", "weekend"), ("周", "week"), ("星期", "week"), ("礼拜", "week"), ("月", "month")):
            for between in ("", "个"):
                out[f"{sign}{between}{name}"] = [(code, 0), ("u", unit)]
        for third, part in enumerate("初中底"):
            out[f"{sign}个月{part}"] = out[f"{sign}月{part}"] = [("P", third), (code, 0), ("u", "month")]
    for sign, code in (("去年", "l"), ("今年", "c"), ("明年", "x")):
        out[sign] = [(code, 0), ("u", "year")]
        for third, part in enumerate("初中底"):
            out[f"{sign}年{part}"] = out[f"{sign}{part}"] = [("P", third), (code, 0), ("u", "year")]
    for third, part in enumerate("初中底"):
        out[f"年{part}"], out[f"月{part}"] = [("P", third), ("u", "year")], [("P", third), ("u", "month")]
    for sign, unit in (
        ("上上周末", "weekend"),
        ("上上个周末", "weekend"),
        ("上上周", "week"),
        ("上上个月", "month"),
        ("前年", "year"),
    ):
        out[sign] = [("n", 2), ("u", unit), ("g", 0)]
    for sign, unit in (("下下周", "week"), ("下下个月", "month"), ("后年", "year")):
        out[sign] = [("n", 2), ("u", unit), ("k", 0)]
    return out


_HAN_DAYS: Final = {
    "大前天": -3, "前天": -2, "昨天": -1, "昨晚": -1, "昨日": -1, "今天": 0, "今晚": 0, "今早": 0, "今日": 0,
    "明天": 1, "明晚": 1, "明早": 1, "后天": 2, "大后天": 3,
}  # fmt: skip


def _single(**codes: str | dict[str, int] | dict[str, str]) -> dict[str, HanCodes]:
    """Words of one code each, as tables or apart by `|`."""
    tables = {code: dict.fromkeys(t.split("|"), 0) if isinstance(t, str) else t for code, t in codes.items()}
    return {word: [(code, value)] for code, table in tables.items() for word, value in table.items()}


HAN_WORDS: Final[dict[str, HanCodes]] = (
    _han_units()
    | _single(
        r=_HAN_DAYS,
        s={f"{sign}{tail}": i for i, sign in enumerate("春夏秋冬") for tail in "天季"},
        h={"圣诞节": "christmas", "圣诞": "christmas", "元旦": "1-1", "情人节": "2-14", "国庆": "10-1", "国庆节": "10-1",
           "万圣节": "10-31"},
        S="自从|从", I="在", T="到|至", Q="之前|以前", J="之后|以后", H="以来",
        **{"~": "每天|每周|每个月|每月|每年" + "".join(f"|每{w}{d}" for w in ("周", "星期") for d in "一二三四五六日天")},
    )
)  # fmt: skip
"""Chinese words with their codes in the order of the grammar."""
HAN_TOKENS: Final = (
    ("date", r"\d{4}年\d{1,2}月\d{1,2}[日号]?|(?<!\d)\d{4}-\d{1,2}-\d{1,2}(?!\d)"),
    ("yearmonth", r"\d{4}年\d{1,2}月"),
    ("year", r"(?:19|20)\d\d年"),
    ("ofweek", f"(?:上上|上|这|本|下下|下)个?{_HAN_WEEK}[一二三四五六日天]"),
    ("rolling", f"(?:最近|过去|近)的?(?:{_HAN_NUM}|几){_HAN_UNIT}"),
    ("counted", f"(?:{_HAN_NUM}|几){_HAN_UNIT}(?:之前|以前|前|之后|以后|后)"),
    ("monthday", f"{_HAN_NUM}月{_HAN_NUM}[日号]"),
    ("day", f"(?<=[日号到至—–~～-]){_HAN_NUM}[日号]"),
    ("month", f"(?<!个){_HAN_NUM}月(?:份|初|中|底)?"),
    ("word", "|".join(sorted(HAN_WORDS, key=len, reverse=True))),
    ("weekday", f"{_HAN_WEEK}[一二三四五六日天]"),
)  # fmt: skip
"""Chinese is read by these patterns, the first that fits: it has no spaces between words."""
HAN_HINT: Final = "[昨今明去前后上下这本最近过每\\d一二两三四五六七八九十几][天晚日早年个月周星礼近去]|[周星][一二三四五六日天期末]|[春夏秋冬][天季]|[月年][初中底]|圣诞|元旦|国庆"
"""What a text with a Chinese date has somewhere."""
