"""What a clause amounts to: each rule looks at its structure and answers with a kind, a confidence and a reason."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from eider.detect.clauses import Clause, Sentence
from eider.learning import SignalKind

Finding = tuple[SignalKind, float, str]
Names = frozenset[str]

_FIRST: Final = frozenset(("I", "WE"))
_FUSED: Final = frozenset(("I_VERB", "WE_VERB"))
_POINTED: Final = frozenset(("THIS", "THE", "ORD"))
_SPECIFIC: Final = frozenset(("THIS", "THE", "ORD", "A", "NUMBER"))
_VERB: Final = frozenset(("STYLE", "DO", "STRONG"))
_NO_VERB: Final = frozenset(
    ("THE", "A", "THIS", "I", "WE", "MY", "YOU", "YOUR", "THEY", "BE", "HAVE", "NUMBER", "SUB", "WHQ", "NAMED", "PLACE")
)
_ADVERB: Final = frozenset(("ALWAYS", "USUALLY", "FILLER", "NEVER", "FUTURE", "ADV", "EACH", "SINCE"))
_UNREAL: Final = frozenset(("HYPO", "HEDGE", "SLIP", "SMALL"))


_NOT_ME: Final = frozenset(("TOLD", "PERSON", "MY"))


def first_person(c: Clause) -> int:
    """Place of "I" or "we" as the subject of the clause itself, -1 where there is none."""
    for place, found in enumerate(c.classes):
        if not found.isdisjoint(_FIRST) and found.isdisjoint(_NOT_ME) and not (place and "SUB" in c.classes[place - 1]):
            return place
        if not found.isdisjoint(_FUSED) and not (place and not c.classes[place - 1].isdisjoint(("SUB", "THE", "A"))):
            return place
    return -1


_NO_ADVERB: Final = frozenset(("THINK", "PAST", "LIKE", "MOMENT", "DO_AUX"))


def verb_after(c: Clause, place: int) -> int:
    """Place of the word after a subject, adverbs and particles skipped; the subject itself where the verb holds it."""
    if not c.classes[place].isdisjoint(_FUSED):
        return place
    at = place + 1
    while at < len(c.words) and (
        (not c.classes[at].isdisjoint(_ADVERB) and c.classes[at].isdisjoint(_NO_ADVERB)) or c.words[at].endswith("ly")
    ):
        at += 1
    return at


def head(c: Clause) -> tuple[int, Names]:
    """Where a command's verb would stand, and which adverbs and negations come before it."""
    at = after_phrase(c)
    before: set[str] = set()
    while at < len(c.words):
        found = c.classes[at]
        if "NEG" in found or (c.words[at] == "do" and c.words[at + 1 : at + 2] in (["n't"], ["not"])):
            before.add("NOT")
            at += 1 if "NEG" in found else 2
        elif "ALWAYS" in found or "NEVER" in found or "FUTURE" in found:
            before |= found
            at += 1
        elif "ONLY" in found or "POLITE" in found or "SCOPE" in found:
            before |= found
            at += 1
        elif ("FILLER" in found or c.words[at] in {",", "，"} or "USUALLY" in found) and found.isdisjoint(
            ("STRONG", "WHEN")
        ):
            at += 1
        elif not found and at == 0 and c.words[at].endswith("ly"):
            at += 1
        else:
            break
    return at, frozenset(before)


def after_phrase(c: Clause) -> int:
    """Place after a leading "for anything with money," or "in reports,", 0 where there is none."""
    if "PLACE" not in c.classes[0] and "FOR" not in c.classes[0]:
        return 0
    comma = next((i for i in range(2, min(9, len(c.words))) if c.words[i] in {",", "，"}), -1)
    if comma < 0 or c.near(("THIS", "THE", "ORD"), 1, comma - 1):
        return 0
    return comma + 1


def generic(c: Clause, verb: int) -> bool:
    """Whether the object is of a kind ("paragraphs"), not one thing that is pointed at ("the second paragraph")."""
    for found in c.classes[verb + 1 : verb + 5]:
        if not found.isdisjoint(("YOUR", "EACH", "ME")):
            return True
        if not found.isdisjoint(_SPECIFIC):
            return "THE" in found and _general_place(c, verb + 2)
        if "PLACE" in found:
            return True
    return True


