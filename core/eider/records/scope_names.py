"""Rules of scope names, pure: which are spelled alike or mean the same, which a context names, what may be merged.

A name after a colon (`project:alpha`), after a word for what it names (`client-marta`), within a path, or with a number
in it is a proper name: two that differ are two things, however little they differ.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from eider.model.learned import ScopeStep
from eider.model.project_scope import without_digest
from eider.model.values import GLOBAL

Likeness = Callable[[str, str], float]
"""Cosine of two texts."""

SAME: Final = 0.65
"""Cosine from which two words mean the same. Of 60 pairs of the default embedder: "trip" and "travel" 0.66, "kids" and
"children" 0.87; "internal" and "external" 0.43, "sales" and "marketing" 0.33."""
CLEAR: Final = 0.3
"""Cosine of a context to a scope from which it may be that one: contexts that fit none stay below 0.15. A guess between."""
AHEAD: Final = 0.1
"""How far the best scope has to be ahead of the next one. A guess."""
NAMED: Final = 0.3
"""What it adds that all words of a scope's name are in the context. A guess."""
READ: Final = 2_000
"""Characters of a context that are read: its beginning says what it is about."""
_SHORT: Final = 32
_FEW_WORDS: Final = 3
_ONE_EDIT: Final = 5
_TWO_EDITS: Final = 9
"""Letters from which one, and two, edits are slips rather than other words ("test" and "text", "personal" and "personnel")."""
_PLURAL: Final = 3
_OTHER_WITH_S: Final = frozenset(("new", "good", "mean", "custom"))
"""Words that are no plural with an s, but another word."""
_KINDS: Final = frozenset(
    "project projekt repo repository role team branch client customer user person workspace org company account region "
    "session agent app service host env".split()
)
"""Words before a proper name."""
_LABEL: Final = re.compile(
    r"(?<![\w:/.-])(?:project|repo|role|team|branch|client|customer|workspace):[\w][\w./+-]*", re.IGNORECASE
)
_EVERYWHERE: Final = re.compile(
    r"\b(?:everywhere|anywhere|in general|generally|(?:in|for|across) (?:all|every|any) (?:of )?(?:my |our |the )?"
    r"(?:projects?|repos?|repositor(?:y|ies)|codebases?|contexts?|scopes?|tasks?|work)|regardless of"
    r"|überall|(?:in|für|bei) (?:allen?|jedem) (?:\w+ )?(?:projekt(?:en?)?|repos?)"
    r"|partout|(?:dans|pour) (?:tous|toutes|chaque) (?:\w+ )?(?:projets?|dépôts?)"
    r"|en todas partes|(?:en|para) (?:todos|cada) (?:\w+ )?(?:proyectos?|repositorios?))\b|到处|(?:所有|每个|每一个)(?:的)?项目",
    re.IGNORECASE,
)
_PROJECT: Final = re.compile(
    r"\b(?:for|in|on|within|inside|under|with) (?:the |our |my )?(?:project (?P<after>[\w.-]+)|(?P<before>[\w.-]+) project\b)"
    r"|\b(?:im|für das|beim) projekt (?P<de>[\w.-]+)|\b(?:pour|dans) le projet (?P<fr>[\w.-]+)|\b(?:para|en) el proyecto (?P<es>[\w.-]+)",
    re.IGNORECASE,
)
_HERE: Final = re.compile(
    r"\b(?:this|our|the current|dies(?:er|em|es)|unser(?:er|em|es)?|cet(?:te)?|ce|notre|est[ea]|nuestr[oa]) "
    r"(?:\w+ ){0,2}?(?:project|codebase|code base|repo(?:sitory)?|monorepo|workspace|projekt|codebasis|projet|dépôt|proyecto|repositorio)\b",
    re.IGNORECASE,
)
_NOT_NAMES: Final = frozenset(
    "this that the new current same whole each every any other next last side small big our my all".split()
)
_OPPOSED: Final = (
    ("in", "out"), ("im", "ex"), ("in", "ex"), ("on", "off"), ("up", "down"), ("pre", "post"), ("front", "back"),
    ("over", "under"), ("inter", "intra"), ("inter", "exter"), ("", "un"), ("", "non"), ("", "anti"), ("", "in"), ("", "dis"),
)  # fmt: skip
"""Beginnings that turn a word into its opposite, which embedders take for likeness ("inbound" and "outbound" 0.92)."""
_STEM: Final = 3


