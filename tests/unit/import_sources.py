"""Small made-up exports of other tools that hold what is odd about each."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def database(path: Path, *statements: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        for one in statements:
            db.execute(one)
        db.commit()
    return path


def _node(
    id_: str, parent: str | None, role: str | None, parts: Any, at: float | None = 1_714_557_600.0, **more: Any
) -> Any:
    content = {"content_type": more.pop("content_type", "text"), "parts": parts} | more.pop("content", {})
    said = {
        "id": id_,
        "author": {"role": role},
        "create_time": at,
        "content": content,
        "recipient": "all",
        "metadata": {},
    }
    return {"id": id_, "parent": parent, "children": [], "message": (said | more) if role else None}


def chatgpt_tree() -> dict[str, Any]:
    """A conversation with two roots, a branch, an empty node, hidden and tool messages, and a message without a time."""
    context = {
        "content_type": "user_editable_context",
        "content": {"user_profile": "I build bridges.", "user_instructions": "Answer in metric units."},
    }
    nodes = [
        _node("other-root", None, None, []),
        _node("root", None, None, []),
        _node("system", "root", "system", ["You are a model."]),
        _node("custom", "system", "user", [], metadata={"is_visually_hidden_from_conversation": True}, **context),
        _node("q1", "custom", "user", ["How long is the Storebælt bridge?", None, {"content_type": "image_asset_pointer"}]),
        _node("old", "q1", "assistant", ["It is short."]),
        _node("search", "q1", "assistant", ["search('Storebælt')"], recipient="web"),
        _node("result", "search", "tool", ["6790 m"]),
        _node("thought", "result", "assistant", ["Hm."], content_type="thoughts"),
        _node("a1", "thought", "assistant", ["It is 6,790 metres."], at=0),
        _node("hidden", "a1", "user", ["continue"], metadata={"is_visually_hidden_from_conversation": True}),
        _node("q2", "hidden", "user", [{"content_type": "audio_transcription", "text": "And the Øresund one?"}], at=None,
              content_type="multimodal_text"),
    ]  # fmt: skip
    tree = {n["id"]: n for n in nodes}
    for node in nodes:
        if node["parent"]:
            tree[node["parent"]]["children"].append(node["id"])
    return tree


def chatgpt(folder: Path) -> Path:
    """Two numbered parts in a zip, in a folder of their own."""
    one = {
        "id": "c1",
        "title": "Bridges",
        "create_time": 1_714_550_000.0,
        "current_node": "q2",
        "mapping": chatgpt_tree(),
    }
    plain = {
        n: _node(n, p, r, [t])
        for n, p, r, t in [("a", None, "user", "Hi, I am Ada."), ("b", "a", "assistant", "Hello Ada.")]
    }
    plain["a"]["children"] = ["b"]
    loop = {n: _node(n, p, "user", [n]) for n, p in [("x", "y"), ("y", "x")]}
    timeless = {"z": _node("z", None, "user", ["When was this?"], at=None)}
    two = [
        {"id": "c2", "title": None, "create_time": 1_714_650_000.0, "current_node": "gone", "mapping": plain},
        {"id": "c3", "create_time": 1_714_650_000.0, "current_node": "x", "mapping": loop},
        {"id": "c4", "create_time": None, "current_node": "z", "mapping": timeless},
        {"id": "c5", "title": "broken"},
    ]
    path = folder / "chatgpt.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("export/conversations-000.json", json.dumps([one]))
        zipped.writestr("export/conversations-001.json", json.dumps(two))
        zipped.writestr("export/chat.html", "<html>")
    return path


def claude_ai(folder: Path) -> Path:
    """Thoughts, tools, attachments, an empty message, memories of a project and its instructions."""
    messages = [
        {"uuid": "m1", "sender": "human", "text": "", "created_at": "2026-03-01T10:00:00Z", "content": [{"type": "text", "text": "Where do we deploy?"}],
         "attachments": [{"file_name": "a.txt", "extracted_content": "secret"}], "files": [{"file_name": "b.png"}]},
        {"uuid": "m2", "sender": "assistant", "text": "old form", "created_at": "2026-03-01T10:00:05Z", "content": [
            {"type": "thinking", "thinking": "Let me see."}, {"type": "tool_use", "name": "search"}, {"type": "tool_result", "content": []},
            {"type": "token_budget"}, {"type": "text", "text": "To Kestrel, on Tuesdays."}]},
        {"uuid": "m3", "sender": "human", "text": "Thanks, that is all.", "created_at": "2026-03-01T10:01:00Z", "content": []},
        {"uuid": "m4", "sender": "assistant", "text": " ", "created_at": "2026-03-01T10:01:00Z"},
        {"uuid": "m5", "sender": "system", "text": "x", "created_at": "2026-03-01T10:01:00Z"},
    ]  # fmt: skip
    memories = [
        {
            "conversations_memory": "**Work**\n\n- Ada leads the bridge team.\n- Prefers short answers.",
            "project_memories": {"p1": "Kestrel runs on Postgres 16."},
        }
    ]
    projects = [
        {
            "uuid": "p1",
            "name": "Kestrel Site",
            "prompt_template": "Always cite the ticket.",
            "created_at": "2026-02-01T00:00:00Z",
            "docs": [{"filename": "d.md"}],
        }
    ]
    path = folder / "claude.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr(
            "conversations.json",
            json.dumps(
                [{"uuid": "k1", "name": "Deploys", "created_at": "2026-03-01T09:59:00Z", "chat_messages": messages}]
            ),
        )
        zipped.writestr("memories.json", json.dumps(memories))
        zipped.writestr("projects.json", json.dumps(projects))
        zipped.writestr("users.json", json.dumps([{"email_address": "ada@example.org"}]))
    return path


def claude_memory(folder: Path) -> Path:
    """A project's memory directory beside a transcript that names its working directory."""
    slug = folder / "-home-ada-kestrel"
    write(
        slug / "s.jsonl", json.dumps({"type": "summary"}) + "\n" + json.dumps({"cwd": str(folder / "kestrel")}) + "\n"
    )
    write(
        slug / "memory" / "MEMORY.md",
        "# Memory\n\n- [Reviews](reviews.md) — how Ada reviews\n- The build takes nine minutes.\n",
    )
    write(
        slug / "memory" / "reviews.md",
        "---\nname: reviews\ntype: feedback\n---\nBe blunt in reviews.\n\n```sh\nmake\n```\n",
    )
    return slug / "memory"


