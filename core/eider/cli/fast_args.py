"""Parses the arguments of the fast path; anything unusual is left to click.

Only what is beyond doubt is read: a mistake, a word that is not in these tables, or a value that might be refused is
left to the command, which explains it. A test holds the tables against the commands.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    Option = tuple[str, object]
    """The field it fills, and what it takes: TEXT, MANY, FLAG, words to choose from, or bounds of a whole number."""

TEXT, MANY, FLAG = "text", "many", "flag"
KINDS: Final = ("fact", "preference", "rule", "decision", "insight", "context")
ROLES: Final = ("user", "agent", "other")
ORIGINS: Final = ("user", "agent", "import", "tool", "document")
"""As in `eider.model.values`, which costs more to import than the answer; a test compares them."""
INTENTS: Final = ("why", "when", "entity")
STATUSES: Final = ("current", "superseded", "expired", "inbox", "quarantined", "erased")
_LIMIT: Final = ("--limit", "-n")

GLOBALS: Final[Mapping[str, Option]] = {
    "--store": ("store", TEXT), "--user": ("user", TEXT), "--json": ("json", FLAG), "--as-agent": ("as_agent", FLAG),
}  # fmt: skip
_FILTERS: Final[Mapping[str, Option]] = {
    "--scope": ("scopes", MANY), "--kind": ("kinds", (MANY, *KINDS, "episode")), "--origin": ("origins", (MANY, *ORIGINS)),
    "--since": ("since", TEXT), "--until": ("until", TEXT), "--as-of": ("as_of", TEXT), "--session": ("session", TEXT),
    "--tz": ("tz", TEXT),
}  # fmt: skip
VERBS: Final[Mapping[str, tuple[str, int, Mapping[str, Option]]]] = {
    "recall": ("query", 1_000_000, {
        **_FILTERS, **dict.fromkeys(_LIMIT, ("limit", (1, 10_000))), "--known-at": ("known_at", TEXT),
        "--budget": ("budget", (1, 1_000_000)), "--brief": ("brief", FLAG), "--intent": ("intent", INTENTS),
    }),
    "search": ("text", 1_000_000, {
        **_FILTERS, **dict.fromkeys(_LIMIT, ("limit", (1, 10_000))), "--offset": ("offset", (0, 10_000_000)),
        "--status": ("status", STATUSES),
    }),
    "inject": ("prompt", 1_000_000, {
        "--scope": ("scopes", MANY), "--session": ("session", TEXT), "--budget": ("budget", (1, 100_000)),
    }),
    "record": ("text", 1_000_000, {
        "--speaker": ("speaker", TEXT), "--role": ("role", ROLES), "--session": ("session", TEXT), "--at": ("at", TEXT),
        "--tz": ("tz", TEXT), "--key": ("key", TEXT),
    }),
    "remember": ("text", 20_000, {
        "--kind": ("kind", KINDS), "--scope": ("scope", TEXT), "--importance": ("importance", (1, 5)),
        "--valid-from": ("valid_from", TEXT), "--valid-to": ("valid_to", TEXT), "--pinned": ("pinned", FLAG),
        "--key": ("key", TEXT),
    }),
}  # fmt: skip
"""Verb → (the field its words fill, the most characters of it, its options)."""
MAX_NAME: Final = 256
"""As in `eider.model.validation`: a longer value is refused there."""
_DIGITS: Final = 8


def parse(args: Sequence[str]) -> tuple[str, dict[str, Any], str] | None:
    """Parse a command line into verb, options and text; return None for anything unusual.

    >>> parse(["recall", "--limit", "3", "snake", "case", "--json"])
    ('recall', {'limit': 3, 'json': True}, 'snake case')
    """
    verb = ""
    known: Mapping[str, Option] = GLOBALS
    said: dict[str, Any] = {}
    words: list[str] = []
    left = list(reversed(args))
    while left:
        arg = left.pop()
        if arg == "--" and verb:
            words += reversed(left)
            break
        if arg.startswith("-"):
            if not _read_option(arg, left, known, said):
                return None
        elif verb:
            words.append(arg)
        elif arg in VERBS:
            verb, known = arg, {**GLOBALS, **VERBS[arg][2]}
        else:
            return None
    text = " ".join(words)
    return (verb, said, text) if verb and words != ["-"] and _is_valid_text(text, verb) else None


def _read_option(arg: str, left: list[str], known: Mapping[str, Option], said: dict[str, Any]) -> bool:
    """Read one option and its value from the remaining arguments; return False if click has to decide."""
    name, equals, value = arg.partition("=")
    if name not in known or (equals and not name.startswith("--")):
        return False
    field, takes = known[name]
    if takes == FLAG:
        said[field] = True
        return not equals
    if not equals:
        value = left.pop() if left else ""
    return _store_value(said, field, takes, value)


def _store_value(said: dict[str, Any], field: str, takes: Any, value: str) -> bool:
    """Store an option's value; return False if click has to decide."""
    if not value.strip() or value.startswith("-") or len(value) > MAX_NAME or not value.isprintable():
        return False
    if value == "project" and field in ("scope", "scopes"):  # the command knows which
        return False
    if takes == MANY or takes[0] == MANY:
        said.setdefault(field, []).append(value)
        return takes == MANY or value in takes[1:]
    if isinstance(takes[0], int):
        if not (value.isascii() and value.isdigit() and len(value) <= _DIGITS):
            return False
        said[field] = int(value)
        return takes[0] <= said[field] <= takes[1]
    said[field] = value
    return takes == TEXT or value in takes


def _is_valid_text(text: str, verb: str) -> bool:
    if not text.strip() or len(text) > VERBS[verb][1]:
        return verb == "search" and not text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