def _general_place(c: Clause, start: int) -> bool:
    """Whether what follows places it among a kind of thing: "… in recipes", "… for letters"."""
    for at in range(start, len(c.words) - 1):
        if not c.classes[at].isdisjoint(("PLACE", "FOR")) and not c.classes[at + 1] and c.words[at + 1].endswith("s"):
            return True
    return False


def praise(c: Clause, s: Sentence) -> Finding | None:
    """Approval that names what to repeat."""
    if c.has("KEEP_ON") and (s.fresh or c.has("GOOD", "LOVE_HOW", "HELPED", "THIS", "LIKE") or c.at("KEEP_ON") == 0):
        return "praise", 0.85, "approval that asks for more of it"
    if c.has("LOVE_HOW") and not c.has("NOT"):
        return "praise", 0.8, "approval of a manner"
    if c.has("HELPED") and not c.has("NOT", "HEDGE"):
        return "praise", 0.7, "approval that says what helped"
    return None


def decision(c: Clause, s: Sentence) -> Finding | None:
    """A choice made by "I", "we" or their group, in the perfect or as a plan; "let's adopt"."""
    at = c.at("DECIDE")
    if at < 0 and "DECIDE" in c.label and len(c.words) > 1:
        return "decision", 0.85, "announced as a decision"
    if c.has("WHQ") and c.at("WHQ") < at:
        return None
    let = c.at("LET")
    if let >= 0:
        adopts = c.near(("ADOPT",), let + 1, 4)
        return ("decision", 0.75, "proposal to adopt") if adopts and not c.near(("THIS", "ORD"), let, 9) else None
    if at >= 0 and not c.has("WOULD", "CAN") and not (c.has("IF") and c.at("IF") < at):
        subject = first_person(c)
        own = 0 <= subject <= at + 2 or c.near(("GROUP", "MY"), 0, at) or "SURE_DECIDE" in c.classes[at]
        pointed = c.near(("THIS", "ORD"), at + 1, 3 if c.has("WE") else 5) and not c.has("SUB")
        if own and not pointed and not c.has("THEY"):
            return "decision", 0.9 if c.has("WE", "WE_VERB", "GROUP", "SUB") else 0.8, "choice made in the first person"
    going = c.at("GOING_TO")
    if going > 0 and c.near(("ADOPT",), going + 1, 2) and first_person(c) >= 0 and not c.has("THIS", "ORD"):
        return "decision", 0.75, "plan of the first person"
    we = c.at("WE")
    if we >= 0 and c.near(("WILL",), we + 1, 1) and c.has("NOT", "ALWAYS", "FUTURE"):
        return "decision", 0.7, "commitment of the group"
    return None


def directive(c: Clause, s: Sentence) -> Finding | None:
    """A command or duty whose time or object is open: it holds beyond this turn."""
    found = _conditional(c) or _command(c) or _duty(c) or _verbless(c)
    if found:
        return found
    forbidden = c.at("YOU")
    if (
        0 <= forbidden <= 1
        and c.near(("MUST",), forbidden + 1, 1)
        and c.near(("NOT",), forbidden + 1, 2)
        and not _pointed(c)
    ):
        return "directive", 0.65, "what the agent must not do"
    spared = c.at("YOU")
    if 0 <= spared <= 2 and first_person(c) < 0 and c.near(("MUST", "NEED"), spared + 1, 4) and c.has("NOT"):
        if not c.has("THIS", "THE", "ORD", "YET"):
            return "directive", 0.65, "what the agent need not do"
    you, always = c.at("YOU"), c.at("ALWAYS")
    if (
        0 <= you
        and always >= 0
        and (c.has("CAN", "MUST", "FUTURE", "IMPORTANT", "NEED", "AUXQ") and first_person(c) < 0)
    ):
        return "directive", 0.75, "what the agent may or must do always"
    if c.has("FUTURE") and first_person(c) < 0 and not c.has("PERSON", "THEY") and len(c.words) > 2:
        return "directive", 0.75, "holds from now on"
    return None


