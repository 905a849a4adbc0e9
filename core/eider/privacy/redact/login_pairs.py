"""Finds passwords of pairs of a user and a password, such as `user / password: ada / S3cr3t!`."""

from __future__ import annotations

from eider.privacy.redact.placeholders import compiled, is_placeholder, is_reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

_PAIR_NAMES: Final = ("login", "passw", "kennwort", "contrase", "mot de passe", " pw", "pwd", "cred")
_PAIR: Final = (
    r"(?:user(?:name)?|login|account|benutzer(?:name)?|nutzer|usuario|utilisateur|identifiant|id)\s{0,2}(?:/|&|\+|and|und|et|y)\s{0,2}"
    r"(?:password|passwort|passw|pass|pw|pwd|kennwort|contraseña|mot de passe|mdp)"
)
_PAIR_AFTER: Final = (
    _PAIR
    + r"\s{0,2}(?:[:=]|is|are|ist|lautet|lauten|est|sont|es|son)\s{1,3}[\"'`]?[^\s/\"'`]{1,40}[\"'`]?\s{0,2}(?:/|and|und|et|y)\s{0,2}"
    r"[\"'`]?(?P<value>[^\s\"'`]{4,60})"
)
_PAIR_BEFORE: Final = (
    r"(?<!\S)[^\s/]{1,40}\s?/\s?(?P<value>[^\s/]{4,60})\s(?:is|are|ist|sind|est|sont|es|son)\s(?:(?:the|my|our|die|der|mein|le|la|el)\s)?"
    + _PAIR
)
_LOGIN: Final = r"(?<!\w)(?:login|logins|cred(?:ential)?s?|zugang|zugangsdaten)\s{0,2}[:=]\s{0,3}[^\s/]{1,40}\s{1,2}/\s{1,2}(?P<value>[^\s/]{4,60})"


def pairs(text: str, low: str) -> Iterator[tuple[str, int, int]]:
    """Passwords of pairs: `user / password: ada / S3cr3t!`, `login: ada / hunter2x`, `ada / S3cr3t! is the user / password`."""
    if not any(word in low for word in _PAIR_NAMES):
        return
    for pattern in (_PAIR_AFTER, _PAIR_BEFORE, _LOGIN):
        for match in compiled(pattern).finditer(low):
            start, end = match.span("value")
            value = text[start:end].rstrip(".,;:)")
            telling = any(map(str.isdigit, value)) or any(not c.isalnum() and c not in "-_." for c in value)
            if len(value) > 3 and telling and not is_reference(value) and not is_placeholder(value):  # noqa: PLR2004
                yield "password", start, start + len(value)
