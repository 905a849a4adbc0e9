"""Tells the person's own words in a message from words of others: code, logs, quotations, forwards, fiction.

Lines are judged first (fences, envelopes of hosts, quoted lines, diffs, data, logs, mail headers), then what a label
or an introduction announces ("stdout: …", "here is what the vendor says:"), then sentences (role play, drafts,
reports, asked advice). Another voice lasts until it clearly ends; where that is not clear, the voice is UNCLEAR.
"""

import itertools
import re
from dataclasses import dataclass
from enum import Enum

from eider.understand import cues
from eider.understand.pasted_lines import line_reasons, marked_spans
from eider.understand.sentences import Span, lines, sentences, whole_pieces

_COLON = re.compile(r"[:：](?=\s|$|[\"“„«「『'])|：|[↓⬇]|[-=]>(?=\s|$)")
_QUOTED = re.compile(r"[\"“„«「『](?:[^\"”“»」』]*[^\W_]){16}|[:：,]\s*['‘].{16}")
_SHOWN = frozenset({"quotation", "quoted", "code", "log", "diff", "data", "chat", "envelope"})
_SHORT_OPENING = 70
"""An introduction of at most so many characters announces what follows for certain. A guess."""
_SHORT_QUESTION = 45
"""A question of at most so many characters after a statement asks about the statement. A guess."""
_LABEL_WORDS = 5
_OWN = ("i", "we", "decide", "wish", "contrast", "because")


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


def _introduces(found: int, opening: str, language: str) -> tuple[str, bool] | None:
    """Return what other voice a label or sentence before a colon announces and whether that is certain, None when none."""
    short, words = len(opening) <= _SHORT_OPENING, opening.split()
    if short:
        found |= cues.find(opening) & (cues.bit("source") | cues.bit("paste"))
    first, few = cues.find(words[0], language), cues.find(" ".join(words[:4]), language)
    told, source = cues.has(found, "report", "says"), cues.has(found, "source", "says")
    mine = cues.has(found, "i", "we")
    own = cues.has(found, "remember", "own_label") or (cues.has(found, "standing") and mine)
    answers = cues.has(first, "yes", "no", "contrast", "greet", "thanks", "praise")
    label = len(words) <= _LABEL_WORDS and not (opening[:1].islower() or "," in opening or answers)
    signs = (
        (None, len(opening) > 3 * _SHORT_OPENING or (own and not (source or cues.has(found, "draft")))),
        (("fiction", True), cues.has(found, "roleplay")),
        (None, cues.has(found, "own_label") and mine and not told),  # "my rule for mails:"
        (("draft", short), cues.has(found, "fiction", "draft")),
        (None, cues.has(first, "topic") and not (told or cues.has(found, "paste", "above"))),  # "for mails:"
        (("document", short), told or source or cues.has(found, "paste", "above")),
        (("task", False), cues.has(few, "task") and not cues.has(found, "standing", "decide")),
        (("label", False), label and not cues.has(found, *_OWN)),
    )
    return next((opened for opened, holds in signs if holds), None)