def instructions(folder: Path) -> Path:
    """A CLAUDE.md that imports others, with code, comments, a table, nested lists, and a Cursor rule for some files."""
    project = folder / "project"
    write(project / "CLAUDE.md", "# Kestrel\n\n<!-- - not this\nnor this -->\n## Style\n\n- Use two spaces.\n* Before a commit:\n  1. run `make check`\n  2. update\n"
          "     the changelog\n\nNever push to main.\n\n```sh\n- not a rule\n```\n\n| a | b |\n|---|---|\n\n@docs/more.md\n\nMail `@nobody.md` and see @../outside.md.\n")  # fmt: skip
    write(project / "docs" / "more.md", "- From another file.\n\n@../CLAUDE.md\n")
    write(folder / "outside.md", "- A stranger's file.\n")
    write(project / "AGENTS.md", "- Use two spaces.\n")
    write(project / ".cursorrules", "Prefer composition.\n")
    write(
        project / ".cursor" / "rules" / "tests.mdc",
        "---\ndescription: tests\nglobs: tests/**\nalwaysApply: false\n---\n- Name tests as facts.\n",
    )
    return project


def mem0(folder: Path) -> Path:
    """What get_all() returned for two users."""
    rows = [
        {
            "id": "1",
            "memory": "Likes oat milk.",
            "user_id": "ada",
            "created_at": "2024-07-01T10:00:00-07:00",
            "updated_at": None,
            "hash": "h",
        },
        {"id": "2", "memory": "Is Bob's.", "user_id": "bob", "created_at": "2024-07-01T10:00:00-07:00"},
        {"id": "3", "memory": "", "user_id": "ada"},
    ]
    return write(folder / "mem0.json", {"results": rows})


