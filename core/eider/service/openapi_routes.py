"""The routes beside the verbs, for the OpenAPI document: the server itself, its background work, its backups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from eider.service.doctor.report import Finding
from eider.service.spool_drain import SpoolReport
from eider.store.catalog import Overview
from eider.store.job import STATES, Batch, Job

if TYPE_CHECKING:
    from eider.service.json_schema import Schema, Schemas

_TEXT: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer"}
_FLAG: Final[Schema] = {"type": "boolean"}
_NAMES: Final[Schema] = {"type": "array", "items": _TEXT}
_KEEP: Final[Schema] = {
    "type": "object", "additionalProperties": False, "description": "How many of the newest of each day, week and month stay.",
    "properties": {name: {"type": "integer", "minimum": 0, "maximum": 10_000} for name in ("daily", "weekly", "monthly")},
}  # fmt: skip
_IDS: Final[Schema] = {"type": "array", "items": _NUMBER, "description": "Jobs by their number."}
_STATE: Final[Schema] = {"enum": list(STATES)}
_STORE: Final[Schema] = {"type": "string", "description": "Name of a store; by default the one that is set."}

Route = tuple[str, Mapping[str, "Schema"], Mapping[str, "Schema"]]
"""Summary, what may be sent, what is answered."""


def routes(schemas: Schemas) -> Mapping[str, Route]:
    """Every such route below `/v1/`."""
    jobs: Schema = {"type": "array", "items": schemas.of(Job)}
    counts: Schema = {"type": "object", "additionalProperties": _NUMBER}
    backup: dict[str, Schema] = {
        "name": _TEXT, "path": _TEXT, "store": _TEXT, "made_at": {"type": "string", "format": "date-time"},
        "bytes": _NUMBER, "users": _NUMBER, "events": _NUMBER, "verified": _FLAG,
        "verified_at": {"type": ["string", "null"], "format": "date-time"}, "findings": _NAMES,
    }  # fmt: skip
    return {
        "server/status": ("Who the server is and what it holds open.", {}, {
            "pid": _NUMBER, "version": _TEXT, "protocol": _NUMBER, "home": _TEXT, "started": {"type": "number"},
            "uptime": {"type": "number"}, "stores": _NAMES, "paused": {"type": "object"}, "jobs": counts,
            "spool_bytes": _NUMBER, "rss_bytes": _NUMBER, "hooks": {"type": "object"}, "trouble": _NAMES,
        }),
        "server/stop": ("End the server, once what is under way is answered.", {"why": _TEXT}, {"stopping": _FLAG, "pid": _NUMBER}),
        "server/open": ("Open a store and note what its agent says of itself.", {
            "store": _STORE, "agent": _TEXT, "about": {"type": "object"},
        }, {"folder": _TEXT, "read_only": _FLAG}),
        "server/release": ("Close a store, so that another process may open it; false where it is in use, or was not open.",
                          {"store": _STORE}, {"released": _FLAG}),
        "server/drain": ("Carry out what waits in the spool.", {}, _fields(schemas, SpoolReport)),
        "server/count": ("What a store holds.", {"store": _STORE}, _fields(schemas, Overview)),
        "server/examine": ("What the doctor finds in a store.", {
            "store": _STORE, "name": _TEXT, "fix": _FLAG, "deep": _FLAG, "show": _FLAG,
        }, {"findings": {"type": "array", "items": schemas.of(Finding)}, "checks": _NUMBER}),
        "jobs/list": ("Background work, newest first.", {
            "store": _STORE, "state": _STATE, "batch": _TEXT, "limit": {"type": "integer", "minimum": 0},
        }, {"jobs": jobs, "counts": counts, "batches": {"type": "array", "items": schemas.of(Batch)}, "paused": _FLAG}),
        "jobs/show": ("The jobs that are named.", {"store": _STORE, "ids": _IDS}, {"jobs": jobs}),
        "jobs/retry": ("Let jobs begin from the start; without ids all that are dead.", {"store": _STORE, "ids": _IDS},
                       {"jobs": jobs}),
        "jobs/run": ("Let jobs run now; without ids all that wait.", {"store": _STORE, "ids": _IDS}, {"jobs": jobs}),
        "jobs/purge": ("Take jobs out: the named ones, or those of one state.", {
            "store": _STORE, "ids": _IDS, "state": _STATE, "before": _TEXT, "tz": _TEXT,
        }, {"purged": _NUMBER}),
        "backup/run": ("Back a store up, verify that, and rotate where a rule is given.", {
            "store": _STORE, "to": {"type": "string", "description": "Whole path of a directory; on the socket only."},
            "export": {"enum": ["jsonl", "parquet", None], "description": "Each user's rows in this format as well."}, "keep": _KEEP,
        }, {**backup, "removed": _NAMES, "seconds": {"type": "number"}}),
        "backup/prune": ("Remove backups by a rule, and those that hold what was forgotten.", {
            "store": _STORE, "keep": _KEEP, "before_forget": _FLAG, "dry_run": _FLAG,
        }, {"removed": _NAMES, "left": _NAMES, "holding": _NAMES}),
        "hooks/hello": ("Prove to hold the hook token, which is not sent to ask.", {
            "nonce": {"type": "string", "description": "Anything new, of at most 128 characters."},
        }, {"proof": {"type": "string", "description": "HMAC-SHA256; empty where no hook port is reserved."}}),
        "hooks/{host}": ("What a host's hook says, in the host's own words; answered in time, with nothing if need be.", {}, {}),
    }  # fmt: skip


def _fields(schemas: Schemas, kind: type) -> Mapping[str, Schema]:
    schemas.of(kind)
    return schemas.named.pop(kind.__name__)["properties"]
