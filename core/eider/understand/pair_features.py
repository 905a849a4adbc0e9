"""What speaks for one relation or another between two statements, as named numbers."""

import math
import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eider.understand.pair_reading import CUES, LINKS, OWNERS, VALUES, Reading, Word

Vectors = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to rows of length 1 (or 0), shape `(n, width)`."""
_PART: Final = 4
"""Least letters of a word that may be part of a compound."""
_DIGITS: Final = 15
"""Digits of a number that are compared: all that a float holds."""
_ADDED: Final = 3
"""Least letters that the compound has more."""


def features(earlier: Reading, later: Reading, vectors: Vectors) -> dict[str, float]:
    """All features of a pair by name; the order of the names is the same for every pair."""
    return {
        **_topic(earlier, later, vectors),
        **_values(earlier, later),
        **_owners(earlier, later),
        **_shape(earlier, later),
        **_cues(earlier, later),
    }


def _topic(earlier: Reading, later: Reading, vectors: Vectors) -> dict[str, float]:
    """Whether both speak of the same thing: shared words, what is left over on either side, what stands beside them."""
    e, l = earlier.content, later.content  # noqa: E741 (the pair's two sides)
    stems_e, stems_l = {word.stem for word in e}, {word.stem for word in l}
    parts_e, parts_l = _compounds(e, l)
    open_e = [word for word in e if word.stem not in stems_l and word.plain not in parts_e]
    open_l = [word for word in l if word.stem not in stems_e and word.plain not in parts_l]
    likeness = _likeness(open_e, open_l, vectors)
    best_e, best_l = likeness.max(1, initial=0.0), likeness.max(0, initial=0.0)
    weigh_e, weigh_l = _weights(e), _weights(l)
    left_e, left_l = _weights(open_e), _weights(open_l)
    shared = sorted({word.stem: word.weight for word in e if word.stem in stems_l}.values(), reverse=True)
    pair = vectors([earlier.text, later.text])
    soft_e = float((left_e * best_e).sum()) if len(left_e) else 0.0
    soft_l = float((left_l * best_l).sum()) if len(left_l) else 0.0
    total_e, total_l = weigh_e.sum() + 1e-6, weigh_l.sum() + 1e-6
    return {
        "cosine": float(pair[0] @ pair[1]), "covered_e": 1 - left_e.sum() / total_e,
        "covered_l": 1 - left_l.sum() / total_l, "soft_e": 1 - (left_e.sum() - soft_e) / total_e,
        "soft_l": 1 - (left_l.sum() - soft_l) / total_l, "shared_weight": sum(shared),
        "shared_top": shared[0] if shared else 0.0, "shared_second": shared[1] if len(shared) > 1 else 0.0,
        "shared_count": float(len(shared)), "left_e": float(left_e.sum()), "left_l": float(left_l.sum()),
        "left_top_e": float(left_e.max(initial=0.0)), "left_top_l": float(left_l.max(initial=0.0)),
        "left_count_e": float(len(open_e)), "left_count_l": float(len(open_l)),
        "left_values_e": float(sum(word.is_value for word in open_e)),
        "left_values_l": float(sum(word.is_value for word in open_l)),
        "left_plain_e": sum(word.weight for word in open_e if not word.is_value),
        "left_plain_l": sum(word.weight for word in open_l if not word.is_value),
        "plain_covered_e": _plain_share(e, open_e, best_e), "plain_covered_l": _plain_share(l, open_l, best_l),
        "plain_exact_e": _plain_share(e, open_e, None), "plain_exact_l": _plain_share(l, open_l, None),
        "left_alike": float(likeness.max(initial=0.0)),
        "left_alike_mean": float(best_l.mean()) if len(best_l) else 0.0,
        "left_alike_e": float(best_e.mean()) if len(best_e) else 0.0, "compound_e": float(len(parts_e)),
        "compound_l": float(len(parts_l)), "first_shared_l": _place(l, stems_e), "first_shared_e": _place(e, stems_l),
        "last_open_l": float(bool(l) and l[-1] in open_l), "last_open_e": float(bool(e) and e[-1] in open_e),
        "head_open_l": float(bool(l) and l[0] in open_l), "head_open_e": float(bool(e) and e[0] in open_e),
        **_beside(earlier, later, stems_e, stems_l),
    }  # fmt: skip


def _plain_share(words: Sequence[Word], left: Sequence[Word], likeness: NDArray[np.float32] | None) -> float:
    """Share of the words that are no values which the other side holds too, or holds something like."""
    total = sum(word.weight for word in words if not word.is_value)
    if not total:
        return 1.0
    best = np.zeros(len(left)) if likeness is None else likeness
    lost = (word.weight * (1 - float(one)) for word, one in zip(left, best, strict=True) if not word.is_value)
    return 1 - sum(lost) / total


def _weights(words: Sequence[Word]) -> NDArray[np.float64]:
    return np.array([word.weight for word in words], float)


def _place(words: Sequence[Word], known: set[str]) -> float:
    """Where the first shared word stands among the content words, 0 (first) to 1; 1.5 if there is none."""
    for index, word in enumerate(words):
        if word.stem in known:
            return index / len(words)
    return 1.5


def _compounds(e: Sequence[Word], l: Sequence[Word]) -> tuple[set[str], set[str]]:  # noqa: E741
    """Words of either side that contain a word of the other ("Dienstlaptop", "Laptop")."""
    in_e, in_l = set[str](), set[str]()
    for a in e:
        for b in l:
            if a.stem == b.stem or a.is_value or b.is_value or min(len(a.plain), len(b.plain)) < _PART:
                continue
            short, long = sorted((a.plain, b.plain), key=len)
            if len(long) - len(short) >= _ADDED and (long.startswith(short) or long.endswith(short)):
                (in_e if long == a.plain else in_l).add(long)
    return in_e, in_l


def _likeness(e: Sequence[Word], l: Sequence[Word], vectors: Vectors) -> NDArray[np.float32]:  # noqa: E741
    """Cosines of words that are not shared, at least 0, shape `(len(e), len(l))`."""
    if not e or not l:
        return np.zeros((len(e), len(l)), np.float32)
    rows = vectors([word.plain for word in (*e, *l)])
    return np.maximum(rows[: len(e)] @ rows[len(e) :].T, 0)


def _beside(earlier: Reading, later: Reading, stems_e: set[str], stems_l: set[str]) -> dict[str, float]:
    """Whether a shared word has another neighbour now: "laptop" and "work laptop", "tea" and "tea towels"."""
    found = {f"{side}_{kind}": 0.0 for side in ("before", "after") for kind in ("new", "gone", "differs")}
    top = 1e-6
    for i, a in enumerate(earlier.words):
        if a.weight <= 0 or a.stem not in stems_l:
            continue
        for j, b in enumerate(later.words):
            if b.stem != a.stem:
                continue
            top = max(top, a.weight)
            for side, one, two in (
                (side, _fresh_beside(earlier.words, i, step, stems_l), _fresh_beside(later.words, j, step, stems_e))
                for side, step in (("before", -1), ("after", 1))
            ):
                kind = "differs" if one and two else "new" if two else "gone" if one else ""
                if kind:
                    found[f"{side}_{kind}"] = max(found[f"{side}_{kind}"], a.weight)
    return {name: weight / top for name, weight in found.items()}


def _fresh_beside(words: Sequence[Word], index: int, step: int, known: set[str]) -> bool:
    """Whether a word that the other side lacks stands right before (step -1) or after (step 1) this one."""
    place = index + step
    if step > 0 and place < len(words) - 1 and words[place].plain in LINKS:
        place += 1
    if not 0 <= place < len(words) or not words[max(index, place)].joined:
        return False
    other = words[place]
    return other.weight > 0 and not other.is_cue and not other.is_value and other.stem not in known


def _values(earlier: Reading, later: Reading) -> dict[str, float]:
    """Per kind of value whether both name one, the same or another."""
    found: dict[str, float] = {}
    differ = same = lost = fresh = 0
    for kind in VALUES:
        a, b = earlier.values[kind], later.values[kind]
        found[f"{kind}_differs"] = float(bool(a) and bool(b) and not a & b)
        found[f"{kind}_same"] = float(len(a & b))
        found[f"{kind}_fresh"] = float(len(b - a))
        found[f"{kind}_lost"] = float(len(a - b))
        differ += bool(a) and bool(b) and not a & b
        same, lost, fresh = same + len(a & b), lost + len(a - b), fresh + len(b - a)
    unit = bool(earlier.units & later.units)
    a, b = earlier.values["number"], later.values["number"]
    nearness, alike = _numbers(a - b, b - a)
    return {
        "number_nearness": nearness, "number_form": alike,
        "replaced_named": float(lost == 0 and fresh > 0 and same > 0 and later.cues["past"] + later.cues["ended"] > 0),
        **found,
        "values_differ": float(differ), "values_same": float(same), "values_lost": float(lost),
        "values_fresh": float(fresh), "unit_same": float(unit),
        "unit_same_number_differs": float(unit and found["number_differs"] > 0),
    }  # fmt: skip


def _numbers(a: frozenset[str], b: frozenset[str]) -> tuple[float, float]:
    """How near two differing numbers are, 0 to 1, and whether they are written alike (`9:30`, `10:15`; `4471`, `9058`)."""
    nearness, alike = 0.0, 0.0
    for one in a:
        for two in b:
            forms = [re.sub(r"\d", "0", number) for number in (one, two)]
            alike = max(alike, float(forms[0] == forms[1]), 0.5 * float(len(forms[0]) == len(forms[1])))
            values = [float(re.sub(r"\D", "", number)[:_DIGITS] or 0) + 1 for number in (one, two)]
            nearness = max(nearness, min(values) / max(values))
    return nearness, alike


def _owners(earlier: Reading, later: Reading) -> dict[str, float]:
    """Whose matter it is on either side."""
    a, b = earlier.people, later.people
    flags = {
        f"{who}_{side}": float(who in one.owners) for who in OWNERS for side, one in (("e", earlier), ("l", later))
    }
    mine_e, mine_l = earlier.owners & {"I", "we"}, later.owners & {"I", "we"}
    return {
        **flags,
        "owner_differs": float(bool(mine_e) and bool(mine_l) and not mine_e & mine_l),
        "owner_other": float(bool(mine_e) and not mine_l and "they" in later.owners),
        "people_same": float(len(a & b)), "people_fresh": float(len(b - a)), "people_lost": float(len(a - b)),
        "possessor_fresh": float(len(later.possessors - earlier.possessors - set(earlier.values["name"]))),
        "possessor_lost": float(len(earlier.possessors - later.possessors)),
        "possessor_same": float(len(earlier.possessors & later.possessors)),
        "subject_fresh": float(_subject(later) not in {"", *(word.stem for word in earlier.words)}),
        "people_first": float(bool(later.first_people - earlier.people)),
        "subject_same": float(_subject(later) != "" and _subject(later) == _subject(earlier)),
        "people_differ": float(bool(a) and bool(b) and not a & b),
    }  # fmt: skip


def _subject(reading: Reading) -> str:
    """The stem of the first word, where that is a name."""
    first = reading.words[0] if reading.words else None
    return first.stem if first and first.plain in reading.values["name"] else ""


def _shape(earlier: Reading, later: Reading) -> dict[str, float]:
    """How much of the one is the wording of the other."""
    a, b = [word.plain for word in earlier.words], [word.plain for word in later.words]
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    swaps = [block for block in blocks if block[0] == "replace"]
    matched = sum(i2 - i1 for tag, i1, i2, _, _ in blocks if tag == "equal")
    run = max((i2 - i1 for tag, i1, i2, _, _ in blocks if tag == "equal"), default=0)
    letters = _longest_shared(earlier.text.lower(), later.text.lower())
    n, m = max(1, len(a)), max(1, len(b))
    return {
        "match_e": matched / n, "match_l": matched / m, "run_e": run / n, "run_l": run / m,
        "swaps": float(len(swaps)),
        "swap_e": float(sum(i2 - i1 for _, i1, i2, _, _ in swaps)), "swap_l": float(sum(j2 - j1 for *_, j1, j2 in swaps)),
        "added": float(sum(j2 - j1 for tag, _, _, j1, j2 in blocks if tag == "insert")),
        "dropped": float(sum(i2 - i1 for tag, i1, i2, _, _ in blocks if tag == "delete")),
        "same_start": float(bool(blocks) and blocks[0][0] == "equal"),
        "same_end": float(bool(blocks) and blocks[-1][0] == "equal"),
        "letters": letters / max(1, min(len(earlier.text), len(later.text))),
        "longer": math.log(m / n), "words_e": float(n), "words_l": float(m),
        "unspaced": float(later.unspaced),
    }  # fmt: skip


def _longest_shared(one: str, other: str) -> int:
    """Return the length of the longest run of characters that both texts hold, by bisection over its length."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        size = (least + most + 1) // 2
        runs = {one[at : at + size] for at in range(len(one) - size + 1)}
        if any(other[at : at + size] in runs for at in range(len(other) - size + 1)):
            least = size
        else:
            most = size - 1
    return least


def _cues(earlier: Reading, later: Reading) -> dict[str, float]:
    """Cue words on either side, and what has turned round."""
    a, b = earlier.cues, later.cues
    both = {f"{kind}_l": float(min(2, b[kind])) for kind in CUES} | {
        f"{kind}_e": float(min(2, a[kind])) for kind in CUES
    }
    return {
        **both,
        **{f"{kind}_first": float(kind in later.first_cues) for kind in ("now", "except", "only", "when", "forget", "fine", "still")},
        "change": float(b["now"] + b["moved"] + b["new"] + b["ended"] + b["back"] + b["instead"] > 0),
        "neg_turns": float((a["neg"] > 0) != (b["neg"] > 0)),
        "neg_then_fine": float(a["neg"] > 0 and b["fine"] > 0),
        "like_then_hate": float((a["like"] > 0 and b["hate"] > 0) or (a["hate"] > 0 and b["like"] > 0)),
        "all_then_some": float(a["all"] + a["always"] > 0 and b["except"] + b["only"] + b["when"] > 0),
        "standing_then_fine": float(a["all"] + a["always"] + a["neg"] > 0 and b["fine"] + b["forget"] + b["ended"] > 0),
    }  # fmt: skip
