"""What a `postgresql://` address says: where the server is, and which schema holds the store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from eider.model.errors import InputError

SCHEMES: Final = ("postgresql", "postgres")
DEFAULT_SCHEMA: Final = "eider"
_UNREADABLE: Final = (
    "the address of the database cannot be read; write postgresql://host/database?schema=name, and in a password %40, %2F, %3F, "
    "%23 and %25 for @ / ? # and %."
)
"""Says nothing of what was passed, as a password may be in it."""
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
        port, there = parts.port, parts.netloc.rpartition("@")[2]
        host = unquote(there.partition("]")[0][1:] if there.startswith("[") else there.partition(":")[0])
        given = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise InputError(_UNREADABLE) from None
    if parts.fragment or "@" in parts.path or ("@" in parts.query and "@" not in parts.netloc and "user" not in given):
        raise InputError(_UNREADABLE)  # the password goes on behind what looks like its end
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
    database = unquote(parts.path.lstrip("/"))
    own = {"host": host, "port": str(port or ""), "user": unquote(parts.username or ""), "password": unquote(parts.password or ""),
           "dbname": database}  # fmt: skip
    try:  # libpq repeats what it cannot read of an address, which may be a password; of settings it names the name alone
        conninfo = make_conninfo(**{name: value for name, value in own.items() if value} | given)
    except psycopg.ProgrammingError:
        unknown = sorted(set(given) - {option.keyword.decode() for option in Conninfo.get_defaults()})
        raise InputError(
            f"libpq knows no setting {', '.join(map(repr, unknown))}; write postgresql://host/database?schema=name&setting=value."
            if unknown
            else _UNREADABLE
        ) from None
    where = f"{host}{f':{port}' if port else ''}/{database}"
    if "service" in given:
        where = f"/{database}?service={given['service']}"
    shown = f"postgresql://{where}{'&' if '?' in where else '?'}schema={schema}"
    return Address(
        conninfo=conninfo, schema=schema, partitions=int(partitions), prepare=prepare == "on", shown=shown
    )  # fmt: skip