def _conditional(c: Clause) -> Finding | None:
    """ "Whenever you quote a price, include VAT.", "Ask me before you install anything." """
    when = c.at("WHEN")
    if when < 0:
        return None
    indefinite = not c.near(("THIS", "THE", "ORD"), when + 1, 4) or c.near(("YOU", "YOU_VERB"), when + 1, 2)
    at, before = head(c)
    if indefinite and (at >= when or not c.words[0].isascii()):
        comma = next((i for i in range(when, len(c.words)) if c.words[i] in {",", "，"}), -1)
        if comma > 0:
            rest = Clause(
                c.words[comma + 1 :], c.classes[comma + 1 :], (c.start, c.end), c.capital[comma + 1 :], c.label
            )
            verb, again = head(rest)
            if c.near(("BEGIN", "MOMENT"), when, comma - when) and not c.has("ALWAYS"):
                return None
            open_verb = (
                verb < len(rest.words)
                and not rest.classes[verb]
                and rest.words[verb].isalpha()
                and c.near(("YOU",), when, 2)
            )
            if (
                verb < len(rest.words)
                and (not rest.classes[verb].isdisjoint(_VERB) or again or open_verb)
                and rest.classes[verb].isdisjoint(_FIRST)
            ):
                return "directive", 0.8, "command under a general condition"
        elif c.at("STRONG", when) > when and not _pointed(c):
            return "directive", 0.75, "command under a general condition"
        elif c.has("MUST", "NEVER", "ALWAYS") and first_person(c) < 0:
            return "directive", 0.75, "command under a general condition"
    if at < when and at < len(c.words) and "STRONG" in c.classes[at] and indefinite:
        return "directive", 0.85, "command under a general condition"
    return None


def _command(c: Clause) -> Finding | None:
    at, before = head(c)
    if at >= len(c.words) or not c.classes[at].isdisjoint(_FIRST):
        return None
    kind = c.classes[at]
    standing = bool(before & {"ALWAYS", "NEVER", "FUTURE"})
    verb = not kind.isdisjoint(_VERB) or "IMP" in kind
    if not verb and (standing or before & {"NOT", "ONLY"}) and kind.isdisjoint(_NO_VERB) and len(c.words) - at > 0:
        verb = kind.isdisjoint(("THINK", "ED", "SMALL", "MOMENT", "FAIL", "PERSON", "THEY", "COMMA")) and c.words[
            at
        ] not in {",", "，"}
    if not verb:
        return None
    below = next((i for i in range(at + 1, len(c.words)) if not c.classes[i].isdisjoint(("SUB", "WHQ"))), len(c.words))
    main = c.classes[at:below]
    if standing or any(not f.isdisjoint(("ALWAYS", "NEVER", "FUTURE")) for f in main) or c.has("FUTURE"):
        return "directive", 0.9, "standing command"
    if len(c.words) - at < 2 or c.has("MOMENT") or ("NAMING" in kind and c.has("WHEN", "AGAIN")):
        return None
    for place in range(at + 2, len(main) + at):
        if "EVERY" in c.classes[place] and not c.classes[place - 1].isdisjoint(("PLACE", "FOR", "TO")):
            return "directive", 0.75, "command for every one"
    open_object = generic(c, at)
    if open_object and "KEEP" in kind and "ING" in c.classes[at + 1]:
        return "praise", 0.75, "request to go on with a manner"
    if open_object and any("USUALLY" in f for f in main):
        return "directive", 0.8, "command that recurs"
    if "STRONG" in kind and (open_object or "NAMING" in kind):
        return "directive", 0.8, "command to keep to something"
    if "NOT" in before and open_object and not c.has("FAIL"):
        return "directive", 0.75, "prohibition of a kind of thing"
    if "ONLY" in before and open_object:
        return "directive", 0.7, "command with a restriction"
    if (
        open_object
        and c.has("INSTEAD")
        and "NOT" not in before
        and not any(w.isdigit() for w in c.words)
        and c.at("INSTEAD") > at + 1
    ):
        return "directive", 0.7, "command that sets one manner against another"
    plural = any(w.endswith("s") and len(w) > 3 for w in c.words[at + 1 : at + 4])
    if "MANNER" in kind and open_object and plural and c.near(("PLACE",), at + 2, 4):
        return "directive", 0.65, "manner for a kind of thing"
    if "STYLE" in kind and open_object and len(c.words) - at > 1:
        return "directive", 0.65, "command about manner with a general object"
    return None