class _Reader:
    """Walks over the sentences of one message and hands the voice on from one to the next."""

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language
        self.marked = marked_spans(text)
        borders = sorted(edge for start, end, reason in self.marked if reason != "quotation" for edge in (start, end))
        self.lines = [
            line for start, end in itertools.pairwise((0, *borders, len(text))) for line in lines(text, start, end)
        ]
        self.reasons = line_reasons(text, self.lines)
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
                reason = self._own_reason(number, start, end)
                voice = Voice.UNCLEAR if reason == "form" else Voice.OTHER
                if not reason and carried:
                    if self._takes_back(start, end, found, inline=inline) or (inline and number != carried_line):
                        carried = ""
                    else:
                        reason = carried
                        certain = sure and block <= carried_block + 1
                        told = inline and bool(self.sentences) and self.sentences[-1].reason != ""
                        voice = Voice.OTHER if certain and not told else Voice.UNCLEAR
                if not reason and (why := self._reports(start, end, found)):
                    reason, voice = why, Voice.UNCLEAR
                self.sentences.append(Sentence(start, end, voice if reason else Voice.OWN, reason, number, found))
                if not reason or (reason == "reported" and end >= last):
                    opened = self._opens(number, start, end, found)
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
            colons = (m for m in _COLON.finditer(self.text, start, end) if m.end() < end - 3)
            whole: list[Span] | None = None
            for colon in colons:
                whole = whole_pieces(self.text[start:end]) if whole is None else whole
                if any(a < colon.start() - start < b - 1 for a, b in whole):
                    continue
                opening = self.text[start : colon.end()]
                opened = _introduces(cues.find(opening, self.language), opening, self.language)
                after = colon.end() + len(self.text[colon.end() : end]) - len(self.text[colon.end() : end].lstrip())
                if opened and (opened[0] != "label" or (not pieces and self._speaks(after, end))):
                    pieces += [(start, colon.end()), (after, end)]
                else:
                    pieces.append((start, end))
                break
            else:
                pieces.append((start, end))
        return pieces

    def _speaks(self, start: int, end: int) -> bool:
        """Return whether what follows a label is somebody's wish or statement, not a mere value."""
        found = cues.find(self.text[start:end], self.language)
        return cues.has(found, "i", "we", "standing", "please", "wish", "prefer")

    def _own_reason(self, number: int, start: int, end: int) -> str:
        if self.reasons[number]:
            return self.reasons[number]
        for first, last, reason in self.marked:
            shared = min(end, last) - max(start, first)
            if shared > 0 and shared >= (0.5 if reason == "quotation" else 0.7) * (end - start):
                return reason
        return ""

    def _reports(self, start: int, end: int, found: int) -> str:
        """Return why a sentence tells what somebody else says ("according to the guide, …"), "" where it does not."""
        sentence = self.text[start:end]
        if sentence.rstrip().endswith(("?", "？", ":", "：", "->", "=>")):
            return ""
        if (quoted := _QUOTED.search(sentence)) and not cues.has(found, "remember", "prefer", "wish"):
            around = cues.find(sentence[: quoted.start()], self.language)
            shown = cues.has(around, "task", "fiction") and not cues.has(around, "standing", "when", "you", "negation")
            if cues.has(found, "report", "says") or shown:
                return "reported"
        if not cues.has(found, "says"):
            return ""
        beginning = cues.find(" ".join(sentence.split()[:7]) if " " in sentence else sentence[:12], self.language)
        if not cues.has(beginning, "says"):
            return "drafted" if cues.has(beginning, "task") and cues.has(found, "source", "draft") else ""
        speaks = cues.has(beginning, "i", "we") and not cues.has(beginning, "source", "they", "kin")
        return "" if speaks and not cues.has(beginning, "draft") else "reported"

    def _takes_back(self, start: int, end: int, found: int, *, inline: bool) -> bool:
        """Return whether a sentence below another voice is clearly the person's again: a question, a request."""
        sentence = self.text[start:end]
        question = sentence.rstrip().endswith(("?", "？"))
        if inline and question and self.sentences[-1].reason:
            return True
        if "\n" not in self.text[max(0, start - 2) : start] and not self.sentences[-1].reason:
            return False
        if question:
            return cues.has(found, "doubt", "ask", "above", "you", "task", "edit")
        return cues.has(found, "task", "edit") and cues.has(found, "above") and end - start < 2 * _SHORT_OPENING

    def _opens(self, number: int, start: int, end: int, found: int) -> tuple[str, bool] | None:
        """Return the voice that a sentence opens for those after it, and whether that is certain."""
        sentence = self.text[start:end]
        if _COLON.search(sentence, max(0, len(sentence) - 3)):
            opened = _introduces(found, sentence, self.language)
            return None if opened and opened[0] == "label" and end >= self.lines[number][1] else opened
        if end - start > 2 * _SHORT_OPENING or cues.has(found, "remember", "standing"):
            return None
        question = sentence.rstrip().endswith(("?", "？")) and not self.sentences[:-1]
        asked = question and cues.has(found, "doubt") and cues.has(found, "above", "that")
        below = end >= self.lines[number][1] and number + 1 < len(self.lines)
        titled = below and sentence[-1:].isalnum() and len(sentence) <= _SHORT_OPENING
        titled = titled and not cues.has(found, "task", "edit", "thanks")
        signs = (
            (("fiction", True), cues.has(found, "roleplay")),
            (("fiction", False), cues.has(found, "fiction") and cues.has(found, "task")),
            (("document", True), cues.has(found, "paste") and cues.has(found, "report", "says")),
            (("document", True), titled and cues.has(found, "paste", "says")),
            (("document", False), titled and cues.has(found, "source", "fiction", "draft")),
            (("document", True), below and cues.has(found, "paste") and cues.has(found, "task", "edit")),
            (("document", False), below and sentence.startswith("#")),
            (("letter", False), below and self._is_letter(number + 1)),
            (("letter", False), number == 0 and self._is_letter(0) and self._is_signed()),
            (("asked", False), asked),
        )
        return next((opened for opened, holds in signs if holds), None)

    def _is_letter(self, number: int) -> bool:
        """Return whether the line greets somebody and more follows: a letter within the message."""
        start, end = self.lines[number]
        line = self.text[start:end].strip()
        greets = line.endswith((",", ":", "，", "：", "!")) and len(line) <= _SHORT_OPENING
        return greets and cues.has(cues.find(line), "greet") and number + 1 < len(self.lines)

    def _is_signed(self) -> bool:
        """Return whether the message ends with a closing formula and a name on lines of their own."""
        ending = [self.text[start:end].strip() for start, end in self.lines[-2:]]
        return len(self.lines) > 3 and ending[0][-1:] in {",", "，"} and max(map(len, ending)) <= _SHORT_QUESTION  # noqa: PLR2004 (greeting, text, closing, name)

    def _look_back(self) -> None:
        """Mark what stands before a sentence that points at it ("the text above", "is that safe?")."""
        shown = any(one.voice is Voice.OTHER for one in self.sentences)  # then that is what is to be edited
        for place in range(len(self.sentences) - 1, 0, -1):
            pointer = self.sentences[place]
            if pointer.voice is Voice.OTHER:
                continue
            sentence = self.text[pointer.start : pointer.end]
            question = sentence.rstrip().endswith(("?", "？"))
            own_line = self.sentences[place - 1].line != pointer.line
            last = place == len(self.sentences) - 1
            short = len(sentence) < _SHORT_OPENING
            above = cues.has(pointer.found, "above") and (question or cues.has(pointer.found, "task"))
            edited = cues.has(pointer.found, "edit") and not cues.has(pointer.found, "standing", "negation", "i", "we")
            doubts = cues.has(pointer.found, "that", "above") or len(sentence) <= _SHORT_QUESTION
            if short and (above or (edited and last and not shown)):
                voice = Voice.OTHER if own_line and last and above else Voice.UNCLEAR
                self._mark_before(place, "above", voice, same_line=not own_line)
            elif question and doubts and cues.has(pointer.found, "doubt"):
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