# ---------------------------------------------------------------------- names


def tidy(name: str) -> str:
    """A name as it is registered: lower case, words with a dash between them.

    >>> tidy(" Code  Review "), tidy("code_review"), tidy("Project:My_App")
    ('code-review', 'code-review', 'project:my_app')
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    kind, colon, rest = plain.partition(":")
    if colon:
        return f"{_with_dashes(kind)}:{'-'.join(rest.split())}"
    return _with_dashes(plain)


def _with_dashes(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text).strip("-")


def is_short(name: str) -> bool:
    """Whether a name may be registered without anybody's declaring it: a few lowercase words.

    >>> is_short("code-review"), is_short("project:alpha"), is_short("please fix the build now"), is_short("Fix")
    (True, True, False, False)
    """
    plain = name.replace("-", "").replace(":", "", 1)
    allowed = plain and not plain.isdigit() and all(c.isalnum() or c in "./+#_" for c in plain)
    few = ":" in name or len(name.split("-")) <= _FEW_WORDS
    return bool(allowed) and few and len(name) <= _SHORT and name == name.casefold() and name[-1].isalnum()


def is_proper(name: str) -> bool:
    """Whether a tidy name is that of one certain thing.

    >>> is_proper("project:alpha"), is_proper("client-marta"), is_proper("docs/api"), is_proper("code-review")
    (True, True, True, False)
    """
    first, dash, _ = name.partition("-")
    return ":" in name or "/" in name or (bool(dash) and first.rstrip("s") in _KINDS)


def spelled_alike(one: str, other: str) -> bool:
    """Whether two names are one, spelled in two ways.

    >>> spelled_alike("code-review", "code reviews"), spelled_alike("marketing", "marekting")
    (True, True)
    >>> spelled_alike("project:alpha1", "project:alpha2"), spelled_alike("q1-report", "q2-report")
    (False, False)
    """
    a, b = tidy(one), tidy(other)
    if a == b:
        return True
    if not _common(a, b):
        return False
    ours, theirs = a.split("-"), b.split("-")
    if "".join(ours) == "".join(theirs):
        return True
    if _marks(a) != _marks(b) or len(ours) != len(theirs):
        return False
    return all(_one_word(x, y) for x, y in zip(ours, theirs, strict=True))


def same_meaning(one: str, other: str, like: Likeness) -> bool:
    """Whether two names mean the same: what they do not share is alike, and neither is narrower nor the opposite."""
    a, b = tidy(one), tidy(other)
    if a == b or not _common(a, b) or _marks(a) != _marks(b):
        return a == b
    ours, theirs = a.split("-"), b.split("-")
    rest = [w for w in ours if not any(_one_word(w, t) for t in theirs)]
    others = [w for w in theirs if not any(_one_word(w, o) for o in ours)]
    if not rest or not others or any(_are_opposed(x, y) for x in rest for y in others):
        return False
    return like(" ".join(rest), " ".join(others)) >= SAME


def _common(a: str, b: str) -> bool:
    """Whether two names may be one in spite of a difference: neither is proper, or says everywhere."""
    return bool(a and b) and GLOBAL not in (a, b) and not is_proper(a) and not is_proper(b)


def _marks(name: str) -> list[str]:
    """Numbers and single letters, in their order, tell things apart: `q1`, `plan-b`."""
    return re.findall(r"\d+", name) + [w for w in name.split("-") if len(w) == 1]


def _one_word(x: str, y: str) -> bool:
    if x == y:
        return True
    short, long = sorted((x, y), key=len)
    if long == f"{short}s":
        return len(short) >= _PLURAL and short not in _OTHER_WITH_S
    if len(short) < _ONE_EDIT or x[0] != y[0] or not x.isalpha() or not y.isalpha():
        return False
    return edits(x, y) <= (2 if len(short) >= _TWO_EDITS else 1)


def edits(x: str, y: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours between two words.

    Source: optimal string alignment.

    >>> edits("coding", "codign"), edits("mail", "email"), edits("alpha", "beta")
    (1, 1, 4)
    """
    before: list[int] = []
    last = list(range(len(y) + 1))
    for i, a in enumerate(x, 1):
        row = [i]
        for j, b in enumerate(y, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == y[j - 2] and x[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]


def _are_opposed(x: str, y: str) -> bool:
    for one, other in _OPPOSED:
        for a, b in ((x, y), (y, x)):
            stem = a.removeprefix(one)
            if a.startswith(one) and len(stem) >= _STEM and b == other + stem:
                return True
    return False


def known_or_tidy(name: str, known: Collection[str], like: Likeness | None = None) -> str:
    """The known name that a name stands for, else the name made tidy.

    Args:
        name: As somebody wrote it.
        known: Names there are.
        like: Cosine of two words; without it only spelling counts.

    >>> known_or_tidy("Code Reviews", ["code-review", "email"]), known_or_tidy("project:alpha2", ["project:alpha1"])
    ('code-review', 'project:alpha2')
    """
    if name in known:
        return name
    made = tidy(name) or GLOBAL
    order = sorted(known, key=lambda k: (tidy(k) != made, edits(tidy(k)[:_SHORT], made[:_SHORT]), k))
    alike = next((k for k in order if spelled_alike(k, made)), None)
    if alike is None and like is not None:
        alike = next((k for k in order if same_meaning(k, made, like)), None)
    return alike or made


def merges(
    names: Mapping[str, int], fixed: Collection[str] = (), like: Likeness | None = None
) -> tuple[ScopeStep, ...]:
    """What can be merged without a model: each name that stands for another goes into the one with more in it.

    Args:
        names: Name → memories in it.
        fixed: Declared names, which stay.
        like: Cosine of two words.
    """
    order = sorted((n for n in names if n != GLOBAL), key=lambda n: (n not in fixed, -names[n], len(n), n))
    kept: list[str] = []
    into: dict[str, list[str]] = {}
    for name in order:
        found = next((k for k in kept if spelled_alike(k, name)), None)
        if found is None and like is not None:
            found = next((k for k in kept if same_meaning(k, name, like)), None)
        if found is None or name in fixed:
            kept.append(name)
        else:
            into.setdefault(found, []).append(name)
    return tuple(
        ScopeStep(op="merge", scopes=tuple(gone), into=(name,), reason="spelled alike, or of the same meaning")
        for name, gone in into.items()
    )


# ---------------------------------------------------------------------- steps


def allowed(step: ScopeStep, known: Collection[str], fixed: Collection[str]) -> bool:
    """Whether an automatic step may be taken: it is about known names, spares declared ones, and joins no two things."""
    gone = [s for s in step.scopes if s not in step.into or step.op == "split"]
    if fault(step, known) or any(s in fixed for s in gone):
        return False
    if step.op == "merge":
        return all(not is_proper(tidy(s)) for s in (*gone, *step.into))
    return all(not is_proper(tidy(s)) or tidy(s) == tidy(step.into[0]) for s in gone)


def fault(step: ScopeStep, known: Collection[str]) -> str:  # noqa: PLR0911 (one return per fault)
    """What is wrong with a step; empty when it can be taken."""
    if missing := [s for s in step.scopes if s not in known]:
        return f"there is no scope {missing[0]!r}"
    if GLOBAL in step.scopes:
        return f"{GLOBAL!r} is always in and stays as it is"
    if not step.scopes or not step.into or any(not n.strip() for n in step.into):
        return "a step needs scopes and what they become"
    if step.op == "split":
        enough = len(step.scopes) == 1 and len(set(step.into)) > 1
        return "" if enough else "a split takes one scope into two or more"
    if len(step.into) != 1:
        return f"a {step.op} has one result"
    if step.op == "rename" and (len(step.scopes) != 1 or step.into[0] in known):
        return "a rename gives one scope a name that is not taken"
    return ""


# ---------------------------------------------------------------------- contexts


def named_in(context: str, known: Iterable[str], *, dynamic: bool = False) -> str | None:
    """The scope that a context names outright; None when it names none, or several.

    Args:
        context: What the work is about.
        known: Names there are.
        dynamic: Whether a context that is nothing but a short name is one.

    >>> named_in("Reviewing PR 12 in project:alpha", []), named_in("Code review", ["code-review"])
    ('project:alpha', 'code-review')
    """
    read = context[:READ].strip()
    there = _as_said({tidy(k): k for k in known if tidy(k) != GLOBAL})
    if (whole := there.get(tidy(read))) is not None:
        return whole
    flat = f" {tidy(' '.join(read.split()))} "
    labels = {tidy(m.rstrip("./+-")) for m in _LABEL.findall(read)}
    labels |= {t for t in there if ":" in t and re.search(rf"(?<![\w:/.-]){re.escape(t)}(?![\w:/-])", flat)}
    labels = {a for a in labels if not any(a != b and b.startswith(a) for b in labels)}  # the longer names it whole
    if len(labels) == 1:
        label = labels.pop()
        return there.get(label, label)
    told = (project_named(read) or "") if not labels else ""
    if told and (dynamic or told in there):
        return there.get(told, told)
    bare = tidy(read)
    return bare if dynamic and not labels and "\n" not in read and is_short(bare) else None


def _as_said(there: Mapping[str, str]) -> dict[str, str]:
    """Tidy name → name, also without the digest of its place where that means one of them alone."""
    bare = Counter(without_digest(name) for name in there)
    return {without_digest(name): k for name, k in there.items() if bare[without_digest(name)] == 1} | dict(there)


def project_named(text: str) -> str | None:
    """Return the scope of the project that a text names, None where it names none.

    >>> project_named("In project Kestrel we use tabs."), project_named("In this project we use tabs.")
    ('project:kestrel', None)
    """
    match = _PROJECT.search(text)
    name = next((group for group in match.groups() if group), "").strip(".-").lower() if match else ""
    return f"project:{name}" if name and name not in _NOT_NAMES else None


def holds_here(text: str) -> bool:
    """Whether a statement itself says that it is about the work at hand.

    >>> holds_here("Always use tabs in this codebase."), holds_here("Always use tabs in all projects.")
    (True, False)
    """
    return bool(_HERE.search(text))


def holds_everywhere(text: str) -> bool:
    """Whether a statement itself says that it holds everywhere.

    >>> holds_everywhere("Use tabs in all projects."), holds_everywhere("Use tabs.")
    (True, False)
    """
    return bool(_EVERYWHERE.search(text))


def words_in(name: str, context: str) -> bool:
    """Whether all words of a name are in a context."""
    said = re.findall(r"\w+", context[:READ].casefold())
    bare = without_digest(tidy(name))
    own = re.findall(r"\w+", bare.partition(":")[2] or bare)
    return bool(own) and all(any(_one_word(w, s) for s in said) for w in own)


def clearest(scores: Mapping[str, float]) -> str | None:
    """The scope that a context clearly belongs to; None when that is open.

    >>> clearest({"email": 0.5, "travel": 0.2}), clearest({"email": 0.5, "travel": 0.45}), clearest({"email": 0.1})
    ('email', None, None)
    """
    best = sorted(scores.items(), key=lambda s: (-s[1], s[0]))[:2]
    if not best or best[0][1] < CLEAR:
        return None
    return best[0][0] if len(best) == 1 or best[0][1] - best[1][1] >= AHEAD else None