def _duty(c: Clause) -> Finding | None:
    """ "Every function needs a docstring.", "Secrets must not end up in logs." """
    must = c.at("MUST")
    wide = c.has("ALWAYS", "NEVER", "EVERY")
    early = c.near(("EACH",), 0, 3)
    if c.has("FORBID") and not c.near(("THIS",), 0, 3) and c.has("BE"):
        return "directive", 0.75, "prohibition or duty"
    if c.has("IMPORTANT") and c.has("YOU") and (wide or c.has("NOT")):
        return "directive", 0.8, "importance of a manner"
    if must < 0:
        every = c.at("EVERY")
        if every == 0 and len(c.words) > 3 and not c.has("FAIL", "PAST", "ED", "MOMENT", "I"):
            return "directive", 0.65, "statement about every one"
        if c.has("FAIL", "PAST", "MOMENT", "THEY", "SAY", "SMALL", "THANKS") or first_person(c) >= 0:
            return None
        if c.near(("ANYTHING",), 0, 2) and len(c.words) > 4 and not _pointed(c) and not _progressive(c):
            return "directive", 0.65, "statement about anything or nobody"
        if _bare_plural(c) and len(c.words) > 3 and not _pointed(c) and not c.near(("DO", "STYLE"), 0, 1):
            return (
                "directive",
                0.7 if c.has("BELONG", "ALWAYS", "NOT", "USUALLY", "POLITE") else 0.6,
                "statement about a kind of thing",
            )
        return None
    before = c.classes[:must]
    if any(not f.isdisjoint(("I", "ORD", "I_VERB", "WHQ")) for f in before):
        return None
    pointed = any("THIS" in f and "SUB" not in f for f in before) or "THIS" in c.classes[0]
    if (wide or early) and not pointed:
        return "directive", 0.85, "duty without an exception"
    if pointed:
        return None
    if any("YOUR" in f for f in before):
        return "directive", 0.7, "duty of the agent's answers"
    if _bare_plural(c) or (c.has("NOT") and not c.near(("THE", "YOU", "WE"), 0, must)):
        return "directive", 0.7, "duty of a kind of thing"
    if c.near(("MY",), 0, must) and not c.has("PERSON"):
        return "directive", 0.6, "duty of what is the user's"
    return None


def _pointed(c: Clause) -> bool:
    return any("THIS" in f and f.isdisjoint(("SUB", "THE")) for f in c.classes)


def _progressive(c: Clause) -> bool:
    return any("BE" in f and "ING" in g for f, g in pairwise(c.classes))


def _bare_plural(c: Clause) -> bool:
    """Whether the subject is a kind: a plural without an article."""
    at, _ = head(c)
    for place in range(at, min(at + 3, len(c.words))):
        found, word = c.classes[place], c.words[place]
        if not found <= _NOUNS:
            return False
        if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
            return True
    return False


_NOUNS: Final = frozenset(
    (
        "DO",
        "DOC",
        "GROUP",
        "HABIT",
        "ING",
        "ED",
        "BAD",
        "STYLE",
        "TASK_DOC",
        "DECIDE",
        "RULE",
        "BEGIN",
        "MANNER",
        "ADOPT",
        "ROLE",
        "TITLE",
    )
)
"""Classes of words that may be nouns as well."""


def _verbless(c: Clause) -> Finding | None:
    """ "No meetings before ten for me, ever." """
    at, _ = head(c)
    if at >= len(c.words) - 1 or "NONE_OF" not in c.classes[at] or c.words[at + 1] in {",", "，"}:
        return None
    if not c.classes[at + 1].isdisjoint(_POINTED | {"PERSON", "MOMENT"}) or c.has("THINK", "FAIL", "BE", "HAVE"):
        return None
    if c.has("ALWAYS", "ME", "NEVER", "FUTURE"):
        return "directive", 0.8, "exclusion without a verb"
    return ("directive", 0.6, "exclusion without a verb") if c.has("POLITE") or len(c.words) - at <= 7 else None


