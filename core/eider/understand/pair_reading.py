"""Read one statement for comparison: its words with weights, the values it names, whose matter it is, its cue words.

Nothing here knows a language: words and patterns of nine languages are in `pair_words.json`, a new one is data.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final

from eider.understand.cues import guess_language
from eider.understand.sentences import Span

_HAN: Final = "\u3005\u3400-\u9fff\uf900-\ufaff"
_KANA: Final = "\u3041-\u30ff"
_HANGUL: Final = "\uac00-\ud7af"
_TOKEN: Final = re.compile(
    f"[{_HAN}]|[ァ-ヺー]+|[ぁ-ゖ]+|[{_HANGUL}]+|[0-9]+(?:[.,:/-][0-9]+)*"
    f"|[^\\W_{_HAN}{_KANA}{_HANGUL}]+(?:['’._@/:+#-]+[^\\W_{_HAN}{_KANA}{_HANGUL}]+)*"
)
_UNSPACED: Final = re.compile(f"[{_HAN}{_KANA}{_HANGUL}]")
_ELIDED: Final = re.compile(r"^(?:[ldjnmtsc]|qu|dell|nell|all|un|sull)['’](?=\w)", re.IGNORECASE)
_POSSESSIVE: Final = re.compile(r"['’]s$")
_SENTENCE_START: Final = re.compile(r"(?:^|[.!?。！？:;\n]\s*)[\"'“«(]*$")
LINKS: Final = frozenset({"de", "du", "di", "da", "do", "del", "della", "des", "d", "of", "的", "の", "von"})
"""Words that tie the next one to the one before."""
_STEM: Final = 5
"""Letters of a spaced word that are compared: an ending costs no match."""
_MOST: Final = 600
"""Characters of a statement that are read: comparing letters takes their square."""
_BEGINNING: Final = 12
"""Characters that count as the beginning of a statement."""
_PARTICLE: Final = 3
"""Letters of hiragana up to which a run is grammar."""

CUES: Final = (
    "now", "ended", "moved", "new", "back", "instead", "except", "only", "when", "also", "other", "all", "always",
    "neg", "fine", "forget", "rule", "past", "plan", "still", "like", "hate",
)  # fmt: skip
OWNERS: Final = ("I", "we", "you", "they")
VALUES: Final = ("number", "weekday", "month", "often", "colour", "name", "code")
_LISTED: Final = ("weekday", "month", "often", "colour")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a statement."""

    stem: str
    """Compared with other words: lower case, without accents, its first letters."""
    plain: str
    """Whole, lower case, without accents."""
    weight: float
    """How much it says: the logarithm of its rarity; 0 for a function word."""
    start: int
    end: int
    is_value: bool
    """A number, a name, a day or the like: only the very same counts as a match."""
    is_cue: bool
    """Part of a cue of change ("now", "moved to"), which says nothing of the subject."""
    joined: bool
    """Follows the word before it with at most a space between."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One statement, read once and compared with many."""

    text: str
    unspaced: bool
    words: tuple[Word, ...]
    values: dict[str, frozenset[str]]
    """By kind of value (`VALUES`) what is named."""
    units: frozenset[str]
    """Stems that follow a number."""
    cues: dict[str, int]
    """By kind of cue how often it occurs."""
    first_cues: frozenset[str]
    """Cues in the first dozen characters."""
    owners: frozenset[str]
    people: frozenset[str]
    """Words for people who stand in some relation to the speaker, in lower case."""
    first_people: frozenset[str]
    """Those among the first words."""
    possessors: frozenset[str]
    """Names that own something: "Marek's", "de Chus"."""
    rest: str
    """What a text too long to be read goes on with, of which nothing is known."""

    @property
    def content(self) -> list[Word]:
        """Words that speak of the subject: no function words, no cues of change."""
        return [word for word in self.words if word.weight > 0 and not word.is_cue]


@dataclass(frozen=True, slots=True)
class _Language:
    stop: frozenset[str]
    patterns: dict[str, re.Pattern[str]]
    lists: dict[str, list[re.Pattern[str]]]
    capital_nouns: bool
    """Nouns have capitals, so that a capital marks no name."""


@cache
def _languages() -> dict[str, _Language]:
    data: dict[str, dict[str, Any]] = json.loads((files("eider.understand") / "pair_words.json").read_text("utf-8"))
    found: dict[str, _Language] = {}
    for name, classes in data.items():
        spaced = name not in {"zh", "ja", "ko"}
        texts = {k: v for k, v in classes.items() if isinstance(v, str) and k not in {"stop", "nouns"}}
        found[name] = _Language(
            stop=frozenset(plain(word) for word in classes["stop"].split()),
            patterns={k: _pattern(v, spaced) for k, v in texts.items()},
            lists={k: [_pattern(one, spaced) for one in v] for k, v in classes.items() if isinstance(v, list)},
            capital_nouns=classes.get("nouns") == "capital",
        )
    return found


