"""Reads a reply: which of its own words are worth keeping, how sure that is, and what kind of thing they are."""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eider.model.learned import Zone
from eider.model.values import MemoryKind
from eider.understand import cues
from eider.understand.features import Message, Surroundings, Unit, content_words, features, read_message, units
from eider.understand.scorer import HEADS, Weights, shipped_weights
from eider.understand.sentences import Span, clauses, is_east_asian, sentences, trim, whole_pieces
from eider.understand.structure import Sentence, Voice

Act = Literal["state", "revoke", "confirm", "praise"]
Reach = Literal["everywhere", "project", "person"]

_ACTS: tuple[Act, ...] = ("state", "revoke", "confirm", "praise")
_REACHES: tuple[Reach, ...] = ("everywhere", "project", "person")
_NOTHING = 0.1
"""A clause below this probability says nothing worth keeping."""
_MOST_SENTENCES = 400
"""Of a longer message only so many sentences of the person's own are scored, from its end."""
_COMPLETES = 0.2
"""A sentence beside the best one from this probability may complete it. Chosen on writers left out of training."""
_SMALL, _SHORT = 2, 20
"""Most words of a sentence that completes another: in any case, or where it is not learned by itself."""
_SEVERAL, _SURER = 300, 0.2
"""Characters of a message in which whatever would be learned alone is learned beside other things, and how much surer it has
to be: in a longer one most of that is the story around it. Chosen on writers left out of training."""
_ECHO = 0.85
_AGENT_END = 960
_LONG, _LONGER = 600, 0.05
"""Characters of a message that counts as long, and how much surer it has to be: most of these are told in passing. A guess."""
_ASSENT = 4
"""A sentence of at most so many East Asian characters with a word of assent says no more than that. A guess."""
_FEW_WORDS, _BARE_WORDS = 3, 4
_PAUSES = " \t,;:!.?–—-，、：；！。？…~"
_EDGE = " \t,;，、；"
_PAUSE_MARKS = frozenset(",;:!.–—，、：；！。…")
_BEGINNINGS = ("before", "before_pause")
_ANSWERS = ("yes", "praise", "thanks", "greet", "task", "oneoff", "mood")  # of what was before, not of what follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A piece of a reply that may be worth keeping: the person's own words, verbatim."""

    spans: tuple[Span, ...]
    """Start and end offsets into the reply, in order."""
    text: str
    """The words themselves: the substrings at `spans`, joined by a space."""
    probability: float
    """How likely a careful reader would keep it, 0 to 1."""
    zone: Zone
    act: Act
    reach: Reach
    kind: MemoryKind
    answers: Span | None
    """What it answers, as offsets into the agent's output: for confirmations, praise and bare corrections."""


@cache
def _frames(place: str) -> tuple[str, ...]:
    text = files("eider.understand").joinpath("data", "frames.json").read_text("utf-8")
    return tuple(sorted(set(json.loads(text)[place]), key=len, reverse=True))


def _strip_beginning(text: str, start: int, end: int) -> int:
    """Return where the sentence begins behind "please remember that", "no,", "hi Ada,"."""
    lower = cues.plain(text[start:end])
    for frame, pauses in ((frame, place == "before_pause") for place in _BEGINNINGS for frame in _frames(place)):
        if lower.startswith(frame):
            after = lower[len(frame) :]
            whole = frame.endswith("'") or is_east_asian(frame) or not after[:1].isalnum()
            if after.lstrip(" ")[:1] in _PAUSE_MARKS if pauses else whole:
                return start + len(frame) + len(after) - len(after.lstrip(_PAUSES.rstrip("~")))
    comma = lower.find(",", 0, 30)
    if comma > 0 and cues.find(lower[:comma]) & cues.bit("greet") and len(lower[:comma].split()) <= _FEW_WORDS:
        return start + comma + 1
    return start


