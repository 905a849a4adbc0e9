"""Cuts a text into sentences and clauses by offsets, never inside times, ports, paths, versions or abbreviations."""

import re
from bisect import bisect_left
from collections.abc import Iterator

from eider.understand.cues import EAST_ASIAN, guess_language

try:
    from sentencex import get_sentence_boundaries  # pyright: ignore[reportAttributeAccessIssue]
except ImportError:  # no wheel for this platform
    get_sentence_boundaries = None

Span = tuple[int, int]
"""Start and end offsets of a piece of a text."""

_WHOLE = re.compile(
    r"`[^`\n]{1,200}`"  # inline code
    r"|\b[a-z][a-z0-9+.-]{0,20}://\S+[^\s.,;:!?)\]}\"'»”]"  # URLs
    r"|\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+(?::[\w./-]*\w)?"  # mail and git addresses
    r"|\b[A-Za-z]:\\[^\s,;]*[^\s,;.]"  # C:\logs
    r"|(?<!\w)(?:~|\.{1,2})?/[\w.@~*{}-]*[\w*}](?:/[\w.@~*{}-]*[\w*}])*/?"  # paths
    r"|(?<!\w)\.{1,2}\w[\w.-]*\w"  # .env, ..name
    r"|\b\d+(?:[.,:]\d+)+\b"  # 14:30, 1.2.3, 1.234,50
    r"|(?i:\b(?:am|der|die|das|dem|den|des|vom|zum|im|ab|seit)\s)\d{1,2}\.\s+(?=[A-ZÄÖÜ])"  # der 1. FC
    r"|(?i:\b[ap]\.\s?m\.)(?:\s+(?=[\w(]))?"  # 6 a.m. UTC
    r"|(?i:\b(?:e\.\s?g|i\.\s?e|z\.\s?b|d\.\s?h|u\.\s?a|p\.\s?ex|p\.\s?ej)\.)\s*"
    r"|(?i:\b(?:approx|dept|etc|resp|incl|excl|vol|est|misc|min|max|ca|vs|cf|bzw|usw|ggf|evtl|inkl|zzgl|vgl|sog|env)\.)\s+(?=[a-zà-ÿ\d])"
    r"|\b[A-Z][a-z]{0,3}\.\s+(?=\d)"  # Kr. 5
    r"|\b(?:[DM]rs?|Ms|[SH]r|Sra|Srta|Dra|Fr|Prof|Mmes?|Mlle|Sig|Dott|Ing|St)\.\s+(?=[A-ZÀ-Ý])"  # Sra. Ruiz
    r"|(?:^|(?<=[.!?]\s))[A-Z]\.\s+(?=[A-Z][a-z])"  # M. Dupont
    r"|\b\w[\w-]{0,80}(?:[.:]+[\w-]+)+\b"  # file.py, host:80, std::x
    r"|\([^()\n]{1,160}\)|\[[^\[\]\n]{1,160}\]"  # brackets
    r"|\"[^\"\n]{1,160}\"|“[^”\n]{1,160}”|„[^“”\n]{1,160}[“”]|«[^»\n]{1,160}»"
    r"|「[^」\n]{1,80}」|『[^』\n]{1,80}』|《[^》\n]{1,80}》"
    r"|(?<![\w'])'(?=[^\s'])[^'\n]{1,60}'(?!\w)"
)
_FALLBACK_END = re.compile(
    r"(?<!\b\w)(?<!\b\w\w)(?<![.!?…])[.!?…]+[\"'”’»)\]]*(?=\s+[^\s\d a-zß-ÿ])|[。！？；]+[」』”）]*"
)
_ALWAYS_END = re.compile(
    r"[。！？；]+[」』”）]*(?=.)|(?<=[\w)\]])[!?]{2,}(?=\s)|(?<![\U0001F300-\U0001FAFF☀-➿️])[\U0001F300-\U0001FAFF☀-➿️]+(?=\s+\w)"
)
_SMALL_START = re.compile(r"(?<=[^\W\d_]{3}[.!?] )[a-zà-ÿ]|(?<=[^\W\d_]{3}[.!?]  )[a-zà-ÿ]")
_SHORT_WORD = re.compile(r"(?:^|[\s(])[A-Za-zÀ-ÿ]{1,3}\.$")
_PAUSE = re.compile(r"[,;](?=\s)|(?<=[぀-鿿가-힯])[,;]|[，、；]|\s+[–—-]{1,2}(?=\s)|—|\.{3}(?=\s)|…(?=\s)")
_LIST_MARK = re.compile(r"[ \t]*(?:[-*•+–]|\d{1,2}[.)]|\[[ xX]\]|[a-h]\))[ \t]+")
_LETTER = re.compile(r"[^\W_]")
_LONG_LINE = 4_000
"""Characters of a line from which on it is cut by signs alone: the library takes the square of some of them."""
_WRAPPED = 60
"""A line at least this long, followed by one that begins with a small letter, is a wrapped paragraph. A guess."""


