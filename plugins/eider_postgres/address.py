"""What a `postgresql://` address says: where the server is, and which schema holds the store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from eider.model.errors import InputError

SCHEMES: Final = ("postgresql", "postgres")
DEFAULT_SCHEMA: Final = "eider"
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,47}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One store in one database."""

    conninfo: str
    """What libpq connects by; a password that was passed is in it, so it is never shown."""
    schema: str
    partitions: int
    """Hash partitions of each table by user, for a store that is made; 0 for plain tables."""
    prepare: bool
    """Whether statements may be prepared: not behind a pooler that changes servers between transactions."""
    shown: str
    """Where it is, for people: without user, password and settings."""

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"


def read(address: str) -> Address:
    """Read an address; user, password, host and service may come from libpq's own settings and files.

    >>> read("postgresql://ada@db.example.org/notes?schema=work&sslmode=require").shown
    'postgresql://db.example.org/notes?schema=work'

    Raises:
        InputError: It cannot be read; what it says is not repeated, as a password may be in it.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        given = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise InputError(
            "the address of the database cannot be read; write postgresql://host/database?schema=name."
        ) from None
    if parts.scheme not in SCHEMES:
        raise InputError(f"an address with {parts.scheme}:// is none of PostgreSQL; write postgresql://host/database.")
    schema = given.pop("schema", DEFAULT_SCHEMA)
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise InputError(
            f"schema={schema!r:.80} cannot name a store; take a-z, 0-9 and _, at most 48, no pg_ in front."
        )
    partitions, prepare = given.pop("partitions", "0"), given.pop("prepare", "on")
    if not (partitions.isascii() and partitions.isdecimal() and int(partitions) <= 1024):  # noqa: PLR2004 (a guess)
        raise InputError(f"partitions={partitions!r:.20} is no number up to 1024.")
    if prepare not in ("on", "off"):
        raise InputError(f"prepare={prepare!r:.20} is neither 'on' nor 'off'.")
    for name, value in (("connect_timeout", "2"), ("tcp_user_timeout", "2000"), ("application_name", "eider")):
        given.setdefault(name, value)
    conninfo = f"{SCHEMES[0]}://{parts.netloc}{parts.path}?{urlencode(given)}"
    where = f"{host}{f':{port}' if port else ''}/{unquote(parts.path.lstrip('/'))}"
    if "service" in given:
        where = f"/{unquote(parts.path.lstrip('/'))}?service={given['service']}"
    shown = f"postgresql://{where}{'&' if '?' in where else '?'}schema={schema}"
    return Address(
        conninfo=conninfo, schema=schema, partitions=int(partitions), prepare=prepare == "on", shown=shown
    )  # fmt: skip