def mem0_history(folder: Path) -> Path:
    """One memory that was changed, one that was deleted."""
    table = "CREATE TABLE history (id TEXT, memory_id TEXT, old_memory TEXT, new_memory TEXT, event TEXT, created_at TEXT, updated_at TEXT, is_deleted INT)"
    rows = [
        "INSERT INTO history VALUES ('1', 'a', NULL, 'Lives in Oslo.', 'ADD', '2026-01-01T00:00:00+00:00', NULL, 0)",
        "INSERT INTO history VALUES ('2', 'a', 'Lives in Oslo.', 'Lives in Bergen.', 'UPDATE', '2026-01-01T00:00:00+00:00', '2026-03-01T00:00:00+00:00', 0)",
        "INSERT INTO history VALUES ('3', 'b', NULL, 'Has a cat.', 'ADD', '2026-01-01T00:00:00+00:00', NULL, 0)",
        "INSERT INTO history VALUES ('4', 'b', 'Has a cat.', NULL, 'DELETE', '2026-01-01T00:00:00+00:00', '2026-02-01T00:00:00+00:00', 1)",
    ]
    return database(folder / "history.db", table, *rows)


def mcp_memory(folder: Path) -> Path:
    """Entities, a relation, an entity without observations, and a line cut off."""
    lines = [
        {
            "type": "entity",
            "name": "Ada_Lovelace",
            "entityType": "person",
            "observations": ["Speaks Danish", "Ada Lovelace builds bridges", ""],
        },
        {"type": "entity", "name": "Nordkraft", "entityType": "company", "observations": []},
        {"type": "relation", "from": "Ada_Lovelace", "relationType": "works_at", "to": "Nordkraft"},
    ]
    return write(folder / "memory.jsonl", "".join(json.dumps(line) + "\n" for line in lines) + '\n{"type": "ent')


def memman(folder: Path) -> Path:
    """A replaced insight, a deleted one, and a blob that is no text."""
    table = ("CREATE TABLE insights (id TEXT, content TEXT, category TEXT, importance INT, created_at TEXT, updated_at TEXT, deleted_at TEXT,"
             " replaced_by TEXT, embedding BLOB)")  # fmt: skip
    rows = [
        "INSERT INTO insights VALUES ('1', 'The API listens on 8080.', 'fact', 4, '2026-01-01T00:00:00Z', NULL, '2026-02-01T00:00:00Z', '2', x'00ff')",
        "INSERT INTO insights VALUES ('2', 'The API listens on 9090.', 'decision', 9, '2026-02-01T00:00:00Z', NULL, NULL, NULL, NULL)",
        "INSERT INTO insights VALUES ('3', 'Gone.', 'fact', 3, '2026-01-01T00:00:00Z', NULL, '2026-01-02T00:00:00Z', NULL, NULL)",
    ]
    return database(folder / "memman" / "memman.db", table, *rows)