def preference(c: Clause, s: Sentence) -> Finding | None:
    """What the user likes, in the first person and in the present."""
    like = c.at("LIKE")
    if like == 0 and "TO_ME" in c.classes[0]:
        return None
    subject = first_person(c)
    habitual = c.has("USUALLY", "ALWAYS", "COMPARE", "FUTURE")
    if like >= 0:
        pointed = c.near(("THIS", "ORD"), like + 1, 3) and not c.has("WHEN") and not c.has("FUTURE")
        definite = c.near(("THE",), like + 1, 1) and not habitual
        if pointed or definite:
            return None
        if subject >= 0 and c.near(("WILL",), subject + 1, 1):
            return None
        if subject >= 0 and (subject <= like or "V2" in c.classes[like] or c.has("V2")):
            return "preference", 0.9 if habitual else 0.8, "liking in the first person"
        if c.near(("MY",), 0, like + 1) and not c.near(("PERSON",), 0, like):
            return "preference", 0.85, "what is the user's favourite"
        if "TO_ME" in c.classes[like] and not c.near(("THIS", "THE"), 0, like):
            return "preference", 0.7, "how something strikes the user"
        if "TO_ME" in c.classes[like] and c.has("WHEN"):
            return "preference", 0.75, "how something strikes the user"
    if (
        subject >= 0
        and c.has("FIND")
        and c.at("FIND") > subject - 2
        and (c.has("HARD", "COMPARE") or "ing" in c.words[-1][-3:])
        and not c.has("THIS", "PAST", "ORD")
    ):
        return "preference", 0.7, "judgement in the first person"
    if subject >= 0 and c.has("WANT") and c.has("USUALLY", "ALWAYS", "EVERY", "FUTURE"):
        return "preference", 0.75, "standing wish"
    if (
        c.has("ME")
        and c.has("HARD", "COMPARE")
        and c.has("BE", "FOR_ME")
        and not c.near(("THIS", "THE"), 0, 2)
        and not s.asks
    ):
        return "preference", 0.6, "judgement about what suits the user"
    want = c.at("WANT")
    if subject >= 0 and want > subject and not c.has("PAST", "YET", "MOMENT"):
        after = c.classes[want + 1 : want + 4]
        kinds = any(w.endswith("s") and len(w) > 3 for w in c.words[want + 1 : want + 4])
        if (
            kinds
            and not any(f & (_SPECIFIC | {"YOU", "TO", "ME"}) for f in after)
            and not c.near(("TO",), want, 2)
            and "need" not in c.words
        ):
            return "preference", 0.6, "wish for a kind of thing"
    if subject >= 0 and c.has("EXPECT") and c.has("YOU"):
        return "directive", 0.7, "what is expected of the agent"
    if c.has("HOW_I") and c.has("THIS"):
        return "preference", 0.7, "how the user has it"
    return None


def fact(c: Clause, s: Sentence) -> Finding | None:
    """What is so of the user and of what is theirs: state or habit, not an event of today."""
    if c.has("MOMENT", "SMALL") and not c.has("USUALLY"):
        return None
    if c.has("SPELL") and not c.has("FAIL") and _spells(c):
        return "fact", 0.85, "how a name is written"
    subject = first_person(c)
    if subject >= 0:
        return _of_me(c, subject)
    mine = c.at("MY")
    if 0 <= mine <= 4 and not c.near(("SUB", "WHQ", "DO", "STYLE", "STRONG"), 0, mine):
        states = c.has("BE", "HAVE", "STATE", "NAMED", "BELONG", "LIFE", "USUALLY", "IS") or any(
            w.endswith("s") and len(w) > 3 for w in c.words[mine + 2 : mine + 6]
        )
        if "WE_MY" in c.classes[mine]:
            states = states or (len(c.words) > mine + 3 and not c.has("ED", "PAST", "NOT"))
        if c.has("NOT") and not c.has("USUALLY", "BE", "HAVE", "STATE", "NEVER", "EVER"):
            states = False
        if states and not c.has("FAIL") and len(c.words) > mine + 2 and not c.near(("PAST",), mine + 1, 4):
            return "fact", 0.8, "state of what is the user's"
    title = c.at("TITLE")
    if 0 < title <= 4 and "THE" in c.classes[0] and c.has("BE") and any(c.capital[title + 1 :]) and not c.has("PAST"):
        return "fact", 0.7, "who holds a role"
    if (
        len(c.words) > 4
        and c.capital[0]
        and c.words[1] == "'s"
        and not c.classes[0]
        and c.has("BE", "STATE")
        and not c.has("FAIL")
    ):
        return "fact", 0.65, "what is someone's"
    recurring = c.at("USUALLY")
    verb, _ = head(c)
    if (
        recurring > 1
        and not c.has("FAIL", "PAST", "THEY", "PERSON", "YOU", "WHQ", "SAY")
        and c.classes[verb].isdisjoint(_VERB)
    ):
        return "fact", 0.65, "what recurs"
    if c.has("DEFINE"):
        return "fact", 0.7, "what a word means here"
    if c.capital and c.capital[0] and c.has("ROLE") and not c.classes[0] and c.near(("ROLE",), 1, 3):
        return "fact", 0.75, "who does what"
    state = c.at("STATE")
    if state > 0 and c.near(("THE",), 0, 2) and not _pointed(c) and not c.has("FAIL", "SAY", "DOC", "CAN", "WOULD"):
        return "fact", 0.6, "state of a known thing"
    return None


