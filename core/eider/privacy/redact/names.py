"""Names and ids: what tells one row, session, tool call or JSON entry from another is kept as it was given.

Words around a value make it a secret in prose ("token: …"), never in a name: a name that changed would be taken for
another one, and two that became the same would lose what the second one was for. Only what its own format gives
away as a secret is replaced, by a digest that still tells it from others.
Standard library only, `hashlib` and `re` loaded on first use: hooks load this file.
"""

from __future__ import annotations

from eider.privacy.redact import scanner
from eider.privacy.redact.placeholders import compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_GUESSABLE: Final = frozenset(("url-password", "basic-auth"))
"""Families whose secrets a person may have made up: a digest of one could be found by trying."""
_DIGITS: Final = 12
"""Hexadecimal digits of a digest; `scan.marks` knows their number."""


def name_spans(name: str) -> list[tuple[str, int, int]]:
    """Secrets in a name, as (family, start, end): those with a format of their own.

    >>> name_spans("password reset"), name_spans("token: 7"), name_spans("chat:ghp_" + "a1B2c3D4e5" * 3)
    ([], [], [('github-token', 5, 39)])
    """
    return scanner.shaped(name)


def mark_of(family: str, secret: str) -> str:
    """What stands for a secret in a name: its family and, unless it can be guessed, the start of its SHA-256.

    >>> mark_of("github-token", "ghp_" + "a1B2c3D4e5" * 3)
    '[redacted:2aa0b17fcb64:github-token]'
    """
    if family in _GUESSABLE:
        return f"[redacted:{family}]"
    from hashlib import sha256

    return f"[redacted:{sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()[:_DIGITS]}:{family}]"


def names_something(entry: str) -> bool:
    """Whether the value under this entry of a JSON object is an id, a type or another name rather than content.

    >>> [names_something(e) for e in ("tool_call_id", "toolCallId", "type", "created_at", "text", "valid", "password")]
    [True, True, True, True, False, False, False]
    """
    return bool(
        compiled(
            r"(?:.*[_\-. ])?(?i:ids?|uuid|type|kind|role|digest|namespace|scope|session|speaker|timestamp)$"
            r"|.*[a-z](?:Ids?|Type|Kind)$|.*_at$"
        ).match(entry)
    )


def says_secret(entry: str) -> bool:
    """Whether the name of a JSON entry is a sentence or a setting that holds a secret, rather than a name.

    >>> [says_secret(e) for e in ("password=hunter2", "the password is hunter2", "token:a1b2c3d4e5", "password")]
    [True, True, False, False]
    """
    if entry.isalnum():
        return False
    hidden = [(m.start(), m.end()) for m in scanner.marks(entry)]
    return any(
        not any(start < last and first < end for first, last in hidden)
        and (family not in scanner.GENERIC or not entry[:start].rstrip("\"'`").endswith(":"))
        for family, start, end in scanner.spans(entry)
    )