def imprint(folder: Path) -> Path:
    """A superseded memory with dates, one switched off, and another user's."""
    table = ("CREATE TABLE memories (id TEXT, user_id TEXT, type TEXT, content TEXT, scope TEXT, stability REAL, recall_count INT, valid_from TEXT,"
             " valid_until TEXT, superseded_by TEXT, pinned INT, active INT)")  # fmt: skip
    rows = [
        "INSERT INTO memories VALUES ('1', 'ada', 'RULE', 'Write in paragraphs.', 'global', 5, 0, '2026-01-01', NULL, NULL, 1, 1)",
        "INSERT INTO memories VALUES ('2', 'ada', 'fact', 'Works in Oslo.', 'work', 5, 0, '2026-01-01', '2026-04-01', '1', 0, 0)",
        "INSERT INTO memories VALUES ('3', 'ada', 'fact', 'Off.', 'global', 5, 0, '2026-01-01', NULL, NULL, 0, 0)",
        "INSERT INTO memories VALUES ('4', 'bob', 'fact', 'Is Bob''s.', 'global', 5, 0, '2026-01-01', NULL, NULL, 0, 1)",
    ]
    return database(folder / "imprint.db", table, *rows)


def langgraph(folder: Path) -> Path:
    """Values of LangMem, of plain fields, expired and empty ones."""
    table = "CREATE TABLE store (prefix TEXT, key TEXT, value TEXT, created_at TEXT, updated_at TEXT, expires_at TEXT)"
    rows = [
        """INSERT INTO store VALUES ('users.ada', '1', '{"kind": "Memory", "content": {"content": "Sails on Sundays."}}', '2026-01-01 10:00:00', NULL, NULL)""",
        """INSERT INTO store VALUES ('users.ada', '2', '{"favourite_food": "rye bread", "n": 3, "deep": {"x": [1]}}', '2026-01-01 10:00:00', NULL, NULL)""",
        """INSERT INTO store VALUES ('users.ada', '3', '{"text": "Old."}', '2020-01-01 10:00:00', NULL, '2020-02-01 10:00:00')""",
        """INSERT INTO store VALUES ('users.ada', '4', '{}', '2026-01-01 10:00:00', NULL, NULL)""",
    ]
    return database(folder / "store.sqlite", table, *rows)


def basic_memory(folder: Path) -> Path:
    """Observations with tags and context, relations, a task, prose, and a hidden directory."""
    note = ("---\ntitle: Coffee\ntype: note\npermalink: coffee\ntags:\n- drink\n---\n\n# Coffee\n\nAda brews it every morning.\n\n## Observations\n"
            "- [preference] Pour over, never espresso #brewing #daily (since 2024)\n- [method] Coffee needs 94 degrees #heat\n- [ ] buy beans\n\n"
            "## Relations\n- pairs_with [[Rye bread]] (at breakfast)\n- [[Mornings]]\n")  # fmt: skip
    write(folder / "notes" / "drinks" / "coffee.md", note)
    write(folder / "notes" / ".obsidian" / "x.md", "---\npermalink: x\n---\nNot a note.")
    return folder / "notes"


def pam(folder: Path) -> Path:
    """An active memory, one that was superseded, and one that was retracted."""

    def memory(id_: str, type_: str, content: str, status: str, **times: str) -> dict[str, Any]:
        return {"id": id_, "type": type_, "content": content, "status": status, "content_hash": "sha256:" + "0" * 64,
                "temporal": {"created_at": "2026-01-01T00:00:00Z", **times}, "provenance": {"platform": "chatgpt"}}  # fmt: skip

    memories = [
        memory("1", "instruction", "Answer in Danish.", "active"),
        memory("2", "fact", "Lived in Odense.", "superseded", valid_until="2026-02-01T00:00:00Z"),
        memory("3", "fact", "Wrong.", "retracted"),
    ]
    return write(
        folder / "pam.json",
        {"schema": "portable-ai-memory", "schema_version": "1.0", "owner": {"id": "ada"}, "memories": memories},
    )


def messages(folder: Path) -> Path:
    """An array of chat messages as everybody has it, with instructions and a message without a time."""
    return write(folder / "openai.json", [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Call me Maya.", "at": "2026-01-01T10:00:00Z"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hello Maya."}], "at": "2026-01-01T10:00:01Z"},
        {"text": "Likes tea."},
        {"role": "user", "content": "When?"},
    ])  # fmt: skip
