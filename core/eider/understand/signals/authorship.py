"""Which stretches of a reply are the user's own words.

Code, quotations, logs, forwarded mail, pasted documents, markup and recalled memories are someone else's: what they
say is no wish of the user. The reply is read line by line, once; when in doubt a stretch counts as not authored.
"""

from __future__ import annotations

import re
from typing import Final

from eider.understand.signals.lexicon import guess, lexicon, tokens

READ: Final = 32_000
"""Characters of a reply that are read. What lies beyond is left to a model or to nobody: nobody types that much."""
_LONG_PARAGRAPH: Final = 1_500
"""Characters in one paragraph above which it is taken for a paste; a guess, some 250 words without a break."""
_MANY_LINES: Final = 12
"""Consecutive lines above which a block is taken for a paste, unless the user introduces it as his own."""
_MENTION: Final = 3
"""Words up to which a quotation is a mere mention ("the word 'synergy'") and stays in the sentence."""

Span = tuple[int, int]

_FENCE: Final = re.compile(r"\s{0,3}(?:```|~~~|\"\"\"|''')")
_LOGGED: Final = re.compile(
    r"\s*(?:\[?\d{4}-\d\d-\d\d[T ]|\[?\d\d:\d\d:\d\d|\[?(?:INFO|WARN(?:ING)?|DEBUG|ERROR|FATAL|TRACE)\b|Traceback \("
    r"|File \"|at [\w.$<>]+ ?\(|\w*(?:Error|Exception|Warning): |\S+:\d+(?::\d+)?:? |[-+@]{2,3} |[-+] ?[#/]|\$ |>>> |\.\.\. |#!"
    r"|npm |diff --git|index [0-9a-f]{6}|stdout:|stderr:|\[tool|\[\w+:)"
)
_CODED: Final = re.compile(
    r"\s*(?:<[/!?A-Za-z][^>]*>|[{}\[\]]|\"[\w ]+\": |//|/\*|\*/|--\s|#include|import \w|from \w+ import|def \w+\(|class \w+[:(]|return\b.*[;)]$"
    r"|(?:INSERT|UPDATE|DELETE|SELECT|CREATE|ALTER)\s+\w+|[\w.\[\]]+\s*(?:=|\+=|:=)\s*\S|(?:const|let|var|public|private|function)\s+\w+\s*[=({])"
    r"|.*[;{}]\s*$"
)
_TABLED: Final = re.compile(r"(?:[^,;\t|\u3400-\u9fff]*[,;\t|](?! )){2,}|\s*\|.*\|")
_HEADER: Final = re.compile(
    r"\s*(?:From|To|Cc|Subject|Date|Sent|Von|An|Betreff|Gesendet|Datum|De|À|Objet|Envoyé|Para|Asunto|Enviado|Fecha|发件人|收件人|主题|日期)"
    r"\s?[:：]\s",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(
    r"\s*(?:(?:fwd?|wg|转发)\s?[:：].*|--.*(?:forward|original|weitergeleitet|ursprüngliche|transféré|original|reenviad|转发).*|.{0,20}\bforwarded (?:message|mail).*"
    r"|(?:On|Am|Le|El) .{6,80}(?:wrote|schrieb|écrit|escribió).{0,40}:?\s*|在.{4,40}写道[:：]?\s*|-----BEGIN.*|={3,} .* ={3,})$",
    re.IGNORECASE,
)
_SALUTATION: Final = re.compile(
    r"\s*(?:dear|hi|hello|hey|good (?:morning|afternoon)|sehr geehrte[rs]?|liebe[rs]?|hallo|guten tag|bonjour|cher|chère|madame|monsieur|hola|estimad[oa]s?"
    r"|querid[oa]s?|buenos días|尊敬的|亲爱的|您好|你好)[^.!?\n]{0,40}[,，:：]\s*$",
    re.IGNORECASE,
)
_SIGN_OFF: Final = re.compile(
    r"\s*(?:(?:kind|best|warm)?\s*regards|best(?: wishes)?|yours (?:faithfully|sincerely|truly)|sincerely|cheers|mit freundlichen grüßen"
    r"|viele grüße|liebe grüße|beste grüße|cordialement|bien à vous|amicalement|un saludo|saludos|atentamente|此致|敬上|祝好)\s*[,，]?\s*$",
    re.IGNORECASE,
)
_SPOKEN: Final = re.compile(
    r"\s*\**(?:assistant|user|human|ai|bot|chatgpt|claude|system|agent|assistent|nutzer|asistente|usuario|助手|用户)\**\s?[:：]",
    re.IGNORECASE,
)
_LABELLED: Final = re.compile(r"\s*(?:\[[^\]\n]{1,20}\]\s*)?([^\W\d_][\w .-]{0,24})[:：] ?\S")
_FORM: Final = 3
"""Labelled lines that make a form or a chat; a label that comes twice does, too."""
_HEADING: Final = re.compile(r"\s*#{1,6} \S")
_ITEM: Final = re.compile(r"\s*(?:[-*•+]|\d{1,2}[.)、])\s*\S")
_MARK: Final = re.compile(r"<eider-memory\b")
_TAG: Final = re.compile(r"<([A-Za-z][\w-]{0,40})(?:\s[^<>\n]{0,300})?>")
_QUOTED: Final = re.compile(
    r"“[^“”\n]*(?:”|$)|„[^„“”\n]*(?:[“”]|$)|«[^«»\n]*(?:»|$)|「[^「」\n]*(?:」|$)|『[^『』\n]*(?:』|$)|《[^《》\n]*》|‹[^‹›\n]*›"
    r"|\"[^\"\n]*(?:\"|$)|(?<![\w’'])'(?=\w)[^\n']*(?:'\w[^\n']*)*'(?!\w)|‘[^‘\n]*’(?!\w)|``[^\n]*?``|`[^`\n]*`",
    re.MULTILINE,
)
_URL: Final = re.compile(r"\b(?:https?|ftp|file)://\S+|\bwww\.\S+", re.IGNORECASE)


def stretches(reply: str) -> tuple[list[Span], list[Span]]:
    """The user's own stretches in order, and the mentions inside them whose words say nothing themselves."""
    text = reply if len(reply) <= READ else _whole_paragraphs(reply)
    own = [span for block in _blocks(text) for span in _outside_tags(text, block)]
    spans: list[Span] = []
    mentions: list[Span] = []
    for start, end in own:
        at = start
        for found in _quoted(text, start, end):
            if _mentioned(text, found):
                mentions.append(found)
                continue
            _add(spans, text, at, found[0])
            at = found[1]
        _add(spans, text, at, end)
    return spans, mentions


def _whole_paragraphs(reply: str) -> str:
    """The head of a long reply, without the paragraph that the limit cuts: a quotation might be open in it."""
    cut = max(reply.rfind("\n\n", 0, READ), 0)
    return reply[:cut]


def _add(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))


