"""All verbs, one on a line: the request, the function that answers it, and whether it writes.

A request names its answer by its type (`class Record(UserRequest[Episode])`), and pyright holds the function to it.
From `Eider.record` the way is: the request `Record`, its line here, the function `record`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar, cast

from eider.api.scores import inject, recall, search
from eider.guide.policy import policy
from eider.learn.imported import import_, import_lines
from eider.learn.inbox import inbox, settle
from eider.learn.loops import close_loop, learned, open_loop, reset_learned, set_outcome
from eider.learn.observe import observe
from eider.learn.observe_many import observe_many
from eider.learn.remember import add_rules, remember, remember_many
from eider.learn.scopes import consolidate_scopes, scopes
from eider.model.requests import (
    Consolidate,
    Correct,
    Deactivate,
    Drain,
    Export,
    Forget,
    ForgetMany,
    ForgetUser,
    Import,
    ImportLines,
    Pin,
    Publish,
    Rebuild,
    Record,
    RecordMany,
    Reinforce,
    Remember,
    RememberMany,
    Request,
    Undo,
    Unpin,
    Verify,
)
from eider.model.requests_embedder import EmbedderState, SwapEmbedder
from eider.model.requests_learning import (
    AddRules,
    CloseLoop,
    ConsolidateScopes,
    Inbox,
    LearnedOf,
    Observe,
    ObserveMany,
    OpenLoop,
    PolicyFor,
    ResetLearned,
    Scopes,
    SetOutcome,
    Settle,
)
from eider.model.requests_links import LinkTogether, RebuildLinks, RelatedTo, Unlink
from eider.model.requests_reading import (
    DiffOf,
    Events,
    HealthOf,
    History,
    Inject,
    Recall,
    RetentionOf,
    Search,
    Sql,
    WhyOf,
)
from eider.model.requests_runs import (
    BeginRun,
    EndRun,
    ForgetRun,
    JudgeRun,
    KeepStep,
    ProceduresFor,
    PromoteStep,
    RenderRun,
    RenewRun,
    RunContext,
    RunOf,
    Runs,
    SearchDocuments,
    StepOutputOf,
)
from eider.privacy.ingress import Channel, Clean, accept
from eider.records.consolidate import consolidate, retention_of
from eider.records.exchange.export import export
from eider.records.forget import forget, forget_user
from eider.records.forget_many import forget_many
from eider.records.history import diff, events, health, history, why
from eider.records.links import link, unlink
from eider.records.record import record, record_many
from eider.records.revise import correct, deactivate, pin, reinforce, unpin
from eider.records.sql import sql
from eider.records.undo import undo
from eider.records.upkeep import drain, embedder, publish, rebuild, swap_embedder, verify
from eider.retrieve.related import rebuild_links, related
from eider.runs.context import run_context, search_documents
from eider.runs.forgetting import forget_run
from eider.runs.lifecycle import begin_run, end_run, judge_run, renew_run
from eider.runs.listing import promote_step, run_of, runs
from eider.runs.procedures import procedures
from eider.runs.render import render_run
from eider.runs.steps import keep_step, step_output
from eider.store.engine import Engine

R = TypeVar("R", bound=Request[Any])
R_co = TypeVar("R_co", bound=Request[Any], covariant=True)
A = TypeVar("A")


class RequestClass(Protocol[R_co, A]):
    """A class of requests with the answers of its verb."""

    def of(self, fields: Mapping[str, Any]) -> R_co:
        """Return the request with these fields."""
        ...

    def shown(self, answer: A) -> A:
        """Return an answer as it is shown."""
        ...


@dataclass(frozen=True, slots=True)
class Verb(Generic[R, A]):
    """A request and the function that answers it."""

    request: type[R]
    function: Callable[[Engine, Clean[R]], A]
    writes: bool
    """Whether it is refused while writing is paused, and not simply sent again by a client."""

    @property
    def name(self) -> str:
        """Method of `Eider` and HTTP route."""
        return self.request.verb

    def answer(self, engine: Engine, request: R, channel: Channel) -> A:
        """Let a request in and answer it."""
        clean = accept(request, channel, engine.now())
        if self.writes:
            return self.request.shown(self.function(engine, clean))
        return self.request.shown(engine.steady(lambda: self.function(engine, clean)))


def verb(request: RequestClass[R, A], function: Callable[[Engine, Clean[R]], A], *, writes: bool = False) -> Verb[R, A]:
    """Declare a verb; pyright refuses a function that takes another request or gives another answer."""
    return Verb(cast("type[R]", request), function, writes)


_ALL: Final = (
    verb(Record, record, writes=True),
    verb(RecordMany, record_many, writes=True),
    verb(Remember, remember, writes=True),
    verb(RememberMany, remember_many, writes=True),
    verb(Observe, observe, writes=True),
    verb(ObserveMany, observe_many, writes=True),
    verb(AddRules, add_rules, writes=True),
    verb(PolicyFor, policy),
    verb(Scopes, scopes),
    verb(ConsolidateScopes, consolidate_scopes, writes=True),
    verb(Inbox, inbox),
    verb(Settle, settle, writes=True),
    verb(OpenLoop, open_loop, writes=True),
    verb(SetOutcome, set_outcome, writes=True),
    verb(CloseLoop, close_loop, writes=True),
    verb(LearnedOf, learned),
    verb(ResetLearned, reset_learned, writes=True),
    verb(Recall, recall),
    verb(Inject, inject),
    verb(Search, search),
    verb(Correct, correct, writes=True),
    verb(Deactivate, deactivate, writes=True),
    verb(Reinforce, reinforce, writes=True),
    verb(Pin, pin, writes=True),
    verb(Unpin, unpin, writes=True),
    verb(Forget, forget, writes=True),
    verb(ForgetMany, forget_many, writes=True),
    verb(ForgetUser, forget_user, writes=True),
    verb(History, history),
    verb(Events, events),
    verb(HealthOf, health),
    verb(DiffOf, diff),
    verb(WhyOf, why),
    verb(Undo, undo, writes=True),
    verb(RelatedTo, related),
    verb(LinkTogether, link, writes=True),
    verb(Unlink, unlink, writes=True),
    verb(RebuildLinks, rebuild_links),
    verb(RetentionOf, retention_of),
    verb(Consolidate, consolidate, writes=True),
    verb(BeginRun, begin_run, writes=True),
    verb(KeepStep, keep_step, writes=True),
    verb(EndRun, end_run, writes=True),
    verb(JudgeRun, judge_run, writes=True),
    verb(RenewRun, renew_run, writes=True),
    verb(StepOutputOf, step_output),
    verb(RenderRun, render_run),
    verb(RunContext, run_context),
    verb(SearchDocuments, search_documents),
    verb(Runs, runs),
    verb(RunOf, run_of),
    verb(PromoteStep, promote_step, writes=True),
    verb(ForgetRun, forget_run, writes=True),
    verb(ProceduresFor, procedures),
    verb(Drain, drain),
    verb(Export, export, writes=True),
    verb(Import, import_, writes=True),
    verb(ImportLines, import_lines, writes=True),
    verb(Sql, sql),
    verb(Verify, verify),
    verb(Rebuild, rebuild, writes=True),
    verb(EmbedderState, embedder),
    verb(SwapEmbedder, swap_embedder, writes=True),
    verb(Publish, publish, writes=True),
)
VERBS: Final[Mapping[str, Verb[Any, Any]]] = {one.name: one for one in _ALL}
"""Name → verb."""


def verb_of(request: Request[A]) -> Verb[Request[A], A]:
    """Return the verb of a request; `verb` has made sure that its function gives the answer that the request names."""
    return cast("Verb[Request[A], A]", VERBS[request.verb])
