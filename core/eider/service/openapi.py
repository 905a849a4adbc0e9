"""The HTTP API as an OpenAPI 3.1 document, made from the table of verbs: for hosts in other languages."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from eider.api.upload import FILE, FOLDER, MAX_UPLOAD, REQUEST, ROWS
from eider.api.verbs import VERBS
from eider.client.client import PROTOCOL, SPOOLED_VERBS, VERSION, WRITES
from eider.model import errors
from eider.model.errors import EiderError
from eider.model.values import ORIGINS
from eider.service.http_app import BODY_SECONDS, MAX_BODY, UPLOADS, status_of
from eider.service.json_schema import Schema, Schemas
from eider.service.openapi_routes import routes

_ABOUT: Final = f"""\
Memory for agents, held by one process for all programs of an account.

**Where.** On a Unix socket (`run/owner.sock` below `EIDER_HOME`) whoever may open it is let in. Over TCP every request
carries `Authorization: Bearer` with what `run/token` holds, names a host that the server answers to, and carries no
`Origin`: web pages are not answered. Port and process are in `run/owner.json`.

**How.** `POST /v1/<verb>` with a JSON object: `request` holds the verb's own fields, the others say which store is meant
and who asks. An answer is `{{"status": …, "value": …}}`: `stored` when a write is durable and can be recalled, `ok` when
something was read. Instants are ISO 8601; those that are answered are in UTC.

**Once.** {", ".join(f"`{name}`" for name in SPOOLED_VERBS if name in VERBS)} take a `key`: sent again with the same key they happen once.
Derive it from where something was said (host, session, message), not from what was said. A bulk
write has a key of its own, which is that of the whole. Other verbs that write are not to be repeated without looking.

**Errors** are `{{"error": {{"kind": …, "message": …, "fields": …}}}}` with a status that fits; the message says what to do.
503 means: come again. `Eider-Deadline` (milliseconds) drops a request that waited longer for its turn.

**Trust.** `max_trust` is the most that what enters may claim; `user` is for what a person typed, everything an agent or
tool wrote needs a lower one. `channel` is noted in the event log.

**Limits.** {MAX_BODY // 2**20} MiB a request, {MAX_UPLOAD // 2**30} GiB an imported file ({UPLOADS} at a time), {BODY_SECONDS:.0f} s for a body to arrive.

Over TCP paths of the server's machine are refused: `export` answers with the file itself, `import_` takes the file as its
body and the request in the header `Eider-Request`, `publish` is left to the machine itself.
"""
_ENVELOPE: Final[Mapping[str, Schema]] = {
    "store": {"type": "string", "description": "Name of a store; by default the one that is set."},
    "agent": {"type": "string", "description": "Name of the agent that learns."},
    "channel": {"type": "string", "description": "What is asking, for the event log.", "default": "http"},
    "max_trust": {"enum": list(ORIGINS), "description": "The most that what enters may claim.", "default": "agent"},
    "layers": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Published snapshots recalled beneath the store.",
    },
    "tz": {
        "type": "string",
        "description": 'The caller\'s time zone, such as Europe/Berlin; "yesterday" is read in it.',
    },
}
_TABLE: Final[Schema] = {
    "type": "object", "required": ["arrow", "truncated"],
    "properties": {
        "arrow": {"type": "string", "contentEncoding": "base64", "description": "The rows as an Arrow IPC stream."},
        "truncated": {"type": "boolean", "description": "Whether rows beyond the cap were left out."},
    },
}  # fmt: skip


def served() -> tuple[str, str]:
    """Media type and document."""
    return "application/json", text()


@lru_cache(maxsize=1)
def text() -> str:
    """The document; the same bytes for the same version."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


def document() -> Schema:
    """The document as a value."""
    schemas = Schemas(asked=frozenset(verb.request.__module__ for verb in VERBS.values()))
    paths: Schema = {f"/v1/{name}": {"post": _operation(name, schemas)} for name in VERBS}
    paths |= {
        **{f"/v1/{name}": {"post": _beside(name, *route)} for name, route in routes(schemas).items()},
        "/metrics": {"get": _plain("metrics", "Figures for Prometheus, without content.", "text/plain")},
        "/openapi.json": {"get": _plain("openapi", "This document.", "application/json")},
    }
    kinds = sorted({kind.__name__ for kind in _every(EiderError)})
    inner = {
        "kind": {"enum": kinds}, "message": {"type": "string", "description": "Names the value and the fix."},
        "fields": {"type": "object", "description": "The values of the error, by name."},
    }  # fmt: skip
    wrapped = {"type": "object", "required": list(inner), "properties": inner}
    error = {"type": "object", "required": ["error"], "properties": {"error": wrapped}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Eider", "version": VERSION, "summary": "Persistent memory for AI agents.", "description": _ABOUT,
                 "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}, "x-protocol": PROTOCOL},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {}],
        "tags": [{"name": "writes"}, {"name": "reads"}, {"name": "server"}, {"name": "jobs"}, {"name": "backup"}, {"name": "hooks"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "Over TCP; none on the socket."}},
            "schemas": {**dict(sorted(schemas.named.items())), "Error": error},
            "responses": dict(_responses()),
        },
    }  # fmt: skip