def _strip_end(text: str, start: int, end: int) -> int:
    """Return where the sentence ends before ", please", ", btw"."""
    core = text[start:end].rstrip(" .!?。！？")
    lower = cues.plain(core)
    for frame in _frames("after_pause"):
        if lower.endswith(frame) and lower[: -len(frame)].rstrip()[-1:] in {*",;–—，、；"}:
            return start + len(lower[: -len(frame)].rstrip().rstrip(_EDGE))
    return end


def _strip_frames(text: str, span: Span) -> Span:
    """Return the span without frames, answers and vocatives at its edges, unless little would be left."""
    start, end = span
    for _ in range(4):
        begin = min(end, _strip_beginning(text, start, end))
        while begin < end and text[begin] in _PAUSES and text[begin : begin + 2] not in {"--", "..", "./", "~/"}:
            begin += 1
        stop = _strip_end(text, begin, end)
        if (begin, stop) == (start, end) or len(content_words(text[begin:stop])) < 1:
            break
        start, end = begin, stop
    return trim(text, start, end)


class _Reader:
    def __init__(self, reply: str, agent_output: str, weights: Weights) -> None:
        self.weights = weights
        self.message: Message = read_message(reply, agent_output)
        self.text = reply
        self.learn = weights.learn if self.message.language in {"en", ""} else weights.learn_other
        self.learn += _LONGER if len(reply) > _LONG else 0.0

    def read(self) -> list[Finding]:
        chosen = units(self.message, with_clauses=False)[-_MOST_SENTENCES:]
        if not chosen:
            return []
        self.around = Surroundings(self.message)
        margins = self.weights.margins(features(self.around, chosen))
        chances = self.weights.probability(margins[:, 0])
        for place, unit in enumerate(chosen):
            if chances[place] < self.learn and self._told_to_remember(unit):
                chances[place] = self.learn
        found: list[Finding] = []
        says = [self._has_content(self._sentence(u).found, content_words(self.text[u.start : u.end])) for u in chosen]
        best = int(np.argmax(np.where(says, chances, 0.0) if any(says) else chances))
        alone = self._alone(chosen, chances, best)
        partner = self._partner(chosen, chances, alone, best)
        answer = partner is not None and partner < best and cues.has(self._sentence(chosen[partner]).found, *_ANSWERS)
        for place in np.flatnonzero(chances >= self.weights.ask).tolist():
            if place != partner:
                whole = len(self.text) <= _SEVERAL and alone[place] >= self.learn + _SURER
                border = self.learn if place == best else 0.0 if whole else self.weights.further
                with_it = chosen[partner] if place == best and partner is not None and not answer else None
                if one := self._finding(chosen[place], with_it, margins[place], float(chances[place]), border):
                    found.append(one)
        return found

    def _alone(self, chosen: list[Unit], chances: NDArray[np.float64], best: int) -> NDArray[np.float64]:
        """Return how likely each other sentence would be kept if it were the whole message; 0 where that is not asked."""
        alone = np.zeros(len(chosen))
        if chances[best] >= self.learn:
            for place in np.flatnonzero(chances >= min(_COMPLETES, self.weights.ask)).tolist():
                message = read_message(self.text[chosen[place].start : chosen[place].end])
                if place != best and (own := units(message, with_clauses=False)):
                    margins = self.weights.margins(features(Surroundings(message), own))
                    alone[place] = self.weights.probability(margins[:, 0]).max()
        return alone

    def _told_to_remember(self, unit: Unit) -> bool:
        """Return whether the sentence begins with "remember that" or the like and goes on."""
        start = _strip_frames(self.text, (unit.start, unit.end))[0]
        frame = cues.find(self.text[unit.start : start]) & cues.bit("remember")
        passing = self._sentence(unit).found & (cues.bit("oneoff") | cues.bit("temp"))
        return frame > 0 and not passing and not self.text[unit.start : unit.end].rstrip().endswith(("?", "？"))

    def _partner(
        self, chosen: list[Unit], chances: NDArray[np.float64], alone: NDArray[np.float64], best: int
    ) -> int | None:
        """Return the sentence beside the best one that completes it ("Tabs. No exceptions."), None where none does.

        What is a statement by itself completes no other: "Write dates as ISO. My sister is a vet."
        """
        if chances[best] < self.learn or self._sentence(chosen[best]).voice is not Voice.OWN:
            return None
        kept = self._sentence(chosen[best])
        for place in (best + 1, best - 1):
            if not 0 <= place < len(chosen) or chances[place] < _COMPLETES:
                continue
            one = self._sentence(chosen[place])
            words = sum(token[0].isalnum() for token in cues.tokens(self.text[one.start : one.end]))
            beside = one.line == kept.line and abs(chosen[place].sentence - chosen[best].sentence) == 1
            small = words <= _SMALL and not cues.has(one.found, "i", "we")
            whole = max(alone[place], chances[place]) >= self.learn
            if beside and one.voice is Voice.OWN and (small or (words <= _SHORT and not whole)):
                return place
        return None

    def _sentence(self, unit: Unit) -> Sentence:
        return self.message.sentences[unit.sentence]

    def _finding(
        self, unit: Unit, partner: Unit | None, margin: NDArray[np.float64], probability: float, border: float
    ) -> Finding | None:
        sentence = self._sentence(unit)
        by_head = dict[str, float](zip(HEADS, margin.tolist(), strict=True))
        act: Act = max(_ACTS, key=lambda name: 0.0 if name == "state" else by_head[name])
        content = content_words(self.text[unit.start : unit.end])
        zone: Zone = "learn" if probability >= border and sentence.voice is Voice.OWN else "ask"
        if self._echoes(content):
            return None
        if (empty := not self._has_content(sentence.found, content)) or act in {"confirm", "praise"}:
            yes = cues.has(sentence.found, "yes") and not cues.has(sentence.found, "praise")
            assents = act == "confirm" or (empty and yes)
            if self._agent_quotes() or (assents and not self.message.asked):
                return None
            if empty and act == "state":
                if not self.message.agent.strip():
                    return None
                act, zone = "praise", "ask"
        span = self._kept(unit)
        if partner is not None:
            both = (min(unit.start, partner.start), max(unit.end, partner.end))
            span = _strip_frames(self.text, both) if partner.start < unit.start else (span[0], both[1])
        return Finding(
            spans=(span,), text=self.text[slice(*span)], probability=probability, zone=zone, act=act,
            reach=max(_REACHES, key=lambda name: by_head[name]),
            kind=self._kind(sentence.found, obeys=by_head["obey"] >= 0), answers=self._answers(unit, act, sentence.found),
        )  # fmt: skip

    def _has_content(self, found: int, content: frozenset[str]) -> bool:
        """Return whether the sentence says something by itself, more than "exactly like that"."""
        if is_east_asian(self.text) and len(content) <= _ASSENT and found & cues.bit("yes"):
            return False
        light = cues.bit("that") | cues.bit("yes") | cues.bit("praise") | cues.bit("standing") | cues.bit("remember")
        return any(not cues.find(word) & light for word in content) or (found & cues.bit("style") > 0)

    def _agent_quotes(self) -> bool:
        """Return whether the agent's words are somebody else's: "The page says: …"."""
        ending = self.message.agent[-_AGENT_END:]
        says = ":" in ending and cues.find(ending, cues.guess_language(ending)) & cues.bit("report")
        return bool(says and re.search(r"[:：]\s*\S|[\"“„«「]", ending))

    def _echoes(self, content: frozenset[str]) -> bool:
        """Return whether the sentence repeats the agent's words in a reply that asks about them."""
        if len(content) < _FEW_WORDS or "?" not in self.text.replace("？", "?"):
            return False
        return len(content & self.message.agent_words) >= _ECHO * len(content)

    def _kept(self, unit: Unit) -> Span:
        """Return the span of the sentence to keep, without clauses at its edges that say nothing."""
        parts = clauses(self.text, unit.start, unit.end)
        first, last = 0, len(parts)
        if len(parts) > 1:
            rows = features(self.around, [Unit(*part, unit.sentence, clause=True) for part in parts])
            chances = self.weights.probability(self.weights.margins(rows)[:, 0])
            empty = [bool(p < _NOTHING) and self._idle(part) for p, part in zip(chances, parts, strict=True)]
            while last - first > 1 and empty[last - 1]:
                last -= 1
            while last - first > 1 and empty[first]:
                first += 1
        start = unit.start if first == 0 else parts[first][0]
        end = unit.end if last == len(parts) else parts[last - 1][1]
        return _strip_frames(self.text, self._balanced(unit, start, end))

    def _idle(self, part: Span) -> bool:
        """Return whether a clause is by itself a task, thanks or chatter, and no condition of the rest."""
        found = cues.find(self.text[slice(*part)], self.message.language)
        bound = ("negation", "when", "contrast", "standing", "because", "hypo")
        loose = ("task", "thanks", "mood", "greet", "praise", "ask", "oneoff")
        words = len(cues.tokens(self.text[slice(*part)]))
        return words >= _FEW_WORDS and cues.has(found, *loose) and not cues.has(found, *bound)

    def _balanced(self, unit: Unit, start: int, end: int) -> Span:
        """Return the span, or the whole sentence where the span would cut a bracket, quotation, time or path."""
        pieces = whole_pieces(self.text[unit.start : unit.end])
        cut = any(a < edge - unit.start < b for a, b in pieces for edge in (start, end))
        return (unit.start, unit.end) if cut else (start, end)

    def _kind(self, found: int, *, obeys: bool) -> MemoryKind:
        if obeys:
            taste = cues.has(found, "prefer") and not cues.has(found, "standing", "negation")
            return "preference" if taste else "rule"
        if found & cues.bit("prefer") and not found & cues.bit("decide"):
            return "preference"
        return "decision" if found & cues.bit("decide") else "insight" if found & cues.bit("finding") else "fact"

    def _answers(self, unit: Unit, act: Act, found: int) -> Span | None:
        message, last = self.message, self.message.agent_last
        if last[0] == last[1]:
            return None
        first = self._sentence(unit) is next(s for s in message.sentences if s.voice is not Voice.OTHER)
        bare = len(cues.tokens(self.text[unit.start : unit.end])) <= _BARE_WORDS
        correction = first and (found & (cues.bit("no") | cues.bit("contrast")) or bare)
        if act == "state" and not correction:
            return None
        if act == "confirm" and len(content_words(message.last_words)) <= _FEW_WORDS:  # "Should I remember that?"
            spans = sentences(message.agent, max(0, last[0] - _AGENT_END), last[1])
            return (spans[-2][0] if len(spans) > 1 else last[0], last[1])
        return last


def read_reply(reply: str, agent_output: str = "", *, weights: Weights | None = None) -> list[Finding]:
    """Return what of a reply is worth keeping or asking about, in the order of the reply.

    Args:
        reply: What the user wrote, exactly as it will be stored: offsets point into it.
        agent_output: What the agent said before, "" when nothing.
        weights: Other weights than those of this package.
    """
    if not reply.strip():
        return []
    return _Reader(reply, agent_output, weights or shipped_weights()).read()


def proposed(question: str) -> Span:
    """Return where an agent's question says what it would remember; the whole where it has no such frame.

    >>> "Should I remember that you live in Narvik?"[slice(*proposed("Should I remember that you live in Narvik?"))]
    'you live in Narvik'
    """
    lower = cues.plain(question)
    framed = [f for f in _frames("before") if not is_east_asian(f) and cues.find(f) & cues.bit("remember")]
    behind = [place + len(f) for f in framed if (place := lower.rfind(f"{f} ")) >= 0]
    start, end = trim(question, max(behind, default=0), len(question.rstrip(" ?？.")))
    return (start, end) if behind and start < end else (0, len(question))