def _quoted(text: str, start: int, end: int) -> list[Span]:
    part = text[start:end]
    found = [(start + m.start(), start + m.end()) for m in _QUOTED.finditer(part)]
    if "://" in part or "www." in part.lower():
        found += [(start + m.start(), start + m.end()) for m in _URL.finditer(part)]
    found.sort()
    apart: list[Span] = []
    for span in found:
        if not apart or span[0] >= apart[-1][1]:
            apart.append(span)
    return apart


def _mentioned(text: str, span: Span) -> bool:
    """Whether a quotation is a mere word or name in the user's own sentence."""
    inside = text[span[0] : span[1]]
    if inside[0] not in "\"“„«「『'‘‹":  # code, an address or a title is a name, whatever it says
        return True
    return len(tokens(inside)) <= _MENTION and not inside.endswith((".”", '."', ".“"))


def _outside_tags(text: str, block: Span) -> list[Span]:
    """The block less what stands between a tag and its closing tag; an unclosed tag takes the rest."""
    start, end = block
    if "<" not in text[start:end]:
        return [block]
    out: list[Span] = []
    at = start
    while found := _TAG.search(text, at, end):
        out.append((at, found.start()))
        close = text.find(f"</{found.group(1)}", found.end(), end)
        shut = text.find(">", close, end) if close >= 0 else -1
        if shut < 0:
            return out
        at = shut + 1
    out.append((at, end))
    return out


