"""Tells the person's own words in a message from words of others: code, logs, quotations, forwards, fiction.

Lines are judged first (fences, envelopes of hosts, quoted lines, diffs, data, logs, mail headers), then what an
introduction announces ("here is what the vendor says:"), then sentences (role play, drafts, asked advice).
Another voice lasts until it clearly ends; where its end is not clear, the voice is UNCLEAR.
"""

import itertools
import re
from bisect import bisect_left
from dataclasses import dataclass
from enum import Enum

from eider.understand import cues
from eider.understand.sentences import Span, lines, sentences, whole_pieces

_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]*)(?:\s[^<>]*)?>")
_OPEN_TAG = re.compile(r"^<([a-z]+(?:[-_][a-z]+)+)(?:\s[^<>]*)?>", re.MULTILINE)
_FENCE = re.compile(r"^[ \t>]*(```|~~~).*?(?:^[ \t>]*\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_QUOTES = {"“": "”", "„": "“”", "«": "»", "「": "」", "『": "』", '"': '"'}
_FORWARD = re.compile(r"^[ \t]*-{2,}\s*(?:[^\W\d_]+\s){0,3}[^\W\d_]+\s*-{2,}[ \t]*$")
_WROTE = re.compile(r"^[ \t]*(?=.*(?:\d{1,2}[:.]\d\d|\d{4}|@)).{5,120}(?:wrote|schrieb|a écrit|escribió|ha scritto|escreveu|写道|寫道)[^\n]{0,60}[:：]\s*$", re.IGNORECASE)  # fmt: skip
_HEADER = re.compile(r"^[ \t]*(?:From|To|Cc|Subject|Date|Sent|Von|An|Betreff|Datum|De|À|Objet|Para|Asunto|Fecha|Da|A|Oggetto|Assunto|Data|发件人|收件人|主题|件名|差出人|宛先|제목|보낸 ?사람)\s?[:：]", re.IGNORECASE)  # fmt: skip
_QUOTED_LINE = re.compile(r"^[ \t]*(?:>|\|.*\|[ \t]*$)")
_DIFF = re.compile(r"^(?:diff --git |@@ .*@@|\+\+\+ |--- [ab/]|index [0-9a-f]{6,}|[+] ?\S)")
_LOG = re.compile(
    r"^[ \t]*(?:\[?\d{4}-\d\d-\d\d[T ]|\[?\d\d:\d\d:\d\d|(?:\[?(?:INFO|WARN|WARNING|DEBUG|ERROR|CRIT|FATAL|TRACE)\]?)\b[: ]"
    r"|Traceback|at \S+\(.*\)$|File \"|\$ \S|>>> |#!|npm (?:ERR|WARN)|error(?:\[\w+\])?: |warning: |fatal: |E\s{2,})"
)
_CODE = re.compile(
    r"^[ \t]*(?:(?:import|from) \w[\w.]*(?: import .*)?;?$|(?:def|class|fn|func|function|const|let|var|public|private|static|return|if|for|while)\b.*[{;:(=]\s*$"
    r"|[}\])]+[;,)]*\s*$|#include|//|/\*|\*/|[\w.\[\]\"']+\s*[:+-]?=\s*\S.*[;({\[\])\"'\d]$|.*[;{]\s*$|@\w+(?:\(.*\))?$|</?\w[^<>]*>\s*$"
    r"|SELECT\b.*\bFROM\b|(?:apiVersion|kind|metadata|spec): ?)"
)
_YAML_KEY = re.compile(r"^[ \t]*-?[ \t]*[a-z_][\w.-]*:\s*(?:[|>][-+]?)?$")
_KEY_VALUE = re.compile(r"^[ \t]*[\"']?[a-z][\w.-]*[\"']?\s*[:=]\s*\S")
_SPEAKER = re.compile(r"^[ \t]*(?:[\[(]?\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?[\])]?[ \t]*)?[<@*]{0,2}([A-ZÀ-Ý぀-鿿가-힯][\w .'’-]{0,24}?)[>*]{0,2}\s?[:：]\s*\S")  # fmt: skip
_TIMED = re.compile(r"^[ \t]*[\[(]?\d{1,2}:\d\d(?::\d\d)?[\])]?[ \t]+\S")
_GREETING_LINE = re.compile(r"^[^\n.!?]{0,50}[,:，：!]\s*$")
_COLON = re.compile(r"[:：](?=\s|$|[\"“„«「『'])|：|[↓⬇]|->\s*$")
_SHOWN = frozenset({"quotation", "quoted", "code", "log", "diff", "data", "chat", "envelope"})
_SHORT_OPENING = 70
"""An introduction of at most so many characters announces what follows for certain. A guess."""
_LONG_QUOTE = 45
"""A quotation of more characters, or with a sentence end inside, is another voice; a shorter one a word in use."""


class Voice(Enum):
    """Whose words a piece of a message is."""

    OWN = "own"
    UNCLEAR = "unclear"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a message with the voice that speaks it."""

    start: int
    end: int
    voice: Voice
    reason: str
    """What another voice was recognised by, "" for the person's own words."""
    line: int
    """Number of the line it is in."""
    found: int
    """Cue classes in it, see `cues.find`."""


def _any(found: int, *classes: str) -> bool:
    return any(found & cues.bit(name) for name in classes)


def _marked_spans(text: str) -> list[tuple[int, int, str]]:
    """Return the pieces that are marked as somebody else's: fences, envelopes, long quotations."""
    spans = [(*match.span(), "code") for match in _FENCE.finditer(text)] if "```" in text or "~~~" in text else []
    if "<" in text:
        spans.extend(
            (start, end, "envelope")
            for start, end, name, inner in _closed_tags(text)
            if len(inner) > _LONG_QUOTE or "\n" in inner or "_" in name or "-" in name
        )
        unclosed = (m.start() for m in _OPEN_TAG.finditer(text) if not any(a <= m.start() < b for a, b, _ in spans))
        spans.extend([(start, len(text), "envelope") for start in list(unclosed)[:1]])
    at = 0
    while at < len(text):
        closing = _QUOTES.get(text[at])
        if closing and not (text[at] == '"' and at and text[at - 1].isalnum()):
            end = next((k for k in range(at + 1, min(len(text), at + 4000)) if text[k] in closing), -1)
            if end > 0:
                inner = text[at + 1 : end]
                if len(inner) > _LONG_QUOTE or re.search(r"[.!?]\s+\S|[。！？].", inner):
                    spans.append((at, end + 1, "quotation"))
                at = end
        at += 1
    return spans


def _closed_tags(text: str) -> list[tuple[int, int, str, str]]:
    """Return (start, end, name, inner text) of elements that are closed; of nested ones the outer one."""
    opened: list[re.Match[str]] = []
    closed: dict[str, list[re.Match[str]]] = {}
    for tag in _TAG.finditer(text):
        if tag[1]:
            closed.setdefault(tag[2], []).append(tag)
        else:
            opened.append(tag)
    found: list[tuple[int, int, str, str]] = []
    for tag in opened:
        ends = closed.get(tag[2], [])
        place = bisect_left(ends, tag.end(), key=lambda end: end.start())
        if place < len(ends) and (not found or tag.start() >= found[-1][1]):
            found.append((tag.start(), ends[place].end(), tag[2], text[tag.end() : ends[place].start()]))
    return found


def _recognised(content: list[str], place: int, speakers: list[str], before: str) -> str:
    """Return why a line by itself is not the person's own, "" where nothing shows it."""
    line = content[place]
    following = content[place + 1] if place + 1 < len(content) else ""
    header = _HEADER.match(line) and (before == "mail" or _HEADER.match(following))
    signs = (
        ("quoted", _QUOTED_LINE.match(line)),
        ("mail", _FORWARD.match(line) or _WROTE.match(line) or header),
        ("log", _LOG.match(line)),
        ("code", _CODE.match(line) and not line.rstrip().endswith(("?", "."))),
        ("diff", _DIFF.match(line)),
        ("data", _YAML_KEY.match(line) and following[:1] in (" ", "\t")),
        ("chat", (speakers[place] and speakers.count(speakers[place]) > 1) or _TIMED.match(line)),
    )
    return next((reason for reason, holds in signs if holds), "")


def _continued(content: list[str], place: int, speakers: list[str], reasons: list[str]) -> str:
    """Return why a line belongs to a recognised one beside it, "" where it does not."""
    line = content[place]
    before, after = reasons[place - 1] if place else "", reasons[place + 1] if place + 1 < len(reasons) else ""
    indented, key = line[:1] in {" ", "\t"}, _KEY_VALUE.match(line)
    signs = (
        ("data", before == "data" and (indented or key or _YAML_KEY.match(line))),
        ("diff", line[:2] in {"- ", "-\t"} and "diff" in {before, after}),
        (before, before in {"log", "code"} and indented),
        ("data", key and sum(bool(_KEY_VALUE.match(x)) for x in content[max(0, place - 1) : place + 2]) > 1),
        ("chat", speakers[place] and "chat" in {before, after}),
    )
    return next((reason for reason, holds in signs if holds), "")


def _line_reasons(text: str, spans: list[Span]) -> list[str]:
    """Return for each line why it is not the person's own, "" where nothing shows it."""
    content = [text[start:end] for start, end in spans]
    if len(content) <= 1:
        return ["quoted" if line.lstrip().startswith(">") else "" for line in content]
    speakers = [match[1] if (match := _SPEAKER.match(line)) else "" for line in content]
    reasons: list[str] = []
    for place in range(len(content)):
        reasons.append(_recognised(content, place, speakers, reasons[-1] if reasons else ""))
    for place, reason in enumerate(reasons):
        reasons[place] = reason or _continued(content, place, speakers, reasons)
    if "mail" in reasons:  # a mail below its header lasts to the end of the message
        first = reasons.index("mail")
        reasons[first:] = [reason or "mail" for reason in reasons[first:]]
    return reasons


def _introduces(found: int, opening: str, language: str) -> tuple[str, bool] | None:
    """Return what other voice a sentence before a colon announces and whether that is certain, None when none."""
    short = len(opening) <= _SHORT_OPENING
    own = _any(found, "remember") or (_any(found, "standing") and _any(found, "i", "we"))
    if own or len(opening) > 3 * _SHORT_OPENING:
        return None
    if _any(found, "roleplay"):
        return "fiction", True
    if _any(found, "fiction", "draft"):
        return "draft", short
    if _any(found, "paste", "above", "report"):
        return "document", short
    first = cues.find(" ".join(opening.split()[:4]), language)
    if _any(first, "task") and not _any(found, "standing", "decide"):
        return "task", False
    return None


class _Reader:
    """Walks over the sentences of one message and hands the voice on from one to the next."""

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language
        self.marked = _marked_spans(text)
        borders = sorted(edge for start, end, reason in self.marked if reason != "quotation" for edge in (start, end))
        self.lines = [
            line for start, end in itertools.pairwise((0, *borders, len(text))) for line in lines(text, start, end)
        ]
        self.reasons = _line_reasons(text, self.lines)
        self.sentences: list[Sentence] = []
        self.pointed: set[tuple[str, Voice, int]] = set()

    def read(self) -> list[Sentence]:
        carried, carried_line, carried_block, sure, inline = "", -1, -1, False, False
        block = 0
        for number, (first, last) in enumerate(self.lines):
            if number and self.text.count("\n", self.lines[number - 1][1], first) > 1:
                block += 1
            for start, end in self._pieces(first, last):
                found = cues.find(self.text[start:end], self.language)
                reason, voice = self._own_reason(number, start, end), Voice.OTHER
                if not reason and carried:
                    if self._takes_back(start, end, found) or (inline and number != carried_line):
                        carried = ""
                    else:
                        reason = carried
                        voice = Voice.OTHER if sure and block <= carried_block + 1 else Voice.UNCLEAR
                self.sentences.append(Sentence(start, end, voice if reason else Voice.OWN, reason, number, found))
                if not reason:
                    opened = self._opens(start, end, found)
                    if opened:
                        carried, sure = opened
                        carried_line, carried_block, inline = number, block, end < last - 1 and carried != "fiction"
                elif reason in _SHOWN:
                    carried = ""  # what was announced has been shown
        self._look_back()
        return self.sentences

    def _pieces(self, first: int, last: int) -> list[Span]:
        """Return the sentences of a line, those that introduce something cut behind their colon."""
        pieces: list[Span] = []
        for start, end in sentences(self.text, first, last, self.language, lists=len(self.lines) > 1):
            whole = whole_pieces(self.text[start:end]) if ":" in self.text[start:end] else []
            colons = (m for m in _COLON.finditer(self.text, start, end) if m.end() < end - 3)
            colon = next((m for m in colons if not any(a < m.start() - start < b for a, b in whole)), None)
            if colon:
                opening = self.text[start : colon.end()]
                if _introduces(cues.find(opening, self.language), opening, self.language):
                    after = colon.end() + len(self.text[colon.end() : end]) - len(self.text[colon.end() : end].lstrip())
                    pieces += [(start, colon.end()), (after, end)]
                    continue
            pieces.append((start, end))
        return pieces

    def _own_reason(self, number: int, start: int, end: int) -> str:
        if self.reasons[number]:
            return self.reasons[number]
        for first, last, reason in self.marked:
            shared = min(end, last) - max(start, first)
            if shared > 0 and shared >= 0.7 * (end - start):
                return reason
        return ""

    def _takes_back(self, start: int, end: int, found: int) -> bool:
        """Return whether a sentence below another voice is clearly the person's again: a question, a request."""
        before = self.text[max(0, start - 2) : start]
        if "\n" not in before and not self.sentences[-1].reason:
            return False
        sentence = self.text[start:end]
        question = sentence.rstrip().endswith(("?", "？")) and _any(found, "doubt", "ask", "above", "you", "task")
        return question or (_any(found, "task") and _any(found, "above") and end - start < 2 * _SHORT_OPENING)

    def _opens(self, start: int, end: int, found: int) -> tuple[str, bool] | None:
        """Return the voice that a sentence opens for those after it, and whether that is certain."""
        sentence = self.text[start:end]
        if _COLON.search(sentence, max(0, len(sentence) - 3)):
            return _introduces(found, sentence, self.language)
        if end - start > 2 * _SHORT_OPENING or _any(found, "remember", "standing"):
            return None
        asked = sentence.rstrip().endswith(("?", "？")) and _any(found, "doubt") and _any(found, "above", "that")
        signs = (
            (("fiction", True), _any(found, "roleplay")),
            (("fiction", False), _any(found, "fiction") and _any(found, "task")),
            (("document", True), _any(found, "paste") and _any(found, "report")),
            (("asked", False), asked),
        )
        return next((opened for opened, holds in signs if holds), None)

    def _look_back(self) -> None:
        """Mark what stands before a sentence that points at it ("the text above", "is that safe?")."""
        for place in range(len(self.sentences) - 1, 0, -1):
            pointer = self.sentences[place]
            if pointer.voice is Voice.OTHER:
                continue
            sentence = self.text[pointer.start : pointer.end]
            question = sentence.rstrip().endswith(("?", "？"))
            own_line = self.sentences[place - 1].line != pointer.line
            if (
                _any(pointer.found, "above")
                and (question or _any(pointer.found, "task"))
                and len(sentence) < _SHORT_OPENING
            ):
                last = place == len(self.sentences) - 1
                self._mark_before(
                    place, "above", Voice.OTHER if own_line and last else Voice.UNCLEAR, same_line=not own_line
                )
            elif question and _any(pointer.found, "doubt") and _any(pointer.found, "that", "above"):
                self._mark_before(place, "asked", Voice.UNCLEAR, same_line=not own_line)

    def _mark_before(self, place: int, reason: str, voice: Voice, *, same_line: bool) -> None:
        line = self.sentences[place].line if same_line else -1
        if (reason, voice, line) in self.pointed:
            return  # a pointer further down has marked all before it
        self.pointed.add((reason, voice, line))
        for before in range(place - 1, -1, -1):
            one = self.sentences[before]
            if same_line and one.line != line:
                break
            if one.voice is Voice.OWN or (one.voice is Voice.UNCLEAR and voice is Voice.OTHER):
                self.sentences[before] = Sentence(one.start, one.end, voice, reason, one.line, one.found)


def read_structure(text: str, language: str | None = None) -> list[Sentence]:
    """Return the sentences of a message in order, each with the voice that speaks it."""
    return _Reader(text, cues.guess_language(text) if language is None else language).read()