def _pattern(alternatives: str, spaced: bool) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w])(?:{alternatives})(?![\w])" if spaced else alternatives, re.IGNORECASE)


@cache
def _rarity() -> dict[str, float]:
    return json.loads((files("eider.understand") / "pair_rarity.json").read_text("utf-8"))


def plain(word: str) -> str:
    """A word in lower case without accents; other scripts stay as they are."""
    if word.isascii():
        return word.lower()
    if _UNSPACED.search(word):
        return unicodedata.normalize("NFKC", word)
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def stem(word: str) -> str:
    """The part of a plain word that is compared: `_STEM` letters, two syllables of Korean, all of Chinese and kana."""
    if _UNSPACED.search(word):
        return word[:2] if word[0] >= "\uac00" else word
    if any(map(str.isdigit, word)):
        return word
    return word[:_STEM] if len(word) > _STEM else word.rstrip("s") or word


@lru_cache(maxsize=4_096)
def read(text: str, tongue: str | None = None) -> Reading:
    """Read a statement.

    Args:
        text: As said; only its first `_MOST` characters are read.
        tongue: A key of `pair_words.json`; guessed by default.
    """
    text, rest = text[:_MOST].replace("’", "'"), text[_MOST:].strip()
    known = _languages()[tongue or guess_language(text) or "en"]
    spans = {kind: [match.span() for match in known.patterns[kind].finditer(text)] for kind in CUES}
    changing: list[Span] = [span for kind in ("now", "moved", "new", "back", "instead") for span in spans[kind]]
    values: dict[str, set[str]] = {kind: set() for kind in VALUES}
    special: list[Span] = []
    for kind in (*_LISTED, "number"):
        for index, pattern in enumerate(known.lists[kind]):
            for match in pattern.finditer(text):
                values[kind].add(str(index))
                special.append(match.span())
    kin = list(known.patterns["kin"].finditer(text))
    words = _words(text, known, changing, special, values)
    return Reading(
        rest=rest, text=text, unspaced=bool(_UNSPACED.search(text)), words=tuple(words),
        values={kind: frozenset(found) for kind, found in values.items()},
        units=frozenset(after.stem for word, after in pairwise(words) if word.plain[0].isdigit() and after.joined),
        cues={kind: len(found) for kind, found in spans.items()},
        first_cues=frozenset(kind for kind, found in spans.items() if any(start < _BEGINNING for start, _ in found)),
        owners=frozenset(one for one in OWNERS if known.patterns[one].search(text)),
        possessors=frozenset(
            word.plain
            for before, word in zip((None, *words), words, strict=False)
            if word.plain in values["name"]
            and (text[word.start : word.end].endswith("'s") or (before is not None and before.plain in LINKS))
        ),
        people=frozenset(stem(plain(match.group())) for match in kin),
        first_people=frozenset(stem(plain(match.group())) for match in kin if match.start() < 2 * _BEGINNING),
    )  # fmt: skip


def _words(
    text: str, known: _Language, changing: list[Span], special: list[Span], values: dict[str, set[str]]
) -> list[Word]:
    rarity = _rarity()
    most = rarity[""]
    words: list[Word] = []
    last = -9
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        raw = match.group()
        cut = _ELIDED.match(raw)
        if cut:
            raw, start = raw[cut.end() :], start + cut.end()
        raw = _POSSESSIVE.sub("", raw)
        whole = plain(raw)
        value = any(a <= start < b for a, b in special)
        is_number = whole[0].isdigit()
        if is_number:
            values["number" if re.fullmatch(r"[\d.,:/-]+", whole) else "code"].add(whole.rstrip(".,:"))
        elif re.search(r"[a-z][._@/:+#]+\w|\d", whole):
            values["code"].add(whole)
        elif raw[0].isupper() and not value:
            fresh = rarity.get(stem(whole), most) >= most - 0.01
            inner = not _SENTENCE_START.search(text[:start])
            if whole not in known.stop and (fresh or (inner and not known.capital_nouns)):
                values["name"].add(whole)
                value = True
        function = whole in known.stop or ("ぁ" <= whole[0] <= "ゖ" and len(whole) <= _PARTICLE)
        words.append(
            Word(
                stem=stem(whole), plain=whole, weight=0.0 if function else rarity.get(stem(whole), most), start=start, end=end,
                is_value=value or is_number or whole in values["code"], is_cue=any(a <= start < b for a, b in changing),
                joined=start - last <= 1,
            )
        )  # fmt: skip
        last = end
    return words
