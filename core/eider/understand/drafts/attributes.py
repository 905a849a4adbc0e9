"""What is read off a derived sentence: its kind, its scope, the names in it, and how much it matters."""

from __future__ import annotations

import re
from typing import Final

from eider.model.learned import SignalKind
from eider.model.values import MemoryKind
from eider.understand.statements import Statement, Term, terms

_KINDS: Final[dict[SignalKind, MemoryKind]] = {
    "directive": "rule", "preference": "preference", "fact": "fact", "decision": "decision", "praise": "preference", "correction": "fact",
}  # fmt: skip
_GENERAL: Final = re.compile(
    r"\b(?:always|never|from now on|in (?:the )?future|going forward|every(?:where| time)?|each time|any ?time|whenever|all|any|must|should|in general|immer|nie|künftig|toujours|jamais|siempre|nunca)\b|总是|从不|以后|每次",
    re.IGNORECASE,
)
_WISH: Final = re.compile(
    r"^(?:(?:always|never|usually|strongly|much|really|generally|does not|did not) )*(?:prefer|like|love|enjoy|hate|dislike|want|favou?r|need)s?\b",
    re.IGNORECASE,
)
_STRONG: Final = re.compile(
    r"\b(?:always|never|must|mandatory|critical|crucial|important|under no circumstances|no matter what|at all costs|required|forbidden|immer|niemals|nie|toujours|jamais|siempre|nunca)\b|总是|必须|从不|绝不|永远",
    re.IGNORECASE,
)
_VITAL: Final = re.compile(
    r"\b(?:secrets?|passwords?|credentials?|tokens?|api keys?|security|secure|encrypt\w*|vulnerab\w*|production|prod|customer data|personal data|privacy|gdpr|legal|compliance|backups?|force.push\w*|delete|drop tables?|allerg\w*|medication|insulin|diabet\w*|epilep\w*|asthma|pregnan\w*|emergency|passwort\w*|mot de passe|contraseñas?)\b|密码|密钥|过敏|安全",
    re.IGNORECASE,
)
_HARM: Final = re.compile(r"\b(?:allerg\w*|insulin|diabet\w*|epilep\w*|asthma|pregnan\w*)\b|过敏", re.IGNORECASE)
_SLIGHT: Final = re.compile(
    r"\b(?:slightly|a bit|no big deal|minor|nitpick|small thing|not important|if possible|ideally|when you can)\b",
    re.IGNORECASE,
)
_PROJECT: Final = re.compile(
    r"\b(?:for|in|on|within|inside|under|with) (?:the |our |my )?(?:project (?P<after>[\w.-]+)|(?P<before>[\w.-]+) project\b)"
    r"|\b(?:im|für das|beim) projekt (?P<de>[\w.-]+)|\b(?:pour|dans) le projet (?P<fr>[\w.-]+)|\b(?:para|en) el proyecto (?P<es>[\w.-]+)",
    re.IGNORECASE,
)
_NOT_NAMES: Final = frozenset(
    "this that the new current same whole each every any other next last side small big our my all".split()
)
_NOT_ENTITIES: Final = frozenset("i the a an user team agent we my our".split())


def kind_of(signal: SignalKind, text: str, said: Statement) -> MemoryKind:
    """The kind of memory a signal comes to; a correction that carries a general lesson is a rule."""
    if _WISH.match(text) and signal in {"correction", "directive", "fact"}:
        return "preference"
    if signal in {"correction", "directive"} and _NONE_OF.match(text):
        return "rule"
    if signal == "correction" and (said.imperative or (_GENERAL.search(text) and said.subject in {"agent", ""})):
        return "rule"
    return _KINDS[signal]


_NONE_OF: Final = re.compile(
    r"no (?!longer\b|one\b|matter\b|doubt\b)\w+(?! (?:is|are|was|were|has|have)\b)", re.IGNORECASE
)
"""An exclusion without a verb: "No emojis."."""


def scope_of(clause: str, given: str) -> str:
    """The project a clause names, else the scope given."""
    match = _PROJECT.search(clause)
    name = next((group for group in match.groups() if group), "").strip(".-").lower() if match else ""
    return f"project:{name}" if name and name not in _NOT_NAMES else given


def importance_of(text: str) -> int:
    """1 (trivial) to 5 (vital), by what is at stake and how strongly it is said.

    >>> importance_of("Never commit secrets."), importance_of("The user's dog is called Pixel.")
    (5, 3)
    """
    if _HARM.search(text):
        return 5
    strong, vital = bool(_STRONG.search(text)), bool(_VITAL.search(text))
    weight = 3 + strong + vital - bool(_SLIGHT.search(text))
    return max(1, min(5, weight))


def entities_of(text: str, *, nouns_capital: bool = False) -> tuple[str, ...]:
    """Names, identifiers, versions, paths and addresses in a sentence, as written, each once.

    Where every noun has a capital (German), only what cannot be a common noun counts.

    >>> entities_of("The payments service uses Python 3.13 and calls fetch_rates in eu-west-1.")
    ('Python 3.13', 'fetch_rates', 'eu-west-1')
    """
    found: list[str] = []
    run: list[Term] = []
    for at, term in enumerate(terms(text)):
        plain = nouns_capital and term.kind == "name" and not (term.text.isupper() and len(term.text) > 1)
        if (_entity(term, text, first=at == 0) and not plain) or (run and term.kind == "version"):
            if run and text[run[-1].end : term.start] == " " and term.kind in {"name", "version"}:
                run.append(term)
                continue
            _flush(run, text, found)
            run = [term]
        else:
            _flush(run, text, found)
            run = []
    _flush(run, text, found)
    return tuple(dict.fromkeys(found))


def _flush(run: list[Term], text: str, found: list[str]) -> None:
    if run:
        found.append(text[run[0].start : run[-1].end])


def _entity(term: Term, text: str, *, first: bool) -> bool:
    if term.kind in {"code", "url", "path", "version"}:
        return True
    if (
        term.kind != "name"
        or term.text.lower() in _NOT_ENTITIES
        or term.text[0] >= "\u3400"
        or set(term.text) <= set("YMDHS")
    ):
        return False
    opens = first or text[: term.start].rstrip().endswith((";", ".", ":"))
    return not opens or (term.text.isupper() and len(term.text) > 1)
