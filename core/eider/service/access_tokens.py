"""Tokens of several people over HTTP: each speaks for one user, with at most the trust it was made with.

On disk lies a hash of each; the token itself is shown once. Making, revoking and refusing are written to `log/tokens.jsonl`.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from eider.api.verbs import VERBS
from eider.model.errors import ConfigError, InputError, TokenError
from eider.model.requests import UserRequest
from eider.model.values import ORIGINS, TRUST, Origin
from eider.service.request_parts import object_in

_TOKEN: Final = re.compile(r"eider_([0-9a-f]{12})_([\w-]{43})")
_FILE: Final = "tokens.json"
_STORE: Final = re.compile(r"[\w.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What is kept of a token."""

    id: str
    user: str
    max_trust: Origin
    store: str | None
    """The only store it opens; None is the one that is set as default."""
    digest: str
    """SHA-256 of the token, which is random."""
    made: str
    note: str = ""


class AccessTokens:
    """The tokens of one home; what another process changes counts at the next request."""

    def __init__(self, home: str) -> None:
        """Read nothing yet."""
        self._folder, self._log = Path(home) / "keys", Path(home) / "log"
        self._lock = threading.Lock()
        self._read_at: tuple[int, int] = (0, 0)
        self._known: dict[str, AccessToken] = {}

    def create(
        self, *, user: str, max_trust: Origin = "agent", store: str | None = None, note: str = ""
    ) -> tuple[str, AccessToken]:
        """Make a token; returns it, which is never shown again, and what is kept of it.

        Raises:
            InputError: The trust or the store cannot be used.
        """
        if max_trust not in ORIGINS:
            raise InputError(f"max_trust={max_trust!r} is unknown; use one of {', '.join(ORIGINS)}.")
        if store is not None and not _STORE.fullmatch(store):
            raise InputError(f"store={store!r} is no name of a store; a token opens one by its name.")
        id_ = secrets.token_hex(6)
        token = f"eider_{id_}_{secrets.token_urlsafe(32)}"
        made = AccessToken(
            id=id_, user=user, max_trust=max_trust, store=store, digest=sha256(token.encode()).hexdigest(),
            made=datetime.now(UTC).isoformat(timespec="seconds"), note=note,
        )  # fmt: skip
        with self._lock:
            self._write({**self._all(), id_: made})
        self._audit("create", made)
        return token, made

    def listed(self) -> list[AccessToken]:
        """Return all tokens, oldest first."""
        with self._lock:
            return sorted(self._all().values(), key=lambda t: (t.made, t.id))

    def revoke(self, id: str) -> AccessToken:  # noqa: A002 (the word users know)
        """Take a token away; it opens nothing from the next request on.

        Raises:
            InputError: There is none of that id.
        """
        with self._lock:
            known = self._all()
            if id not in known:
                raise InputError(f"there is no token {id!r}; list them with eider token list.")
            gone = known.pop(id)
            self._write(known)
        self._audit("revoke", gone)
        return gone

    def find(self, given: str) -> AccessToken | None:
        """Return what is kept of a token; None where it was never made, or was revoked."""
        if (found := _TOKEN.fullmatch(given)) is None:
            return None
        with self._lock:
            kept = self._all().get(found[1])
        if kept is None or not hmac.compare_digest(kept.digest, sha256(given.encode()).hexdigest()):
            self._audit("refuse", kept, id=found[1])
            return None
        return kept

    # ------------------------------------------------------------------

    def _all(self) -> dict[str, AccessToken]:
        """Raise ConfigError where the file cannot be read: nobody comes in then."""
        path = self._folder / _FILE
        try:
            stat = path.stat()
        except FileNotFoundError:
            return {}
        if (mark := (stat.st_mtime_ns, stat.st_ino)) != self._read_at:
            try:
                rows = json.loads(path.read_text("utf-8"))
                self._known = {str(row["id"]): AccessToken(**row) for row in rows}
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise ConfigError(
                    f"{str(path)!r} cannot be read ({type(error).__name__}); remove it and make the tokens anew."
                ) from None
            self._read_at = mark
        return dict(self._known)

    def _write(self, tokens: Mapping[str, AccessToken]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._folder / f"{_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump([asdict(one) for one in tokens.values()], file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / _FILE)

    def _audit(self, what: str, token: AccessToken | None, **more: str) -> None:
        line: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "what": what, **more}
        if token is not None:
            line |= {"id": token.id, "user": token.user, "max_trust": token.max_trust, "store": token.store}
        with suppress(OSError):
            self._log.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(
                os.open(self._log / "tokens.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a"
            ) as file:
                file.write(json.dumps(line) + "\n")


def bound_body(token: AccessToken, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request as a token allows it: of its user, in its store, with at most its trust.

    Raises:
        TokenError: It asks for another user, another store, or for what is not one user's.
    """
    verb = VERBS.get(name)
    if verb is None or not issubclass(verb.request, UserRequest):
        raise TokenError(f"this token speaks for {token.user!r}; {name!r} is for who has the token of the home.")
    request = object_in(body, "request")
    if request.get("user") not in (None, token.user):
        raise TokenError(f"this token speaks for {token.user!r} alone; leave user out, or send that one.")
    if body.get("layers") or body.get("also"):
        raise TokenError("this token opens one store; leave layers out.")
    if body.get("store") not in (None, token.store):
        raise TokenError(
            f"this token opens {'the default store' if token.store is None else repr(token.store)} alone; leave store out."
        )
    claimed = body.get("max_trust") or "agent"
    if claimed not in ORIGINS:
        raise InputError(f"max_trust {claimed!r} is unknown; use one of {', '.join(map(repr, ORIGINS))}.")
    trust = token.max_trust if TRUST[claimed] > TRUST[token.max_trust] or not TRUST[token.max_trust] else claimed
    store = {} if token.store is None else {"store": token.store}
    return {
        **body,
        **store,
        "max_trust": trust,
        "channel": f"http:{token.id}",
        "request": {**request, "user": token.user},
    }
