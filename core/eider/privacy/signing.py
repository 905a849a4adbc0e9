"""Signatures of a home: an export that comes back unchanged is known as one's own.

Ed25519 (RFC 8032) in Python alone: a signature takes 10 ms, and nothing that has to be secret is timed by anybody.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from hashlib import sha512
from typing import Final

from eider.model import config
from eider.model.errors import InputError

_P: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT: Final = pow(2, (_P - 1) // 4, _P)
_SIZE: Final = 32
_PUBLIC: Final = re.compile(r"eider-key-([0-9a-f]{64})")
_FILE: Final = "export.key"
Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, x·y = T/Z."""


def home_key() -> bytes | None:
    """Return the secret key of this home, made at first use; None where it can be neither read nor made."""
    folder = config.home() / "keys"
    path = folder / _FILE
    with suppress(OSError):
        if len(found := path.read_bytes()) == _SIZE:
            return found
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f"{_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_SIZE))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, path)  # the first of two that make it wins
        fresh.unlink()
        return path.read_bytes()
    except OSError:
        return None


def public_key(secret: bytes) -> str:
    """Return the public key of a secret one, as people hand it on."""
    return f"eider-key-{_encoded(_times(_scalar(secret)[0], _BASE)).hex()}"


def check_public_key(text: str) -> str:
    """Return a public key as it is written.

    Raises:
        InputError: It is none.
    """
    if not _PUBLIC.fullmatch(text.strip()):
        raise InputError(f"trust_key={text[:24]!r} is no key; take the one that `eider export` prints: eider-key-….")
    return text.strip()


def sign(secret: bytes, message: bytes) -> str:
    """Return the signature of a message, as hexadecimal text."""
    a, prefix = _scalar(secret)
    public = _encoded(_times(a, _BASE))
    r = int.from_bytes(sha512(prefix + message).digest(), "little") % _ORDER
    head = _encoded(_times(r, _BASE))
    h = int.from_bytes(sha512(head + public + message).digest(), "little") % _ORDER
    return (head + ((r + h * a) % _ORDER).to_bytes(_SIZE, "little")).hex()


def verifies(public: str, message: bytes, signature: str) -> bool:
    """Return whether a signature is that of a public key over a message; False for whatever is none."""
    found = _PUBLIC.fullmatch(public)
    if found is None or re.fullmatch(r"[0-9a-f]{128}", signature) is None:
        return False
    key, raw = bytes.fromhex(found[1]), bytes.fromhex(signature)
    a, r, s = _decoded(key), _decoded(raw[:_SIZE]), int.from_bytes(raw[_SIZE:], "little")
    if a is None or r is None or s >= _ORDER:
        return False
    h = int.from_bytes(sha512(raw[:_SIZE] + key + message).digest(), "little") % _ORDER
    one = _times(s, _BASE)
    other = _sum(r, _times(h, a))
    return (one[0] * other[2] - other[0] * one[2]) % _P == 0 and (one[1] * other[2] - other[1] * one[2]) % _P == 0


def _scalar(secret: bytes) -> tuple[int, bytes]:
    digest = sha512(secret).digest()
    number = int.from_bytes(digest[:_SIZE], "little")
    return number & ((1 << 254) - 8) | (1 << 254), digest[_SIZE:]


def _sum(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c, d = 2 * one[3] * other[3] * _D % _P, 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = _sum(found, point)
        point = _sum(point, point)
        number >>= 1
    return found


def _x_of(y: int, sign_bit: int) -> int | None:
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    if not square:
        return None if sign_bit else 0
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P:
        return None
    return _P - x if x & 1 != sign_bit else x


def _encoded(point: Point) -> bytes:
    inverse = pow(point[2], _P - 2, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(_SIZE, "little")


def _decoded(raw: bytes) -> Point | None:
    number = int.from_bytes(raw, "little")
    y = number & (1 << 255) - 1
    x = _x_of(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % _P)


_Y: Final = 4 * pow(5, _P - 2, _P) % _P
_X: Final = _x_of(_Y, 0) or 0
_BASE: Final[Point] = (_X, _Y, 1, _X * _Y % _P)
