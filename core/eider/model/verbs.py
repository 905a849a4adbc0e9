"""The verbs as a table: each is one frozen request value and one handler (`eider.api.handlers`).

Façade, async front, command line, client and HTTP routes are thin forms over this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eider.model.requests import (
    EXPORT_FORMATS,
    Consolidate,
    Correct,
    Deactivate,
    DiffOf,
    Drain,
    Events,
    Export,
    ExportFormat,
    Filters,
    Forget,
    ForgetUser,
    HealthOf,
    History,
    Import,
    Inject,
    Named,
    Pin,
    Publish,
    Rebuild,
    Recall,
    Record,
    RecordMany,
    Reinforce,
    Remember,
    RememberMany,
    Request,
    Search,
    Sql,
    Undo,
    Unpin,
    Verify,
    When,
    WhyOf,
)
from eider.model.requests_learning import (
    CloseLoop,
    ConsolidateScopes,
    Direct,
    Exceeded,
    Inbox,
    LearnedOf,
    Observe,
    OpenLoop,
    PolicyFor,
    ResetLearned,
    Scopes,
    SetOutcome,
    Settle,
)

__all__ = [
    "EXPORT_FORMATS",
    "VERBS",
    "CloseLoop",
    "Consolidate",
    "ConsolidateScopes",
    "Correct",
    "Deactivate",
    "DiffOf",
    "Direct",
    "Drain",
    "Events",
    "Exceeded",
    "Export",
    "ExportFormat",
    "Filters",
    "Forget",
    "ForgetUser",
    "HealthOf",
    "History",
    "Import",
    "Inbox",
    "Inject",
    "LearnedOf",
    "Named",
    "Observe",
    "OpenLoop",
    "Pin",
    "PolicyFor",
    "Publish",
    "Rebuild",
    "Recall",
    "Record",
    "RecordMany",
    "Reinforce",
    "Remember",
    "RememberMany",
    "Request",
    "ResetLearned",
    "Scopes",
    "Search",
    "SetOutcome",
    "Settle",
    "Sql",
    "Undo",
    "Unpin",
    "Verb",
    "Verify",
    "When",
    "WhyOf",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One row of the table."""

    name: str
    request: type
    writes: bool


VERBS: Final[Mapping[str, Verb]] = {
    verb.name: verb
    for verb in (
        Verb(name="record", request=Record, writes=True),
        Verb(name="record_many", request=RecordMany, writes=True),
        Verb(name="remember", request=Remember, writes=True),
        Verb(name="remember_many", request=RememberMany, writes=True),
        Verb(name="observe", request=Observe, writes=True),
        Verb(name="direct", request=Direct, writes=True),
        Verb(name="policy", request=PolicyFor, writes=False),
        Verb(name="scopes", request=Scopes, writes=False),
        Verb(name="consolidate_scopes", request=ConsolidateScopes, writes=True),
        Verb(name="inbox", request=Inbox, writes=False),
        Verb(name="settle", request=Settle, writes=True),
        Verb(name="open_loop", request=OpenLoop, writes=True),
        Verb(name="set_outcome", request=SetOutcome, writes=True),
        Verb(name="close_loop", request=CloseLoop, writes=True),
        Verb(name="learned", request=LearnedOf, writes=False),
        Verb(name="reset_learned", request=ResetLearned, writes=True),
        Verb(name="recall", request=Recall, writes=False),
        Verb(name="inject", request=Inject, writes=False),
        Verb(name="search", request=Search, writes=False),
        Verb(name="correct", request=Correct, writes=True),
        Verb(name="deactivate", request=Deactivate, writes=True),
        Verb(name="reinforce", request=Reinforce, writes=True),
        Verb(name="pin", request=Pin, writes=True),
        Verb(name="unpin", request=Unpin, writes=True),
        Verb(name="forget", request=Forget, writes=True),
        Verb(name="forget_user", request=ForgetUser, writes=True),
        Verb(name="history", request=History, writes=False),
        Verb(name="events", request=Events, writes=False),
        Verb(name="health", request=HealthOf, writes=False),
        Verb(name="diff", request=DiffOf, writes=False),
        Verb(name="why", request=WhyOf, writes=False),
        Verb(name="undo", request=Undo, writes=True),
        Verb(name="consolidate", request=Consolidate, writes=True),
        Verb(name="drain", request=Drain, writes=False),
        Verb(name="export", request=Export, writes=False),
        Verb(name="import_", request=Import, writes=True),
        Verb(name="sql", request=Sql, writes=False),
        Verb(name="verify", request=Verify, writes=False),
        Verb(name="rebuild", request=Rebuild, writes=False),
        Verb(name="publish", request=Publish, writes=False),
    )
}