def _operation(name: str, schemas: Schemas) -> Schema:
    verb = VERBS[name]
    value = _TABLE if name == "sql" else schemas.of(verb.request.answer_type())
    said = inspect.getdoc(verb.request) or ""
    status = "stored" if name in WRITES else "ok"
    answer = {
        "type": "object",
        "required": ["status", "value"],
        "properties": {"status": {"const": status}, "value": value},
    }
    operation: Schema = {
        "operationId": name, "tags": ["writes" if verb.writes else "reads"], "summary": said.splitlines()[0],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _envelope(schemas.of(verb.request))}}},
        "responses": {"200": {"description": "Done.", "content": {"application/json": {"schema": answer}}}},
    }  # fmt: skip
    operation["responses"] |= {str(s): {"$ref": f"#/components/responses/{s}"} for s in sorted(_kinds())}
    if name == "export":
        _by_file(operation["responses"]["200"]["content"])
        operation["responses"]["200"]["headers"] = {
            ROWS.title(): {"schema": {"type": "integer"}, "description": "Rows of the file, where the answer is one."}
        }
    if name == "import_":
        _by_file(operation["requestBody"]["content"])
        said = "The request, as ASCII JSON, where the body is the file."
        operation["parameters"] = [
            {"name": REQUEST.title(), "in": "header", "schema": {"type": "string"}, "description": said}
        ]
    return operation


def _by_file(content: Schema) -> None:
    content |= {media: {"schema": {"type": "string", "format": "binary"}} for media in (FILE, FOLDER)}


def _envelope(request: Schema) -> Schema:
    return {
        "type": "object", "required": ["request"], "properties": {"request": request, **_ENVELOPE},
        "additionalProperties": False,
    }  # fmt: skip


def _beside(name: str, summary: str, asked: Mapping[str, Schema], answered: Mapping[str, Schema]) -> Schema:
    """A route that is no verb: its fields are the body itself, its answer has no status."""
    sent = {"type": "object", "properties": dict(asked)}
    told = {"type": "object", "required": list(answered), "properties": dict(answered)}
    operation: Schema = {
        "operationId": name.replace("/", "_").strip("_{}"), "tags": [name.partition("/")[0]], "summary": summary,
        "requestBody": {"content": {"application/json": {"schema": sent}}},
        "responses": {"200": {"description": "Done.", "content": {"application/json": {"schema": told}}}},
    }  # fmt: skip
    operation["responses"] |= {str(s): {"$ref": f"#/components/responses/{s}"} for s in sorted(_kinds())}
    if named := re.findall(r"{(\w+)}", name):
        operation["parameters"] = [
            {"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in named
        ]
    return operation


def _plain(name: str, summary: str, media: str) -> Schema:
    schema = {"type": "object"} if media == "application/json" else {"type": "string"}
    ok = {"description": "Done.", "content": {media: {"schema": schema}}}
    return {"operationId": name, "tags": ["server"], "summary": summary, "responses": {"200": ok}}


# ---------------------------------------------------------------------- errors


def _responses() -> Iterator[tuple[str, Schema]]:
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for status, kinds in sorted(_kinds().items()):
        yield str(status), {"description": f"{', '.join(kinds)}.", "content": body}


@lru_cache(maxsize=1)
def _kinds() -> Mapping[int, list[str]]:
    """Status → the errors that are told with it."""
    found: dict[int, list[str]] = {}
    for kind in _every(EiderError):
        found.setdefault(status_of(kind.__new__(kind)), []).append(kind.__name__)
    return {status: sorted(set(names)) for status, names in found.items()}


def _every(kind: type[EiderError]) -> Iterator[type[EiderError]]:
    if kind.__module__ == errors.__name__:
        yield kind
        for below in kind.__subclasses__():
            yield from _every(below)
