"""The seven memory tools for models, for any framework: definitions, schemas, handlers.

A tool answers with plain JSON and never raises: a fault is an answer that names the fix. What was recalled leaves
only framed as data (`eider.privacy.recall_marks`), so that nothing in it passes for an instruction and nothing is learned twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from eider.api.taint import Taint
from eider.api.tools_schema import (
    CORRECT,
    FORGET,
    RECALL,
    REINFORCE,
    REMEMBER,
    SEARCH,
    SIGNAL_OUTCOME,
    Schema,
    check_arguments,
)
from eider.model.errors import EiderError, InputError, QueuedError, RefusedError
from eider.model.validation import one_of
from eider.model.values import GLOBAL, TRUST
from eider.model.visible_text import visible_text
from eider.privacy import recall_marks
from eider.privacy.redact import redact

if TYPE_CHECKING:
    from eider.api.facade import Eider
    from eider.model.answers import Recollection
    from eider.model.values import Episode, Memory

Answer = dict[str, Any]
Handler = Callable[..., Answer]
"""Called as `handler(memory, **arguments)`; beside its own arguments it takes what `bind` binds."""
PREFIX: Final = "memory_"
"""Put before the names of the tools by the adapters of frameworks, whose hosts have tools of their own."""
_PREFIX: Final = re.compile(r"[A-Za-z0-9_-]{0,40}")
_STORING: Final = frozenset(("remember", "correct"))
BUDGET: Final = 1_500
"""Tokens that one recall may add to a conversation. A guess."""
_MAX_RESULTS: Final = 400
"""Characters of one line of a search; recall shows the rest."""
_FULL: Final = TRUST["user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool: its definition for the model, and its handler."""

    name: str
    description: str
    schema: Schema
    """JSON schema of the arguments."""
    handler: Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """The tools bound to one user of a memory; a model's arguments cannot change the user."""

    memory: Eider
    user: str
    scopes: tuple[str, ...] = ()
    """Where the agent works; empty is everywhere."""
    loop: str | None = None
    context: str | None = None
    prefix: str = ""
    """Put before the names of the tools, for hosts that have tools of the same names."""
    channel: str = "tools"
    taint: Taint = field(default_factory=Taint)
    """What the model has read: what it stores in those words has no more trust than they."""

    def tools(self) -> tuple[Tool, ...]:
        """Return the seven tools with the bound values in their schemas."""
        return tuple(
            replace(tool, name=f"{self.prefix}{tool.name}", schema=self._schema(tool)) for tool in TOOLS.values()
        )

    def definitions(self) -> list[dict[str, Any]]:
        """Return name, description and JSON schema (`parameters`) of each tool."""
        return [{"name": t.name, "description": t.description, "parameters": t.schema} for t in self.tools()]

    def anthropic(self) -> list[dict[str, Any]]:
        """Return the definitions in the form of Anthropic's `tools=`."""
        return [{"name": t.name, "description": t.description, "input_schema": t.schema} for t in self.tools()]

    def openai(self) -> list[dict[str, Any]]:
        """Return the definitions in the form of OpenAI's `tools=`."""
        return [{"type": "function", "function": definition} for definition in self.definitions()]

    def call(self, name: str, arguments: Any = None, *, key: str | None = None) -> Answer:
        """Answer one call of a model; never raises.

        Args:
            name: A tool, with its prefix or without.
            arguments: What the model passed: a mapping, or nothing.
            key: Idempotency key of a writing call, from coordinates such as session and call id: a call that is
                sent twice is carried out once.
        """
        tool = TOOLS.get(name) or TOOLS.get(name.removeprefix(self.prefix))
        if tool is None:
            known = ", ".join(f"{self.prefix}{one}" for one in TOOLS)
            return error_answer(InputError(f"there is no tool {name!r}; use one of {known}."))
        if arguments is not None and not isinstance(arguments, Mapping):
            return error_answer(InputError(f"the arguments are {type(arguments).__name__}; pass a JSON object."))
        try:
            given = check_arguments(self._schema(tool), arguments or {})
        except InputError as error:
            return error_answer(error)
        bound = {"user": self.user, "scopes": self.scopes, "loop": self.loop, "context": self.context, "key": key}
        memory = self.memory
        if tool.name in _STORING and self.taint.reaches(str(given.get("text", ""))):
            memory = memory.channel(self.channel, "tool")
        answer = tool.handler(memory, **given, **bound)
        for result, line in zip(answer.get("results", ()), str(answer.get("text", "")).splitlines()[1:], strict=False):
            if not result["trust"]:
                self.taint.note(line)
        return answer

    def _schema(self, tool: Tool) -> Schema:
        """With scopes bound, a model may name no others; with a context, recall needs no query."""
        schema = dict(tool.schema)
        if tool.name == "remember" and self.scopes:
            scope = {**schema["properties"]["scope"], "enum": [*dict.fromkeys((*self.scopes, GLOBAL))]}
            schema["properties"] = {**schema["properties"], "scope": scope}
        if tool.name == "recall" and self.context:
            schema["required"] = []
        return schema


