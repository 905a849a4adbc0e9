"""Claude.ai's data export: a zip with `conversations.json`, `memories.json` and `projects.json`, or one of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from eider.model.errors import InputError
from eider.model.scope_word import scope_word
from eider.records.importers.containers import Files
from eider.records.importers.markdown import passages
from eider.records.importers.source import Found, Importer, Line, Skipped, Wanted, instant, message, statement

_CHATS: Final = "conversations.json"
_MEMORIES: Final = "memories.json"
_PROJECTS: Final = "projects.json"
_SENDERS: Final = {"human": "user", "assistant": "assistant"}


def detect(path: Path) -> bool:
    """Whether it holds Claude's conversations or memories."""
    try:
        files = Files(path)
    except InputError:
        return False
    names = files.names()
    for name in names if len(names) == 1 else [n for n in (_CHATS, _MEMORIES) if n in names]:
        first = files.first(name) if name.endswith(".json") else None
        if isinstance(first, dict) and ("chat_messages" in first or "conversations_memory" in first):
            return True
    return False


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield conversations, what Claude remembered, and the instructions of projects."""
    files = Files(path)
    names = files.names()
    projects = (
        {str(p.get("uuid")): p for p in files.elements(_PROJECTS) if isinstance(p, dict)} if _PROJECTS in names else {}
    )
    for name in [n for n in names if n in (_CHATS, _MEMORIES)] or [path.name]:
        for number, one in enumerate(files.elements(name), 1):
            place = f"{name} {number}"
            if isinstance(one, dict) and "chat_messages" in one:
                yield from _conversation(place, cast("Line", one), wanted)
            elif isinstance(one, dict) and ("conversations_memory" in one or "project_memories" in one):
                yield from _memories(place, cast("Line", one), projects, wanted)
            else:
                yield place, InputError("is neither a conversation nor a memory; export it again.")
    for uuid, project in projects.items():
        yield from _project(uuid, project, wanted)


def _conversation(place: str, conversation: Line, wanted: Wanted) -> Iterator[Found]:
    session, title = str(conversation.get("uuid") or place), str(conversation.get("name") or "")
    at = instant(conversation.get("created_at"))
    said: Any
    for number, said in enumerate(conversation["chat_messages"] or (), 1):
        where = f"{place} message {number}"
        if not isinstance(said, dict):
            yield where, InputError("is no message.")
            continue
        said = cast("Line", said)
        at = instant(said.get("created_at")) or at
        for reason in _left_out(said):
            yield where, Skipped(reason)
        role, text = _SENDERS.get(str(said.get("sender"))), _text(said)
        if role is None:
            yield where, Skipped("messages of an unknown sender")
        elif not text.strip():
            yield where, Skipped("messages without text")
        elif at is None:
            yield where, Skipped("messages without a time")
        elif wanted.since is not None and at < wanted.since:
            yield where, Skipped("messages before the given time")
        else:
            told = {"source": "claude.ai", **({"title": title} if title else {})}
            key = f"claude.ai:{said.get('uuid') or f'{session}:{number}'}"
            yield where, message(role, text, at=at, session=session, key=key, metadata=told)


def _text(said: Line) -> str:
    """Return what was said; thoughts and tools are parts of their own kinds."""
    parts: Any = said.get("content")
    if isinstance(parts, list) and parts:
        texts = [p.get("text") for p in parts if isinstance(p, dict) and p.get("type") == "text"]
        return "\n".join(t for t in texts if isinstance(t, str) and t.strip())
    return str(said.get("text") or "")


def _left_out(said: Line) -> Iterator[str]:
    names = {"thinking": "thoughts", "tool_use": "calls of tools", "tool_result": "results of tools"}
    for part in said.get("content") or ():
        if isinstance(part, dict) and part.get("type") in names:
            yield names[str(part["type"])]
    for _ in (*(said.get("attachments") or ()), *(said.get("files") or ())):
        yield "attached files"


def _memories(place: str, one: Line, projects: Mapping[str, Any], wanted: Wanted) -> Iterator[Found]:
    """What Claude remembered, line by line; that of a project has its scope."""
    whole = str(one.get("conversations_memory") or "")
    texts = [
        (wanted.scope, whole),
        *((wanted.scope or _scope(u, projects), str(t)) for u, t in (one.get("project_memories") or {}).items()),
    ]
    for scope, text in texts:
        for passage in passages(text):
            where = f"{place} line {passage.line}"
            yield where, passage.skipped() or statement(passage.under_heading(), scope=scope)


def _project(uuid: str, project: Mapping[str, Any], wanted: Wanted) -> Iterator[Found]:
    scope, at = wanted.scope or _scope(uuid, {uuid: project}), instant(project.get("created_at"))
    for passage in passages(str(project.get("prompt_template") or "")):
        where = f"{_PROJECTS} {uuid} line {passage.line}"
        yield where, passage.skipped() or statement(passage.under_heading(), kind="rule", scope=scope, valid_from=at)
    for _ in project.get("docs") or ():
        yield f"{_PROJECTS} {uuid}", Skipped("documents of projects")


def _scope(uuid: str, projects: Mapping[str, Any]) -> str:
    name = str(projects.get(uuid, {}).get("name") or uuid)
    return f"project:{scope_word(name).lower()[:200] or uuid}"


IMPORTER: Final = Importer(name="claude-ai", title="Claude.ai data export", detect=detect, iterate=iterate)
