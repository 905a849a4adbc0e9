"""Tells by their form which lines of a message are somebody else's: fences, envelopes, mails, diffs, logs, data, chats."""

import re
from bisect import bisect_left
from functools import cache

from eider.understand import cues
from eider.understand.sentences import Span

_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]*)(?:\s[^<>]*)?>")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_OPEN_TAG = re.compile(r"^<([a-z]+(?:[-_][a-z]+)+)(?:\s[^<>]*)?>", re.MULTILINE)
_FENCE = re.compile(r"^[ \t>]*(```|~~~|\"\"\").*?(?:^[ \t]*\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_QUOTES = {"“": "”", "„": "“”", "«": "»", "「": "」", "『": "』", '"': '"'}
_FORWARD = re.compile(r"^[ \t]*-{2,}\s*(?:[^\W\d_]+\s){0,3}[^\W\d_]+\s*-{2,}[ \t]*$")
_QUOTED_LINE = re.compile(r"^[ \t]*(?:>(?!>>)|\|.*\|[ \t]*$)")
_DIFF = re.compile(r"^(?:diff --git |@@ .*@@|\+\+\+ |--- [ab/]|index [0-9a-f]{6,}|[+] *\S)")
_REMOVED = re.compile(r"^-\s*\S")
_PROMPT = re.compile(r"^[ \t]*(?:\$ \S|>>> |cat [\w.~/-]+$|\w+@[\w-]+:\S*\$)")
_LOG = re.compile(
    r"^[ \t]*(?:\[?\d{4}-\d\d-\d\d[T ]|\[?\d\d:\d\d:\d\d|(?:\[?(?:INFO|WARN|WARNING|DEBUG|ERROR|CRIT|FATAL|TRACE)\]?)\b[: ]"
    r"|Traceback|at \S+\(.*\)$|File \"|#!|npm (?:ERR|WARN)|error(?:\[\w+\])?: |warning: |fatal: |E\s{2,})"
)
_CODE = re.compile(
    r"^[ \t]*(?:(?:import|from) \w[\w.]*(?: import .*)?;?$|(?:def|class|fn|func|function|const|let|var|public|private|static|return|if|for|while)\b.*[{;:(=]\s*$"
    r"|[}\])]+[;,)]*\s*$|#include|//|/\*|\*/|[\w.\[\]\"']+\s*[:+-]?=\s*\S.*[;({\[\])\"'\d]$|.*[;{]\s*$|@\w+(?:\(.*\))?$|</?\w[^<>]*>\s*$"
    r"|(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER)\b.*\b(?:FROM|INTO|SET|TABLE|VALUES)\b|(?:apiVersion|kind|metadata|spec): ?)"
)
_JSON = re.compile(r"^[ \t]*[\[{]\s*(?:[\[{]\s*)?\"[\w-]+\"\s*:")
_SECTION = re.compile(r"^[ \t]*(?:§\s*\d|\d+(?:\.\d+)+\.?\s+[A-ZÀ-Ý]|\[[\w][\w .:_-]{1,30}\]\s*(?![(\[:]))")
_TABLE_ROW = re.compile(r"^[^\s,;][^,;\t]*(?:[,;\t](?=\S)[^,;\t]*)+$")
_YAML_KEY = re.compile(r"^[ \t]*-?[ \t]*[a-z_][\w.-]*:\s*(?:[|>][-+]?)?$")
_KEY_VALUE = re.compile(r"^[ \t]*(?:- )?[\"']?[a-z][\w.-]*[\"']?\s*[:=]\s*\S")
_SPEAKER = re.compile(r"^[ \t]*(?:[\[(]?\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?[\])]?[ \t]*)?[<@*]{0,2}(me|[A-ZÀ-Ý぀-鿿가-힯][\w .'’-]{0,24}?)[>*]{0,2}(?: ?\(\d{1,2}:\d\d\))?\s?[:：]\s*\S")  # fmt: skip
_TIMED = re.compile(r"^[ \t]*[\[(]?\d{1,2}:\d\d(?::\d\d)?[\])]?[ \t]+\S")
_LONG_QUOTE = 45
"""A quotation of more characters, or with a sentence end inside, is another voice; a shorter one a word in use."""


@cache
def _mail_patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Patterns of "Fwd: subject", of a header line ("From: …") and of the line above a quoted mail ("On 4 June Kim wrote:")."""
    lists = ("forwarded", "mail_header", "wrote")
    forwarded, headers, wrote = ("|".join(map(re.escape, cues.listed(name))) for name in lists)
    return (
        re.compile(rf"^[ \t]*(?:{forwarded})\s?[:：]", re.IGNORECASE),
        re.compile(rf"^[ \t]*(?:{headers})\s?[:：]", re.IGNORECASE),
        re.compile(rf"^[ \t]*(?=.*(?:\d|@)).{{3,120}}(?:{wrote})[^\n]{{0,60}}[:：]\s*$", re.IGNORECASE),
    )


def marked_spans(text: str) -> list[tuple[int, int, str]]:
    """Return the pieces that are marked as somebody else's: fences, envelopes, long quotations."""
    fenced = any(mark in text for mark in ("```", "~~~", '"""'))
    spans = [(*match.span(), "code") for match in _FENCE.finditer(text)] if fenced else []
    if "<" in text:
        spans.extend((*match.span(), "envelope") for match in _COMMENT.finditer(text))
        spans.extend(
            (start, end, "envelope")
            for start, end, name, inner in _closed_tags(text)
            if (len(inner) > _LONG_QUOTE or "\n" in inner or "_" in name or "-" in name)
            or (" " in inner.strip() and not text[text.rfind("\n", 0, start) + 1 : start].strip())
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
    forwarded, header, wrote = _mail_patterns()
    is_header = header.match(line) and (before == "mail" or header.match(following))
    row = _TABLE_ROW.match(line) and any(
        _TABLE_ROW.match(other) and [*map(other.count, ";\t,")] == [*map(line.count, ";\t,")]
        for other in (following, content[place - 1] if place else "")
    )
    signs = (
        ("quoted", _QUOTED_LINE.match(line)),
        ("mail", _FORWARD.match(line) or forwarded.match(line) or wrote.match(line) or is_header),
        ("log", _LOG.match(line) or _PROMPT.match(line)),
        ("code", _CODE.match(line) and not line.rstrip().endswith(("?", "."))),
        ("diff", _DIFF.match(line) or (_REMOVED.match(line) and _DIFF.match(following))),
        ("data", (_YAML_KEY.match(line) and following[:1] in (" ", "\t")) or row or _JSON.match(line)),
        ("section", _SECTION.match(line)),
        ("chat", (speakers[place] and speakers.count(speakers[place]) > 1) or _TIMED.match(line)),
        ("form", speakers[place] and any(speakers[max(0, place - 1) : place] + speakers[place + 1 : place + 2])),
    )
    return next((reason for reason, holds in signs if holds), "")


def _continued(content: list[str], place: int, speakers: list[str], reasons: list[str], *, joined: bool) -> str:
    """Return why a line belongs to a recognised one beside it, "" where it does not."""
    line = content[place]
    before, after = reasons[place - 1] if place else "", reasons[place + 1] if place + 1 < len(reasons) else ""
    indented, key = line[:1] in {" ", "\t"}, _KEY_VALUE.match(line)
    asks = line.rstrip().endswith(("?", "？"))
    prompted = joined and not asks and any(_PROMPT.match(x) for x in content[max(0, place - 3) : place])
    signs = (
        ("data", before == "data" and (indented or key or _YAML_KEY.match(line))),
        ("diff", _REMOVED.match(line) and "diff" in {before, after}),
        (before, before in {"log", "code"} and (indented or (before == "log" and prompted))),
        ("data", key and sum(bool(_KEY_VALUE.match(x)) for x in content[max(0, place - 1) : place + 2]) > 1),
        ("chat", speakers[place] and "chat" in {before, after}),
    )
    return next((reason for reason, holds in signs if holds), "")


def line_reasons(text: str, spans: list[Span]) -> list[str]:
    """Return for each line why it is not the person's own, "" where nothing shows it."""
    content = [text[start:end] for start, end in spans]
    if len(content) <= 1:
        signs = (("quoted", _QUOTED_LINE), ("section", _SECTION), ("data", _JSON))
        return [next((reason for reason, sign in signs if sign.match(line)), "") for line in content]
    speakers = [match[1] if (match := _SPEAKER.match(line)) else "" for line in content]
    reasons: list[str] = []
    for place in range(len(content)):
        reasons.append(_recognised(content, place, speakers, reasons[-1] if reasons else ""))
    for place, reason in enumerate(reasons):
        joined = place > 0 and text.count("\n", spans[place - 1][1], spans[place][0]) <= 1
        reasons[place] = reason or _continued(content, place, speakers, reasons, joined=joined)
    for place, reason in enumerate(reasons):  # a mail lasts to the end of the message, unless its lines are quoted
        if reason == "mail" and reasons[place + 1 : place + 2] not in (["quoted"], ["mail"]):
            return [*reasons[:place], *(reason or "mail" for reason in reasons[place:])]
    return reasons
