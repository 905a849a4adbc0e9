"""One text that names everything that moves a vector."""

from __future__ import annotations

from hashlib import blake2b


def fingerprint(
    name: str, width: int, *, pooling: str, normalised: bool = True, prefixes: tuple[str, str] = ("", ""),
    dtype: str = "float32",
) -> str:  # fmt: skip
    """Return the fingerprint of an embedder.

    Args:
        name: `provider:model`.
        width: Length of a vector.
        pooling: How a text's tokens become one vector, with a version where it is ours.
        normalised: Whether vectors have length 1.
        prefixes: What is written before a statement, and before a question.
        dtype: Precision of what computes them.

    >>> fingerprint("openai:text-embedding-3-small", 1536, pooling="service")
    'openai:text-embedding-3-small-1536/service/unit/float32'
    """
    said = blake2b("\x00".join(prefixes).encode(), digest_size=4).hexdigest() if any(prefixes) else ""
    parts = [f"{name}-{width}", pooling, "unit" if normalised else "raw", dtype, *([f"prefix {said}"] if said else [])]
    return "/".join(parts)