def _spells(c: Clause) -> bool:
    """Whether letters are told: "with a K", "spelled with two n's"."""
    at = c.at("SPELL")
    letter = any(len(w) == 1 and w.isalpha() and w not in {"a", "i", "y", "à"} for w in c.words[at + 1 : at + 5])
    return letter or c.has("SPELLED") or (not c.words[at].isascii())


def _of_me(c: Clause, subject: int) -> Finding | None:
    """ "I live in Tromsø", "we run everything on FreeBSD", "I've been vegetarian since 2011" """
    person = "we" if not c.classes[subject].isdisjoint(("WE", "WE_VERB")) else "I"
    base = 0.8 if person == "we" else 0.75
    at = verb_after(c, subject)
    after = c.classes[at:]
    if not after or c.has("FAIL"):
        return None
    verb = after[0]
    inverted = subject > 0 and not c.classes[subject - 1].isdisjoint(("PRESENT",))
    negated = at + 1 < len(c.words) and "NOT" in c.classes[at + 1]
    if c.has("ASPECT") and not c.has("SINCE", "LIFE"):
        return None
    if (
        "CAN" in verb
        and negated
        and at + 2 < len(c.words)
        and "HABIT" in c.classes[at + 2]
        and not c.has("THE", "THIS")
    ):
        return "fact", 0.65, "what the user cannot do"
    if "WILL" in verb and c.words[at + 1 : at + 2] == ["be"] and c.near(("PLACE",), at + 2, 1):
        return "fact", 0.6, "where the user will be"
    if not verb.isdisjoint(("WILL", "WOULD", "CAN", "WANT", "MUST", "LET")) or c.has("WOULD"):
        return None
    if "BE" in verb and "I_VERB" not in verb:
        return _being(c, at, base)
    if "HAVE" in verb:
        nxt = after[1] if len(after) > 1 else frozenset()
        if "NOT" in nxt or "ADV" in nxt:
            nxt = after[2] if len(after) > 2 else frozenset()
        if c.has("SINCE") and c.near(("SINCE",), at + 1, 12) and not nxt & {"THINK"} and not c.has("THIS"):
            return "fact", base, "what has held until now"
        if c.words[at + 1 : at + 2] == ["been"]:
            return None
        if "LIFE" in nxt:
            return "fact", base, "change in the user's life"
        if len(after) > 2 and "SINCE" in after[1] and "DONE" in after[2]:
            return None
        if "ED" in nxt or "PAST" in nxt or "DONE" in nxt or "WANT" in nxt or "THIS" in nxt or "TO" in nxt:
            return None
        return "fact", base - 0.05, "what the user has"
    if "LIFE" in verb:
        return "fact", base, "change in the user's life"
    if "HABIT" in verb and c.has("USUALLY"):
        return "fact", base, "habit of the first person"
    if (
        not verb.isdisjoint(("PAST", "ED", "THINK", "LIKE", "MOMENT", "SAY", "SUB", "COMMA", "THE", "A", "ING"))
        or not c.words[at][0].isalnum()
    ):
        return None
    if "DO_AUX" in verb:
        negated = at + 1 < len(c.words) and "NOT" in c.classes[at + 1]
        nxt = c.classes[at + 2] if negated and at + 2 < len(c.words) else frozenset(("THINK",))
        if c.words[at] == "did" or not nxt.isdisjoint(("THINK", "WANT", "LIKE", "THIS", "MUST")):
            return None
        return "fact", base - 0.05, "habit that is denied"
    if len(c.words) - at < 2 and not inverted:
        return None
    if c.near(("THIS",), at + 1, 1):
        return None
    if person == "we" or c.has(
        "HABIT", "USUALLY", "ALWAYS", "PLACE", "SPELL", "NAMED", "TRAIT", "SINCE", "I_VERB", "EACH"
    ):
        return "fact", base, f"habit or state, {'first person plural' if person == 'we' else 'first person'}"
    if person == "I" and ("HABIT" in verb or inverted):
        return "fact", base, "habit or state, first person"
    if person == "I" and not verb and c.words[at].isalpha() and "THIS" not in c.seen:
        return "fact", 0.65, "present tense of the first person"
    return None


