"""Finds passwords that are named in a script without blanks between words: `密码是abc12345`, `パスワードは hunter2x です`.

The secret is written in ASCII there, so it ends where the script goes on.
"""

from __future__ import annotations

from eider.privacy.redact.placeholders import compiled, is_placeholder, is_reference, wordy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

_NAMES: Final = ("密码", "密碼", "口令", "パスワード", "パスコード", "暗証番号", "비밀번호", "암호")
_SAID: Final = (
    rf"(?:{'|'.join(_NAMES)})(?:[^\x00-\x7f：]{{0,8}}?(?:是|为|為|改成|设成|は|を|が|를|을|는|은|이))?\s{{0,2}}[:：=]?\s{{0,2}}"
    r"[\"'`「『“]?(?P<value>[!-~]{4,60})"
)


def passwords(text: str) -> Iterator[tuple[str, int, int]]:
    """Passwords said in Chinese, Japanese or Korean, as (family, start, end)."""
    if not any(name in text for name in _NAMES):
        return
    for match in compiled(_SAID).finditer(text):
        start, end = match.span("value")
        value = text[start:end].rstrip(".,;:)\"'`")
        telling = any(map(str.isdigit, value)) or any(not c.isalnum() and c not in "-_.:/" for c in value)
        if len(value) > 3 and telling and not wordy(value) and not is_reference(value) and not is_placeholder(value):  # noqa: PLR2004
            yield "password", start, start + len(value)
