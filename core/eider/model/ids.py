"""Ids that sort by the time they were made: a prefix and 26 characters of Crockford's base32.

48 bits of milliseconds and 80 random bits, as in a ULID, in lower case: `mem_01k9v3…`. Within a
process ids rise strictly, also within one millisecond and when the clock is set back; between
processes the random bits keep them apart.
"""

from __future__ import annotations

import os
import re
import threading
import time
from typing import Final

from eider.model.errors import InputError

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32: no i, l, o or u, which are misread."""
LENGTH: Final = 26
_RANDOM_BITS: Final = 80
_MAX_MS: Final = 2**48 - 1
"""The year 10889."""
_MAX: Final = 2**128 - 1
_FORM: Final = re.compile(rf"([a-z]+_)([0-7][{ALPHABET}]{{{LENGTH - 1}}})")


class _Sequence:
    """The last id of this process; a forked child starts one of its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last = 0

    def next(self, at_ms: int | None) -> int:
        fresh = int.from_bytes(os.urandom(_RANDOM_BITS // 8), "big")
        if at_ms is not None:
            return at_ms << _RANDOM_BITS | fresh
        now = time.time_ns() // 1_000_000
        with self.lock:
            if now > self.last >> _RANDOM_BITS:
                self.last = now << _RANDOM_BITS | fresh
            else:  # a random step keeps later ids of one millisecond as hard to guess as the first
                self.last = min(self.last + 1 + (fresh >> 16), _MAX)
            return self.last


_sequence = _Sequence()


def _start_anew() -> None:
    """Give a forked child its own lock, which a thread of the parent may hold, and its own sequence."""
    global _sequence  # noqa: PLW0603 (one sequence per process is the point)
    _sequence = _Sequence()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)


def new_id(prefix: str, at_ms: int | None = None) -> str:
    """Make an id that sorts after every id this process made before.

    Args:
        prefix: "ep_", "mem_" or "evt_"; lower-case letters and an underscore.
        at_ms: Milliseconds since 1970 to make it for, 0 to 2^48 - 1; such ids sort by it, in no order
            within one millisecond. None: now.

    Raises:
        InputError: The prefix or the time cannot be used.

    >>> new_id("mem_", 1_700_000_000_000)[:14]
    'mem_01hf7yat00'
    """
    if not re.fullmatch(r"[a-z]+_", prefix):
        raise InputError(f"id prefix {prefix!r} is not lower-case letters and an underscore; use for example 'mem_'.")
    if at_ms is not None and not 0 <= at_ms <= _MAX_MS:
        raise InputError(f"at_ms='{at_ms}' is not within 0 and {_MAX_MS}; pass milliseconds since 1970.")
    number = _sequence.next(at_ms)
    return prefix + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_id(text: object, prefix: str) -> bool:
    """Whether a text has the form of an id with this prefix.

    >>> is_id(new_id("ep_"), "ep_"), is_id("ep_1", "ep_"), is_id(new_id("mem_"), "ep_")
    (True, False, False)
    """
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    return match is not None and match[1] == prefix


def made_at(text: str) -> int:
    """Milliseconds since 1970 an id was made at.

    Raises:
        InputError: It is not an id.

    >>> made_at(new_id("evt_", 1_700_000_000_000))
    1700000000000
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is not an id; ids look like {new_id('mem_', 0)!r}.")
    number = 0
    for character in match[2]:
        number = number << 5 | ALPHABET.index(character)
    return number >> _RANDOM_BITS