def _being(c: Clause, at: int, base: float) -> Finding | None:
    if c.near(("STATIVE",), at + 1, 2) and not _pointed(c):
        return "fact", base, "what the user makes use of"
    if "PAST" in c.classes[at] and not c.has("LIFE", "TRAIT"):
        return None
    nxt = at + 1
    while nxt < len(c.words) and (not c.classes[nxt].isdisjoint(_ADVERB | {"NOT"}) or c.words[nxt].endswith("ly")):
        nxt += 1
    if nxt >= len(c.words) or "ING" in c.classes[nxt]:
        return None
    told = (
        not c.classes[nxt].isdisjoint(("A", "TRAIT", "THE", "PLACE", "NUMBER", "MY"))
        or c.has("TRAIT")
        or c.words[nxt].isdigit()
        or c.capital[nxt]
    )
    if told and not c.near(("THIS",), nxt, 2):
        return "fact", base, "what the user is"
    return None


def contrast(c: Clause, s: Sentence, *, answered: bool, opened: bool, known: frozenset[str]) -> Finding | None:
    """A value put right: "not X", "X isn't A, it's B", "you keep doing", "that should have been"."""
    you = c.at("YOU")
    if (
        0 <= you <= 2
        and answered
        and (c.has("AGAIN", "WRONG") or (c.has("MUST") and c.has("NOT")))
        and not c.has("THANKS")
    ):
        return "correction", 0.75, "reproach that holds generally"
    if c.has("SHOULD_HAVE") and answered and c.near(("THIS", "IT"), 0, 2):
        return "correction", 0.65, "what should have been"
    if answered and 2 < len(c.words) <= 6 and "THIS" in c.classes[0] and "BE" in c.classes[1] and any(c.capital[2:]):
        if any(w in known for w in c.words[2:]) and not c.has("FAIL", "GOOD", "MOMENT", "A"):
            return "correction", 0.65, "another form of what the agent named"
    against = c.at("INSTEAD", 1)
    declared = c.has("BE", "HAVE", "STATE", "NAMED", "IS", "HABIT") or first_person(c) >= 0
    replaced = against > 0 and any(
        w in known for w in c.words[against : against + 6] if len(w) > 2 or any(ch.isdigit() for ch in w)
    )
    verb, _ = head(c)
    commanded = verb < len(c.words) and not c.classes[verb].isdisjoint(_VERB)
    if commanded or c.has("MOMENT", "FAIL", "SMALL", "THINK", "WANT", "THANKS"):
        return None
    if against > 0 and replaced and (declared or opened):
        return "correction", 0.8, "a value the agent had wrong, put right"
    if against > 0 and opened and declared:
        return "correction", 0.75, "a value put right"
    if opened and declared and answered and len(c.words) > 3 and not c.has("YOU", "PAST") and _restates(c, known):
        return "correction", 0.65, "contradiction with new words"
    figures = [w for w in c.words if any(ch.isdigit() for ch in w)]
    if (
        figures
        and declared
        and not known.isdisjoint(_figures(known))
        and known.isdisjoint(figures)
        and c.near(_SUBJECTS, 0, 2)
    ):
        return "correction", 0.65, "another figure than the agent gave"
    denied = c.at("NOT")
    if (
        denied > 0
        and declared
        and len(c.words) > 5
        and any(w in known for w in c.words[denied:] if len(w) > 3)
        and c.has("THIS", "BE")
    ):
        if c.at("COMMA") > denied or c.has("BUT"):
            return "correction", 0.7, "a value the agent had wrong, denied and put right"
    if against == 1 and len(c.words) <= 4 and answered:
        return None
    return None


