"""A store behind the server: the same requests, values and errors, sent over the socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from eider.api.wire import decode, decode_error, encode, table_of
from eider.client.client import Client, ClientError
from eider.model import config
from eider.model.answers import Imported, Listing
from eider.model.errors import InputError, QueuedError
from eider.model.requests import Import, Request
from eider.model.store_paths import folder_of, is_address
from eider.model.table import Table
from eider.model.values import ORIGIN_OF_ROLE, Episode, Memory
from eider.privacy.ingress import Channel
from eider.privacy.redact import redact

if TYPE_CHECKING:
    from eider.model.values import Origin

A = TypeVar("A")


class RemoteBackend:
    """Sends requests to a server, over its socket or https."""

    shared = True

    def __init__(self, client: Client, root: RemoteBackend | None = None) -> None:
        """Take over a client."""
        self.client = client
        self.root = root or self
        """What all views of one open store have in common."""

    def execute(self, request: Request[A]) -> A:
        """Send a request; a write that nobody answers in time is queued and says so in its id.

        Raises:
            QueuedError: A write was queued whose answer is not known before the server has seen it.
            EiderError: Any error of the verb or of the way to the server.
        """
        name = request.verb
        sent = {f.name: getattr(request, f.name) for f in fields(request)}
        sent = {k: encode(v) for k, v in sent.items() if v is not None and not callable(v)}
        if name in ("export", "import_", "publish"):
            sent["path"] = str(Path(sent["path"]).expanduser().absolute())
        try:
            if self.client.url and name in ("export", "import_"):
                return cast("A", self._transferred(name, sent))
            found = self.client.call(name, sent)
        except ClientError as error:
            raise decode_error(error.kind, error.message, error.fields) from None
        if found.get("status") == "queued":
            return cast("A", queued_answer(name, sent, found))
        return answer_of(type(request), found["value"])

    def _transferred(self, name: str, sent: Mapping[str, Any]) -> int | Imported:
        """Export or import where the server's files are not ours: their content travels."""
        from eider.api.file_transfer import download, upload

        if name == "export":
            return download(self.client, sent)
        return answer_of(Import, upload(self.client, sent)["value"])

    def with_channel(self, name: str, max_trust: Origin) -> RemoteBackend:
        """Return a view whose writes get at most `max_trust`, and never more than this one's."""
        channel = Channel(name=self.client.channel, max_trust=cast("Origin", self.client.max_trust))
        narrowed = channel.narrowed(name, max_trust)
        return RemoteBackend(self.client.with_channel(narrowed.name, narrowed.max_trust), self.root)

    def with_timeout(self, seconds: float) -> RemoteBackend:
        """Return a view that waits at most so long for the server."""
        client = self.client.with_channel(self.client.channel, self.client.max_trust)
        client.timeout = min(seconds, client.timeout)
        return RemoteBackend(client, self.root)

    def close(self) -> None:
        """Release the connections; the server goes on."""
        self.client.close()


def connect(
    store: str | Path | None, *, user: str | None, agent: str, layers: Sequence[str | Path], token: str | None,
    about: Mapping[str, object],
) -> RemoteBackend | None:  # fmt: skip
    """The way to a store behind a server; None where this account cannot run one (a read-only home)."""
    url, whole, beneath = _address(store, layers)
    client = Client(
        store=whole, user=user, agent=agent, home_folder=str(config.home()), url=url, token=token, layers=beneath
    )
    said = {"store": whole, "agent": agent, "about": about}
    try:
        if url and token is None:
            from eider.client.tls_link import token_for as found_token

            client.token = found_token(url)
        client.ask("POST", "/v1/server/open", {k: v for k, v in said.items() if v is not None})
    except ClientError as error:
        if error.kind in ("ServerUnreachableError", "ServerBusyError") and not url:
            return RemoteBackend(
                client
            )  # what is written now goes to the spool; what is asked says who does not answer
        client.close()
        if error.kind == "ReadOnlyStoreError" and not url:
            return None
        raise decode_error(error.kind, error.message, error.fields) from None
    return RemoteBackend(client)


def _address(store: str | Path | None, layers: Sequence[str | Path]) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Where the server is (None: here), the store there (None: the one it has set), and the layers beneath it."""
    if not (isinstance(store, str) and is_address(store)):
        return None, str(folder_of(store)), tuple(str(folder_of(path)) for path in layers)
    url, _, name = store.partition("#")
    for layer in layers:
        if config.is_path(layer):
            raise InputError(
                f"layers={str(layer)!r} is a path of this machine; name a store of the remote server's home."
            )
    return url.rstrip("/"), name or None, tuple(map(str, layers))


def answer_of(request: type[Request[A]], value: Any) -> A:
    """Return the answer to a request as the library's value, from its JSON."""
    kind = request.answer_type()
    return request.shown(table_of(value) if kind is Table else decode(value, kind))


def queued_answer(name: str, sent: Mapping[str, Any], found: Mapping[str, Any]) -> Any:
    """What a write answers that waits in the spool: the value as far as it is known, under an id that says so.

    Raises:
        QueuedError: Nothing is known of the answer before the server has seen it; the write is kept all the same.
    """
    if name.endswith("_many"):
        one = name.removesuffix("_many")
        items = [i if isinstance(i, Mapping) else {"text": i} for i in sent["items"]]
        return Listing(_promised(one, {**i, "user": sent["user"]}, f"{found['key']}:{n}") for n, i in enumerate(items))
    if name in ("record", "remember"):
        return _promised(name, sent, str(found["key"]))
    raise QueuedError(name, str(found["key"]), str(found["why"]))


def _promised(name: str, sent: Mapping[str, Any], key: str) -> Episode | Memory:
    now = datetime.now(UTC)
    text, user = str(redact(str(sent["text"]))), str(sent["user"])
    if name == "record":
        role = sent.get("role", "user")
        at = decode(sent["at"], datetime) if sent.get("at") else now
        return Episode(id=f"queued_{key}", text=text, user=user, speaker=sent.get("speaker") or user, role=role, seq=-1,
                       session=sent.get("session") or "", at=at, tz=sent.get("tz") or "UTC", recorded_at=now,
                       origin=ORIGIN_OF_ROLE[role], key=key)  # fmt: skip
    return Memory(id=f"queued_{key}", rev=0, kind=sent.get("kind", "fact"), text=text, user=user, agent="", origin="user",
                  scope=sent.get("scope", "global"), trust=0, valid_from=now, recorded_at=now, key=key)  # fmt: skip


__all__ = ["RemoteBackend", "connect"]