def whole_pieces(text: str) -> list[Span]:
    """Return the pieces that are never cut: code, URLs, paths, times, versions, brackets, short quotations."""
    return [match.span() for match in _WHOLE.finditer(text)]


def _inside(place: int, pieces: list[Span]) -> bool:
    """Whether a place lies within a piece; the pieces are in order and apart."""
    before = bisect_left(pieces, (place, 0)) - 1
    return before >= 0 and pieces[before][0] < place < pieces[before][1]


def trim(text: str, start: int, end: int) -> Span:
    """Return the span without blanks at its edges."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def lines(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the lines with something in them, wrapped lines of one paragraph joined."""
    end = len(text) if end is None else end
    found: list[Span] = []
    at = start
    for line in text[start:end].split("\n"):
        stop = at + len(line)
        if line.strip():
            previous = text[found[-1][0] : found[-1][1]] if found else ""
            wrapped = found and found[-1][1] == at - 1 and len(previous) >= _WRAPPED and line[0].islower()
            if wrapped and previous.rstrip()[-1] not in ".!?:;。！？":
                found[-1] = (found[-1][0], stop)
            else:
                found.append((at, stop))
        at = stop + 1
    return found


def _ends(line: str, language: str) -> Iterator[int]:
    if get_sentence_boundaries is None or len(line) > _LONG_LINE:
        yield from (match.end() for match in _FALLBACK_END.finditer(line))
    else:
        # The library does not cut before a small letter; its abbreviations hold when the letter is a capital.
        capital = _SMALL_START.sub(lambda match: match[0].upper(), line.replace("`", "'"))  # slow on many of them
        for boundary in get_sentence_boundaries(language or "en", capital if len(capital) == len(line) else line):
            yield boundary["end_index"]
    yield from (match.end() for match in _ALWAYS_END.finditer(line))


def _is_end(line: str, place: int, pieces: list[Span]) -> bool:
    before, after = line[:place].rstrip(), line[place:].lstrip()
    if not before or not after or _inside(len(before), pieces) or not _LETTER.search(before):
        return False
    if before[-1] not in "。！？；」』”）" and line[place - 1] == before[-1] and not line[place].isspace():
        return False  # no blank between: ./x, v1.x
    # An abbreviation: Fri. or
    return not (before[-1] == "." and after[0].islower() and _SHORT_WORD.search(before))


def sentences(
    text: str, start: int = 0, end: int | None = None, language: str | None = None, *, lists: bool = False
) -> list[Span]:
    """Return the sentences of a text as offsets, trimmed; lines and list items end a sentence.

    Args:
        text: Any text.
        start: Where to begin.
        end: Where to stop; None means the end of the text.
        language: Two-letter code; guessed when None.
        lists: The text has several lines, so a number at the beginning of a line is a list mark.
    """
    language = guess_language(text) if language is None else language
    found: list[Span] = []
    found_lines = lines(text, start, end)
    for first, last in found_lines:
        mark = _LIST_MARK.match(text, first, last) if lists or len(found_lines) > 1 or text[first] in "-*•" else None
        begin = mark.end() if mark else first
        line = text[begin:last]
        pieces = whole_pieces(line)
        at = 0
        for place in sorted({*(p for p in _ends(line, language) if _is_end(line, p, pieces)), len(line)}):
            span = trim(text, begin + at, begin + place)
            if span[0] < span[1]:
                if found and not _LETTER.search(text, *span) and found[-1][0] >= first:
                    found[-1] = (found[-1][0], span[1])  # an emoji or dots after a sentence
                else:
                    found.append(span)
            at = place
    return found


def clauses(text: str, start: int, end: int) -> list[Span]:
    """Return the clauses of a sentence: cut at commas, semicolons and dashes outside of whole pieces."""
    sentence = text[start:end]
    if not _PAUSE.search(sentence):
        return [(start, end)]
    pieces = whole_pieces(sentence)
    found: list[Span] = []
    at = 0
    for match in [*_PAUSE.finditer(sentence), None]:
        stop = match.start() if match else len(sentence)
        if match and _inside(stop, pieces):
            continue
        span = trim(text, start + at, start + stop)
        if _LETTER.search(text, *span):
            found.append(span)
        at = match.end() if match else stop
    return found or [(start, end)]


def is_east_asian(text: str) -> bool:
    """Return whether the text has Chinese, Japanese or Korean characters."""
    return EAST_ASIAN.search(text) is not None
