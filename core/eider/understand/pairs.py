"""How a later statement of a user bears on an earlier one: does it say the same, replace it, end it, or leave it alone?

A small model cannot close memories at will, so there are four decisions: `close` when it is nearly certain and a cue
of change or another value of the same kind shows why, `doubt` in between (both stay, the newer first, and somebody is
asked), `fold` when the later statement says the same and holds all that the earlier one did, and `keep` else. The model is trained by
`tests/lab/train_pairs.py`, which also measures it on writers and languages it has not seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from eider.understand.pair_model import HEADS, RELATIONS, scores
from eider.understand.pair_reading import Reading, read

Relation = Literal["same", "more", "replaces", "ends", "adds", "exception", "narrower", "unrelated"]
Decision = Literal["close", "doubt", "fold", "keep"]

CLOSE: Final = 0.91
"""Least probability of a change at which the earlier memory is closed without asking. At .91 on unseen writers 55 of 64
closings were right, and 66 of 67 on the pairs that were written in groups."""
DOUBT: Final = 0.46
"""Least probability of a change at which the pair is asked about. On unseen writers 60 % of the changes are closed or
asked about, 15 % of hard neighbours that change nothing, and 1.8 % of the nearest neighbours in a store."""
FRAMED: Final = 0.25
"""The same where both say the same but for a value: most of these change, and what has several values ("I have a sister
called …") does not."""
FOLD: Final = 0.9
"""Least probability that the later says the same (and perhaps more) at which the two become one."""
REVOKES: Final = 0.7
"""Least probability at which a sentence takes a memory back, if no other memory comes near."""
MAYBE_REVOKES: Final = 0.06
"""Least probability of the likeliest memory at which the user is asked which one is meant."""
MOST_ASKED: Final = 3
"""Memories that are asked about at most. On unseen sentences .46 end what is meant and .34 more ask with it among these."""
_CANDIDATE: Final = 0.03
"""Least probability of a candidate, which also has a tenth of the likeliest one's."""
_REPEATS: Final = 0.3
"""Least probability that a text with all words of a statement says the same, if the statement says the same as it. A guess."""
_PERSON: Final = frozenset({"user", "nutzer", "utilisateur", "usuario"})
"""What agents call whoever speaks of themselves as "I"."""
_RIVAL: Final = 0.5
"""Share of the best candidate's probability from which a second one makes it unclear which is meant."""
_CHANGE: Final = ("now", "ended", "moved", "new", "back", "instead")
"""Cues that say that something changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairVerdict:
    """What a later statement does to one earlier memory."""

    decision: Decision
    relation: Relation
    """The most likely relation."""
    runner_up: Relation
    probabilities: dict[Relation, float]
    """They sum to 1; `replaces` and `ends` together are the probability of a change."""

    @property
    def change(self) -> float:
        """Probability that the earlier memory no longer holds."""
        return self.probabilities["replaces"] + self.probabilities["ends"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Which memories a sentence takes back."""

    outcome: Literal["ends", "ask", "none"]
    """One memory ends; or the user is asked which of these; or the sentence is a statement like any other."""
    memories: tuple[int, ...]
    """Indices of the memories that are meant or may be, the likeliest first."""
    probabilities: tuple[float, ...]
    """One for every memory that was given."""


def compare(earlier: str, later: str) -> PairVerdict:
    """Say how a later statement bears on an earlier one of the same user.

    >>> compare("My phone is a Fairphone.", "My phone is a Pixel now.").decision in {"close", "doubt"}
    True
    >>> compare("I like tea.", "I like tea towels.").decision
    'keep'
    """
    return compare_all([earlier], later)[0]


def compare_all(earlier: Sequence[str], later: str) -> list[PairVerdict]:
    """Say how a later statement bears on each of its neighbours.

    Args:
        earlier: Memories that hold so far, as they were said.
        later: What the user says now; only the first 600 characters of a text are read, and longer ones that go on differently are kept both.

    Returns:
        One verdict for each of `earlier`, in the same order.
    """
    if not earlier:
        return []
    after, before = read(later), [read(text) for text in earlier]
    return [_verdict(one, after, row) for one, row in zip(before, scores(before, after), strict=True)]


def repeats(statement: str, others: Sequence[str]) -> list[bool]:
    """Say for each text whether it says the same as a statement, and perhaps more.

    Two may become one (`fold`) only where nothing is lost; this asks less: whether who forgets the one means the other.

    >>> repeats("I live in Oslo.", ["I live in Oslo, near the port", "The user lives in Oslo.", "My sister lives in Oslo."])
    [True, True, False]
    """
    said, given = read(statement), [read(text) for text in others]
    wanted = {word.stem for word in said.content if word.plain.removesuffix("'s") not in _PERSON}
    near = [
        bool(wanted) and wanted <= {word.stem for word in one.content} and holds_all(said, one)
        and said.rest == one.rest and said.people == one.people and said.possessors == one.possessors
        and (said.cues["past"] > 0) == (one.cues["past"] > 0)
        for one in given
    ]  # fmt: skip
    found: list[bool] = []
    for text, one, candidate in zip(others, given, near, strict=True):
        if not candidate:
            found.append(_same_words(said, one))
            continue
        forth, back = compare(statement, text), compare(text, statement)
        shares = forth.probabilities["same"] + forth.probabilities["more"]
        says = "fold" in (forth.decision, back.decision) or forth.relation in ("same", "more")
        found.append(says or (shares >= _REPEATS and back.relation == "same"))
    return found


def revoked(sentence: str, memories: Sequence[str]) -> Revocation:
    """Say which memories a sentence takes back, as "forget the rule about tabs" does.

    Args:
        sentence: Words that take something back; nothing tells here whether they do.
        memories: Candidates, for example the nearest memories and all standing rules.
    """
    if not memories:
        return Revocation(outcome="none", memories=(), probabilities=())
    odds = scores([read(text) for text in memories], read(sentence))
    chances = 1 / (1 + np.exp(-odds[:, HEADS.index("revoked")]))
    order = np.argsort(-chances, kind="stable")
    best = float(chances[order[0]])
    rivals = [int(index) for index in order if chances[index] >= max(0.2, _RIVAL * best)]
    probabilities = tuple(map(float, chances))
    stems = [{word.stem for word in read(text).words if word.weight > 0} for text in (sentence, memories[order[0]])]
    if best >= REVOKES and len(rivals) == 1 and stems[0] & stems[1]:  # without a shared word nothing is sure enough
        return Revocation(outcome="ends", memories=(rivals[0],), probabilities=probabilities)
    if best >= MAYBE_REVOKES:
        return Revocation(outcome="ask", memories=tuple(candidates(chances)), probabilities=probabilities)
    return Revocation(outcome="none", memories=(), probabilities=probabilities)


def candidates(chances: NDArray[np.floating]) -> list[int]:
    """Return the indices of the memories to ask about, the likeliest first."""
    order = np.argsort(-chances, kind="stable")[:MOST_ASKED].tolist()
    return [index for index in order if chances[index] >= max(_CANDIDATE, 0.1 * chances.max())]


def _verdict(earlier: Reading, later: Reading, odds: NDArray[np.float32]) -> PairVerdict:
    probabilities = _probabilities(odds)
    ranked = sorted(RELATIONS, key=lambda one: -probabilities[one])
    change = probabilities["replaces"] + probabilities["ends"]
    decision: Decision
    if _same_words(earlier, later):
        decision = "fold"
        ranked.remove("same")
        ranked.insert(0, "same")
    elif earlier.rest != later.rest or _about_another(earlier, later):
        decision = "keep"
    elif change >= CLOSE and _shows_change(earlier, later):
        decision = "close"
    elif change >= DOUBT or (change >= FRAMED and _same_frame(earlier, later)):
        decision = "doubt"
    elif probabilities["same"] + probabilities["more"] >= FOLD and holds_all(earlier, later):
        decision = "fold"
    else:
        decision = "keep"
    return PairVerdict(decision=decision, relation=ranked[0], runner_up=ranked[1], probabilities=probabilities)


def _probabilities(odds: NDArray[np.float32]) -> dict[Relation, float]:
    """Relations' probabilities, scaled so that those of a change sum to what the head of change says."""
    change = 1 / (1 + math.exp(-float(odds[0])))
    heads = odds[HEADS.index("same") :]
    shares = np.exp(heads - heads.max())
    changing = np.isin(RELATIONS, ("replaces", "ends"))
    shares = np.where(
        changing, shares * change / shares[changing].sum(), shares * (1 - change) / shares[~changing].sum()
    )
    return {name: float(share) for name, share in zip(RELATIONS, shares, strict=True)}


def _same_words(one: Reading, other: Reading) -> bool:
    words = [[word.plain for word in side.words] for side in (one, other)]
    return bool(words[0]) and words[0] == words[1] and one.rest == other.rest


def _says_alike(one: Reading, other: Reading) -> bool:
    """Whether both hold the same words of content but for values."""
    frames = [{word.stem for word in side.content if not word.is_value} for side in (one, other)]
    return bool(frames[0]) and frames[0] == frames[1]


def _shows_change(earlier: Reading, later: Reading) -> bool:
    """Whether a cue of change, a taking back or two values of one kind can be pointed at."""
    cues = sum(later.cues[kind] for kind in (*_CHANGE, "forget", "fine"))
    return cues > 0 or any(a and later.values[kind] - a for kind, a in earlier.values.items())


def _about_another(earlier: Reading, later: Reading) -> bool:
    """Whether both say the like of two things: "db-1 runs on port 5412", "db-2 runs on port 5422".

    The words are the same but for values, and on either side a value that differs stands apart from another that differs,
    or before one that both share: "the owner of importer 2 is Ida", "the owner of importer 3 is Ida"; or it is a code that
    the statement is about: "ticket ABC-12 is blocked". Nothing says that anything changed. All 3 labelled pairs of the
    first two forms add.
    """
    changes = any(later.cues[kind] for kind in _CHANGE)
    alike = not changes and _says_alike(earlier, later)
    return alike and _names_another(earlier, later) and _names_another(later, earlier)


def _names_another(one: Reading, other: Reading) -> bool:
    """Whether the values that the other lacks stand apart, or before a shared one with a word between, or lead as a code."""
    known = {word.stem for word in other.words if word.is_value}
    differing = [place for place, word in enumerate(one.words) if word.is_value and word.stem not in known]
    if not differing:
        return False
    first, last = differing[0], differing[-1]
    apart = any(not word.is_value for word in one.words[first:last])
    rest, code = one.words[last + 1 :], one.words[first].plain
    leads = first == last <= 1 and code[0].isalpha() and any(letter.isdigit() for letter in code)
    return (
        apart
        or (leads and any(word.weight > 0 for word in rest))
        or bool(rest and not rest[0].is_value and any(word.is_value for word in rest))
    )


def _same_frame(earlier: Reading, later: Reading) -> bool:
    """Whether both say the same but for a value: "the owner is Bo", "the owner is Ida".

    Of 71 such labelled pairs 69 replace, of 29 others 26; 1,579 statements of stores hold none.
    """
    values = ((found, later.values[kind]) for kind, found in earlier.values.items())
    return _says_alike(earlier, later) and any(a and b and not a & b for a, b in values)


def holds_all(earlier: Reading, later: Reading) -> bool:
    """Whether the later statement holds the numbers, names and other values of the earlier one, and its negation."""
    if earlier.rest and earlier.rest != later.rest:
        return False
    kept = all(values <= later.values[kind] for kind, values in earlier.values.items())
    return kept and (earlier.cues["neg"] > 0) == (later.cues["neg"] > 0)
