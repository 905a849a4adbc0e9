"""Makes what hosts send storable: characters no database keeps, and pictures and files too large for a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final, cast

MAX_ATTACHMENT: Final = 16_000
"""Characters of a picture, recording or file that is kept within its message. A guess."""
_LEAST: Final = 200
"""Characters of base64 below which a text is taken as a text."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_DATA_URI: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)?[^,]{0,200};base64,")
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/_-]{40,}+\s*+)++[A-Za-z0-9+/_-]*+={0,2}\s*")
"""Base64 with or without line ends; possessive, so that it fails in linear time."""
_KIND: Final = ("type", "kind", "block_type")
"""Entries by which frameworks say what a part of a message is."""
_MEDIA: Final = re.compile(r"mime|media_type|^format$")


def storable_text(text: str) -> str:
    r"""Return a text that every database and encoding can hold.

    Halves of an emoji that belong together are joined, lone ones and NUL become U+FFFD.

    >>> storable_text("half \ud83d, a pair \ud83d\ude00, a NUL \x00")
    'half �, a pair 😀, a NUL �'
    """
    if _UNSTORABLE.search(text) is None:
        return text
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.replace("\x00", "\ufffd")


def repaired_tree(value: Any) -> Any:
    """Return JSON with each of its strings repaired, names of entries too."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, Mapping):
        known = cast("Mapping[Any, Any]", value)
        return {storable_text(n) if isinstance(n, str) else n: repaired_tree(v) for n, v in known.items()}
    if isinstance(value, (list, tuple)):
        return [repaired_tree(one) for one in cast("list[Any]", value)]
    return value


def with_references(value: Any, stands_for: Callable[[Mapping[str, Any]], Any], most: int = MAX_ATTACHMENT) -> Any:
    """Return JSON of a message in which large pictures, recordings and files are replaced by references to them.

    Args:
        value: The message, or a part of it.
        stands_for: Makes what stands instead from `{"kind", "media_type", "bytes", "sha256"}`.
        most: Characters that an attachment may have to be kept as it is.
    """
    if isinstance(value, (list, tuple)):
        return [with_references(one, stands_for, most) for one in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    known = cast("Mapping[str, Any]", value)
    if (kind := next((known[name] for name in _KIND if isinstance(known.get(name), str)), None)) is not None:
        found = _attachment(known, "", depth=2)
        if found is not None and len(found[0]) > most:
            data, media = found
            body = data[match.end() :] if (match := _DATA_URI.match(data)) else data
            return stands_for({
                "kind": kind, "media_type": media or (match and match[1]) or "", "bytes": len(body.rstrip("=\n")) * 3 // 4,
                "sha256": sha256(body.encode("utf-8", "replace")).hexdigest(),
            })  # fmt: skip
    return {name: with_references(part, stands_for, most) for name, part in known.items()}


def cut_texts(value: Any, most: int = 2_000) -> Any:
    """Return JSON whose texts are cut to so many characters, with a note of what is missing."""
    if isinstance(value, Mapping):
        return {name: cut_texts(part, most) for name, part in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [cut_texts(part, most) for part in cast("list[Any]", value)]
    cut = isinstance(value, str) and len(value) > most + 40
    return f"{value[:most]}… [{len(value) - most:,} more characters]" if cut else value


def reference_text(about: Mapping[str, Any]) -> str:
    """Return a reference to an attachment as words.

    >>> reference_text({"kind": "image", "media_type": "image/png", "bytes": 150_000, "sha256": "ab12" * 16})
    '[image/png, 150,000 bytes, sha256 ab12ab12ab12, not kept]'
    """
    return (
        f"[{about['media_type'] or about['kind']}, {about['bytes']:,} bytes, sha256 {about['sha256'][:12]}, not kept]"
    )


def _attachment(part: Mapping[str, Any], media: str, depth: int) -> tuple[str, str] | None:
    """The base64 data of a part of a message, and its media type; None where it carries none."""
    media = next((v for n, v in part.items() if _MEDIA.search(n) and isinstance(v, str)), media)
    found: tuple[str, str] | None = None
    for name, value in part.items():
        if isinstance(value, str) and len(value) > _LEAST:
            if _DATA_URI.match(value) or (name not in ("text", "content") and _BASE64.fullmatch(value)):
                return value, media
        elif isinstance(value, Mapping) and depth and found is None:
            found = _attachment(cast("Mapping[str, Any]", value), media, depth - 1)
    return found