def _blocks(text: str) -> list[Span]:
    """Stretches of lines that are not code, quotation, log, mail or document."""
    lines = _lines(text)
    keep: list[Span] = []
    foreign = False  # what follows is a document, until the text ends
    paragraphs = _paragraphs(text, lines)
    for at, paragraph in enumerate(paragraphs):
        body = [text[a:b] for a, b in paragraph]
        if foreign:
            break
        own, foreign = _judged(body, introduced=at, last=at + 1 == len(paragraphs))
        for span, mine in zip(paragraph, own, strict=True):
            if mine:
                if keep and keep[-1][1] + 1 == span[0]:
                    keep[-1] = (keep[-1][0], span[1])
                else:
                    keep.append(span)
    return keep


def _lines(text: str) -> list[Span]:
    """Lines outside fences and recalled memories; a fenced line is given as empty at its start."""
    out: list[Span] = []
    at = 0
    closing = ""
    recalled = False
    for line in text.split("\n"):
        end = at + len(line)
        if recalled:
            recalled = "</eider-memory" not in line
            out.append((at, at))
        elif closing:
            if line.strip().startswith(closing) or (closing in {'"""', "'''"} and line.rstrip().endswith(closing)):
                closing = ""
            out.append((at, at))
        elif _MARK.search(line):
            recalled = "</eider-memory" not in line
            out.append((at, at))
        elif fence := _FENCE.match(line):
            mark = fence.group().strip()
            closing = "" if mark in line[fence.end() :] else mark
            out.append((at, at))
        else:
            out.append((at, end))
        at = end + 1
    return out


def _paragraphs(text: str, lines: list[Span]) -> list[list[Span]]:
    out: list[list[Span]] = []
    run: list[Span] = []
    for start, end in lines:
        if text[start:end].strip():
            run.append((start, end))
        elif run:
            out.append(run)
            run = []
    if run:
        out.append(run)
    return out


def _judged(body: list[str], *, introduced: int, last: bool) -> tuple[list[bool], bool]:
    """For each line of a paragraph whether it is the user's own, and whether all that follows is not."""
    own: list[bool] = []
    machine = sum(bool(_LOGGED.match(line) or _CODED.match(line) or _TABLED.match(line)) for line in body)
    if machine * 2 >= len(body) and (machine > 1 or len(body) == 1):
        return [False] * len(body), False
    listed = sum(bool(_ITEM.match(line)) for line in body)
    pasted = len(body) - listed > _MANY_LINES or any(len(line) > _LONG_PARAGRAPH for line in body)
    labels = [found.group(1) for line in body if (found := _LABELLED.match(line)) and not _ITEM.match(line)]
    if pasted or len(labels) >= _FORM or len(set(labels)) < len(labels):
        return [False] * len(body), False
    mail = any(_SIGN_OFF.match(line) for line in body)
    for place, line in enumerate(body):
        if (
            line.lstrip().startswith(">")
            or line.startswith(("    ", "\t"))
            or _LOGGED.match(line)
            or _CODED.match(line)
        ):
            own.append(False)
            if line.lstrip().startswith(("$ ", ">>> ")):
                return own + [False] * (len(body) - len(own)), False
            continue
        starts_mail = _SALUTATION.match(line) and (
            introduced or place or mail or line.lower().lstrip().startswith(_FORMAL)
        )
        if _FORWARDED.match(line) or _HEADER.match(line) or _SPOKEN.match(line) or _HEADING.match(line) or starts_mail:
            return own + [False] * (len(body) - len(own)), True
        own.append(True)
        ends = place + 1 == len(body)
        if not (ends and last) and _introduces(line, last=ends):
            return own + [False] * (len(body) - len(own)), True
    return own, False


_FORMAL: Final = ("dear", "sehr geehrt", "madame", "monsieur", "estimad", "尊敬的")


def _introduces(line: str, *, last: bool) -> bool:
    """Whether a line announces someone else's text below it: "here is the log:", "translate the following."."""
    colon = line.rstrip().endswith((":", "："))
    if not colon and not last:
        return False
    words = lexicon(guess(line))
    seen = frozenset[str]().union(*words.classes([word for word, _, _ in tokens(line[-200:])]))
    if seen & {"ALWAYS", "LIKE", "DECIDE", "RULE"}:
        return False
    return bool(seen & {"DOC", "TASK_DOC", "SAY"}) if colon else "TASK_DOC" in seen and bool(seen & {"THIS", "BELOW"})
