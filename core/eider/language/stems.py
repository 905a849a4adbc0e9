"""Word stems: English by the published Porter2 rules, light suffix rules for German, French and Spanish.

Source of the English rules: M. F. Porter, "The English (Porter2) stemming algorithm", as described on
snowballstem.org; this is an independent implementation. The other three only take off plural,
gender and the commonest verb endings: under-stemming costs a match, over-stemming costs a false one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LEAST: Final = 3
"""Letters a word needs to have a suffix."""
_VOWELS: Final = "aeiouy"
_DOUBLES: Final = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")
_SPECIAL: Final = {
    "skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "idly": "idl", "gently": "gentl",
    "ugly": "ugli", "early": "earli", "only": "onli", "singly": "singl", "sky": "sky", "news": "news", "howe": "howe",
    "atlas": "atlas", "cosmos": "cosmos", "bias": "bias", "andes": "andes", "inning": "inning", "outing": "outing",
    "canning": "canning", "herring": "herring", "earring": "earring", "proceed": "proceed", "exceed": "exceed",
    "succeed": "succeed",
}  # fmt: skip
_STEP2: Final = (
    ("ization", "ize"), ("ational", "ate"), ("fulness", "ful"), ("ousness", "ous"), ("iveness", "ive"),
    ("tional", "tion"), ("biliti", "ble"), ("lessli", "less"), ("entli", "ent"), ("ation", "ate"), ("alism", "al"),
    ("aliti", "al"), ("ousli", "ous"), ("iviti", "ive"), ("fulli", "ful"), ("enci", "ence"), ("anci", "ance"),
    ("abli", "able"), ("izer", "ize"), ("ator", "ate"), ("alli", "al"), ("bli", "ble"),
)  # fmt: skip
_STEP3: Final = (
    ("ational", "ate"), ("tional", "tion"), ("alize", "al"), ("icate", "ic"), ("iciti", "ic"), ("ical", "ic"),
    ("ness", ""), ("ful", ""),
)  # fmt: skip
_STEP4: Final = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize",
    "al", "er", "ic",
)  # fmt: skip
_SHORT_END: Final = re.compile(r"(^|[^aeiouy])[aeiouy][^aeiouywxY]$|^[aeiouy][^aeiouy]$")


def english(word: str) -> str:
    """Porter2 stem of a lower-case word without apostrophes.

    >>> [english(word) for word in ("running", "cities", "happily", "relational", "hoping")]
    ['run', 'citi', 'happili', 'relat', 'hope']
    """
    if len(word) < _LEAST:
        return word
    if word in _SPECIAL:
        return _SPECIAL[word]
    word = re.sub(r"(^|[aeiouy])y", r"\1Y", word)
    r1 = _region(word, 0)
    if match := re.match("gener|commun|arsen", word):
        r1 = match.end()
    r2 = _region(word, r1)
    word = _plurals(word)
    word = _past(word, r1)
    if len(word) >= _LEAST and word[-1] in "yY" and word[-2] not in _VOWELS:
        word = word[:-1] + "i"
    word = _derived(word, r1, r2)
    return _final(word, r1, r2).lower()


def _region(word: str, start: int) -> int:
    match = re.compile("[aeiouy][^aeiouy]").search(word, start)
    return match.end() if match else len(word)


def _plurals(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > _LEAST + 1 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and re.search("[aeiouy].", word[:-1]):
        return word[:-1]
    return word


def _past(word: str, r1: int) -> str:
    for end in ("eedly", "eed"):
        if word.endswith(end):
            return word[: -len(end)] + "ee" if len(word) - len(end) >= r1 else word
    for end in ("ingly", "edly", "ing", "ed"):
        if not word.endswith(end):
            continue
        rest = word[: -len(end)]
        if not re.search("[aeiouy]", rest):
            return word
        if rest.endswith(("at", "bl", "iz")):
            return rest + "e"
        if rest.endswith(_DOUBLES):
            return rest[:-1]
        return rest + "e" if len(rest) <= r1 and _SHORT_END.search(rest) else rest
    return word


def _derived(word: str, r1: int, r2: int) -> str:
    for end, new in _STEP2:
        if word.endswith(end):
            word = word[: -len(end)] + new if len(word) - len(end) >= r1 else word
            break
    else:
        if (word.endswith("ogi") and word[-4:-3] == "l" and len(word) - 3 >= r1) or (
            word.endswith("li") and word[-3:-2] in tuple("cdeghkmnrt") and len(word) - 2 >= r1
        ):
            word = word[:-1] if word.endswith("ogi") else word[:-2]
    for end, new in _STEP3:
        if word.endswith(end):
            return word[: -len(end)] + new if len(word) - len(end) >= r1 else word
    return word[:-5] if word.endswith("ative") and len(word) - 5 >= r2 else word


def _final(word: str, r1: int, r2: int) -> str:
    for end in _STEP4:
        if word.endswith(end):
            word = word[: -len(end)] if len(word) - len(end) >= r2 else word
            break
    else:
        if word.endswith("ion") and word[-4:-3] in ("s", "t") and len(word) - 3 >= r2:
            word = word[:-3]
    if word.endswith("e"):
        rest = word[:-1]
        if len(rest) >= r2 or (len(rest) >= r1 and not _SHORT_END.search(rest)):
            return rest
    elif word.endswith("ll") and len(word) - 1 >= r2:
        return word[:-1]
    return word


def plain(word: str) -> str:
    """The word without accents: `é` and `e` are typed interchangeably.

    >>> plain("über"), plain("straße"), plain("mañana")
    ('uber', 'strasse', 'manana')
    """
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFD", word.replace("ß", "ss").replace("œ", "oe").replace("æ", "ae"))
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


def _strip(word: str, endings: tuple[str, ...], least: int) -> str:
    """The word without the first ending that leaves at least `least` letters."""
    for end in endings:
        if word.endswith(end) and len(word) - len(end) >= least:
            return word[: -len(end)]
    return word


_GERMAN: Final = (
    "erinnen",
    "erin",
    "innen",
    "ungen",
    "ung",
    "ern",
    "est",
    "em",
    "er",
    "en",
    "es",
    "st",
    "te",
    "t",
    "e",
    "s",
    "n",
)
_FRENCH: Final = (
    "issements", "issement", "atrices", "ateurs", "ations", "atrice", "ateur", "ation", "ements", "ement", "issent",
    "aient", "eront", "eurs", "euse", "erait", "ait", "ais", "ons", "ent", "ees", "ant", "eur", "eux", "ez", "er",
    "ir", "ee", "es", "re", "e", "s", "x", "i", "a",
)  # fmt: skip
_SPANISH: Final = (
    "amientos", "amiento", "imientos", "imiento", "aciones", "adoras", "adores", "acion", "adora", "iendo", "mente",
    "ieron", "aron", "aste", "iste", "ador", "ando", "aban", "idad", "amos", "emos", "imos", "aba", "ado", "ada",
    "ido", "ida", "ar", "er", "ir", "es", "os", "as", "an", "en", "io", "o", "a", "e", "s",
)  # fmt: skip


def german(word: str) -> str:
    """Light stem of a German word: `rechnungen` and `rechnung` meet.

    >>> german("rechnungen"), german("rechnung"), german("häuser"), german("haus")
    ('rechn', 'rechn', 'haus', 'haus')
    """
    return _strip(plain(word), _GERMAN, 4)


def french(word: str) -> str:
    """Light stem of a French word.

    >>> french("réservations"), french("réserver"), french("journaux"), french("journal")
    ('reserv', 'reserv', 'journal', 'journal')
    """
    word = plain(word)
    if word.endswith("aux") and len(word) > _LEAST + 2:
        return word[:-2] + "l"
    return _strip(word, _FRENCH, 4)


def spanish(word: str) -> str:
    """Light stem of a Spanish word.

    >>> spanish("reuniones"), spanish("reunión"), spanish("facturas"), spanish("factura")
    ('reunion', 'reunion', 'factur', 'factur')
    """
    return _strip(plain(word), _SPANISH, 4)