def bind(
    memory: Eider, *, user: str, scopes: Sequence[str] | None = None, loop: object | None = None,
    context: str | None = None, channel: str = "tools", prefix: str = "",
) -> Toolbox:  # fmt: skip
    """Bind the tools to one user of a memory; what a model writes with them has agent trust.

    Args:
        memory: An open memory.
        user: Whose.
        scopes: Where the agent works: it sees these and what is global, and keeps things under the first.
        loop: Open loop, or its id, that recalls belong to and an outcome is told of.
        context: What the work is about; recalled for where the model asks nothing in particular.
        channel: Name of the channel in the account of changes.
        prefix: Put before the names of the tools, for hosts that have tools of the same names, such as `search`.
    """
    if not _PREFIX.fullmatch(prefix):
        raise InputError(f"prefix={prefix!r} is no beginning of a tool's name; use up to 40 letters, digits, _ and -.")
    if isinstance(scopes, str):
        raise InputError(f"scopes={scopes!r} is one text; pass a list of scopes.")
    return Toolbox(
        memory=memory.channel(channel, "agent"), user=user, scopes=tuple(scopes or ()),
        loop=None if loop is None else str(getattr(loop, "id", loop)), context=context, channel=channel, prefix=prefix,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTools:
    """The memory tools of one user, in the form that the client of a model's vendor takes them."""

    CHANNEL: ClassVar[str] = "tools"
    """Name of the channel in the account of changes."""

    toolbox: Toolbox

    @classmethod
    def bound(
        cls, memory: Eider, *, user: str, scopes: Sequence[str] | None = None, loop: object | None = None,
        context: str | None = None, prefix: str = PREFIX,
    ) -> Self:  # fmt: skip
        """The seven memory tools for one user; what enters through them was said by an agent.

        Args:
            memory: An open memory.
            user: Whose; what the model passes cannot change it.
            scopes: Where the agent works: it sees these and what is global, and keeps things under the first.
            loop: Open loop, or its id, that recalls belong to.
            context: What the work is about; recalled for where the model asks nothing in particular.
            prefix: Put before the names of the tools, so that they do not meet the host's own.
        """
        return cls(
            toolbox=bind(
                memory, user=user, scopes=scopes, loop=loop, context=context, channel=cls.CHANNEL, prefix=prefix
            )
        )


def error_answer(error: Exception) -> Answer:
    """Return an error as an answer: its type, message and fix."""
    if isinstance(error, QueuedError):
        return {"status": "queued", "why": visible_text(redact(str(error)))}
    if not isinstance(error, EiderError):
        return _error_fields("Fault", f"a fault of Eider itself ({type(error).__name__})", "go on without memory.")
    what, _, fix = visible_text(redact(str(error))).rpartition("; ")
    return _error_fields(type(error).__name__, what or fix, fix if what else "change the arguments and call again.")


def _error_fields(kind: str, message: str, fix: str) -> Answer:
    return {"error": {"type": kind, "message": message, "fix": fix}}


def _catching_errors(handler: Handler) -> Handler:
    """Wrap a handler so that errors become answers."""

    @wraps(handler)
    def safe(memory: Eider, **arguments: Any) -> Answer:
        try:
            return handler(memory, **arguments)
        except Exception as error:  # noqa: BLE001 (every fault is an answer)
            return error_answer(error)

    return safe


# ---------------------------------------------------------------------- handlers


@_catching_errors
def remember(
    memory: Eider, *, text: str, user: str, kind: str = "fact", scope: str | None = None, importance: int = 3,
    scopes: Sequence[str] = (), key: str | None = None, **_: object,
) -> Answer:  # fmt: skip
    """Keep a statement."""
    where = scope or next(iter(scopes), GLOBAL)
    if scopes:
        one_of(where, (*scopes, GLOBAL), "scope")
    return _stored_answer(memory.remember(text, user=user, kind=kind, scope=where, importance=importance, key=key))  # pyright: ignore[reportArgumentType] (checked within)


@_catching_errors
def recall(
    memory: Eider, *, user: str, query: str | None = None, limit: int = 5, as_of: str | None = None,
    scopes: Sequence[str] = (), loop: str | None = None, context: str | None = None, **_: object,
) -> Answer:  # fmt: skip
    """Rank what is kept for a question."""
    if not (asked := query or context):
        raise InputError("query is missing; say what to recall.")
    found = memory.recall(
        asked, user=user, limit=limit, scopes=_visible_scopes(scopes), as_of=as_of, budget=BUDGET, loop=loop
    )  # fmt: skip
    return {"found": len(found), "results": [_result_fields(r) for r in found], "text": _framed_lines(found)}


@_catching_errors
def search(
    memory: Eider, *, user: str, text: str = "", kind: str | None = None, since: str | None = None,
    until: str | None = None, limit: int = 20, offset: int = 0, scopes: Sequence[str] = (), **_: object,
) -> Answer:  # fmt: skip
    """List and filter what is kept."""
    page = memory.search(
        text, user=user, kinds=[kind] if kind else None, since=since, until=until, limit=limit, offset=offset,
        scopes=_visible_scopes(scopes),
    )  # fmt: skip
    short = [replace(r, text=f"{r.text[:_MAX_RESULTS]}…" if len(r.text) > _MAX_RESULTS else r.text) for r in page.items]
    return {
        "total": page.total,
        "offset": page.offset,
        "results": [_result_fields(r) for r in short],
        "text": _framed_lines(short),
    }


@_catching_errors
def forget(memory: Eider, *, id: str, user: str, **_: object) -> Answer:  # noqa: A002 (the word users know)
    """Erase for good."""
    done = memory.forget(id, user=user)
    if done.proposed:
        return {
            "status": "proposed",
            "id": done.proposed,
            "why": "the user said it, and decides in the inbox; nothing was erased",
        }
    return {"status": "erased", "ids": list(done.ids), "kept": list(done.kept), "physical": done.physical,
            "checks": dict(done.checks), "outside": list(done.outside)}  # fmt: skip


@_catching_errors
def correct(memory: Eider, *, id: str, text: str, user: str, key: str | None = None, **_: object) -> Answer:  # noqa: A002
    """Replace a statement by what is true now."""
    return {**_stored_answer(memory.correct(id, text, user=user, key=key)), "replaces": id}


@_catching_errors
def reinforce(
    memory: Eider, *, id: str, user: str, answer: str | None = None, key: str | None = None, **_: object  # noqa: A002
) -> Answer:  # fmt: skip
    """Say that a memory was useful, or answer the question that is open about it."""
    if answer is not None:
        found = memory.settle(id, accept=answer == "yes", user=user)
    else:
        found = memory.reinforce(id, user=user, key=key)
    return {**_stored_answer(found), "text": recall_marks.mark([_line(found.id, found)], [found.id])}


@_catching_errors
def signal_outcome(memory: Eider, *, outcome: float, user: str, loop: str | None = None, **_: object) -> Answer:
    """Tell how the work went in which memory was used."""
    if loop is None:
        raise RefusedError("no loop is bound to these tools; the host opens one and passes it to bind(loop=…).")
    memory.set_outcome(loop, outcome, user=user)
    return {"status": "stored", "loop": loop, "outcome": outcome}


# ---------------------------------------------------------------------- what goes out


def _visible_scopes(scopes: Sequence[str]) -> list[str] | None:
    return [*dict.fromkeys((*scopes, GLOBAL))] if scopes else None


def _stored_answer(memory: Memory) -> Answer:
    """Return what was stored, without its text, which the model has just written."""
    status = "queued" if memory.id.startswith("queued_") else "proposed" if memory.state == "inbox" else "stored"
    return {"status": status, "id": memory.id, "kind": memory.kind, "trust": memory.trust}


def _result_fields(found: Recollection) -> Answer:
    """Return the fields of a result that hold no stored text."""
    kind = found.memory.kind if found.memory else "episode"
    return {"id": found.id, "kind": kind, "trust": found.trust, "score": round(found.score, 4)}


def _framed_lines(found: Sequence[Recollection]) -> str:
    """Return the recalled lines framed as data; empty if nothing was found."""
    lines = [_line(r.id, r.memory or r.episode, r.text) for r in found]
    return recall_marks.mark(lines, [r.id for r in found])


def _line(id: str, item: Memory | Episode | None, text: str | None = None) -> str:  # noqa: A002
    """Return a result as one line: id, kind, text, and its origin if not the user."""
    if item is None:
        return f"[{id}] {visible_text(text or '')}"
    said = visible_text(item.text if text is None else text)
    doubt = "" if item.trust >= _FULL else f" (said by: {item.origin})"
    if id.startswith("ep_"):
        return f"[{id}] {getattr(item, 'at', ''):%Y-%m-%d} {visible_text(getattr(item, 'speaker', ''))}: {said}{doubt}"
    kind, scope = getattr(item, "kind", "fact"), getattr(item, "scope", GLOBAL)
    return f"[{id}] {kind}{'' if scope == GLOBAL else f', {scope}'}: {said}{doubt}"


TOOLS: Final[Mapping[str, Tool]] = {
    tool.name: tool
    for tool in (
        Tool(name="remember", description=REMEMBER.about, schema=REMEMBER.schema, handler=remember),
        Tool(name="recall", description=RECALL.about, schema=RECALL.schema, handler=recall),
        Tool(name="search", description=SEARCH.about, schema=SEARCH.schema, handler=search),
        Tool(name="forget", description=FORGET.about, schema=FORGET.schema, handler=forget),
        Tool(name="correct", description=CORRECT.about, schema=CORRECT.schema, handler=correct),
        Tool(name="reinforce", description=REINFORCE.about, schema=REINFORCE.schema, handler=reinforce),
        Tool(
            name="signal_outcome",
            description=SIGNAL_OUTCOME.about,
            schema=SIGNAL_OUTCOME.schema,
            handler=signal_outcome,
        ),
    )
}
"""Name → tool."""