_SUBJECTS: Final = frozenset(("THIS", "THE", "THEY", "MY"))


def _figures(known: frozenset[str]) -> frozenset[str]:
    return frozenset(w for w in known if any(ch.isdigit() for ch in w))


def _restates(c: Clause, known: frozenset[str]) -> bool:
    """Whether it speaks of what the agent spoke of and says something else of it."""
    words = [
        w
        for w, f in zip(c.words, c.classes, strict=True)
        if len(w) > 2 and not f & {"BE", "HAVE", "THE", "NOT"} and w[0].isalnum()
    ]
    shared = sum(w in known for w in words)
    return 0 < shared < len(words)


Rule = Callable[[Clause, Sentence], Finding | None]
RULES: Final[tuple[Rule, ...]] = (praise, decision, directive, preference, fact)


def unreal(c: Clause) -> bool:
    """Whether it only supposes, wavers, takes back, or is a set phrase of courtesy."""
    if c.has("HYPO", "SLIP", "SMALL"):
        return True
    if c.has("HEDGE") or (c.has("MIGHT") and not (c.has("YOU") and c.has("ALWAYS", "FUTURE"))):
        return True
    return c.has("IF") and c.has("WOULD", "WERE") and not c.has("LIKE")


def third_party(c: Clause) -> bool:
    """Whether a likes, habit or saying is someone else's."""
    me = first_person(c)
    if "THEY" in c.classes[0] and "MUST" not in c.seen and c.has("ALWAYS", "LIKE", "KEEP_ON"):
        return True
    limit = me if me >= 0 else len(c.words)
    other = min((p for p in (c.at("PERSON"), c.at("THEY")) if 0 <= p), default=-1)
    if other < 0:
        other = (
            0
            if c.capital and c.capital[0] and not c.classes[0] and c.near(("LIKE", "SAY", "ALWAYS", "NEVER"), 1, 2)
            else -1
        )
    if other < 0 or other >= limit or (0 <= c.at("YOU") < other):
        return False
    at, before = head(c)
    if at < len(c.words) and not c.classes[at].isdisjoint(_VERB) and at < other:
        return False
    if c.near(("SOME", "EACH"), 0, other + 1) and not c.has("MUST"):
        return True
    follows = c.near(("LIKE", "ALWAYS", "NEVER", "SAY", "WANT", "USUALLY", "THINK"), other + 1, 12)
    return follows and not (c.has("MUST") or c.has("WHEN"))


def asks(c: Clause, s: Sentence) -> bool:
    """Whether the clause asks: by its mark, its question word or its order."""
    at = 0
    if c.classes and "POLITE" in c.classes[0]:
        return s.asks
    while (
        at < len(c.words) and "FILLER" in c.classes[at] and "WHQ" not in c.classes[at] and "AUXQ" not in c.classes[at]
    ):
        at += 1
    if at >= len(c.words):
        return s.asks
    begins = c.classes[at]
    subject = c.near(("I", "WE", "YOU", "THE", "THIS", "THEY", "MY", "A"), at + 1, 1)
    request = (
        "AUXQ" in begins
        and c.near(("YOU",), at + 1, 1)
        and not c.words[at].startswith(("do", "did", "is", "are", "have"))
    )
    if request and c.has("ALWAYS", "FUTURE", "NEVER"):
        return False
    if s.asks and not ("TAG" in c.classes[-1] and len(c.words) > 3 and not begins.isdisjoint(("I", "WE", "MY"))):
        return True
    if "WHQ" in begins and "WHEN" not in begins:
        return True
    return "AUXQ" in begins and subject and c.words[at : at + 2] not in (["do", "n't"], ["do", "not"])
