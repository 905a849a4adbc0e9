"""Every verb of the table asked once with something in it, over whatever carries requests."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def _works(module: str) -> bool:
    try:
        import_module(f"eider.{module}")
    except ImportError:
        return False
    return True


_LEARNING = (
    ("observe", "learn.observe"),
    ("add_rules", "learn.observe"),
    ("policy", "guide.policy"),
    ("inbox", "learn.inbox"),
)
LATER = frozenset(verb for verb, module in _LEARNING if not _works(module)) | {"settle"}
"""Verbs that may not be asked: those whose module is not there, and what needs something in the inbox."""
Ask = Callable[[str, dict[str, Any]], Any]


def ask_every_verb(ask: Ask, place: Path, text: str = "Prefers snake_case in Python.") -> dict[str, Any]:  # noqa: PLR0915 (a line per verb)
    """Verb → its answer; `ask` takes a verb and the fields of its request, and returns the value."""
    found: dict[str, Any] = {}

    def done(verb: str, **request: Any) -> Any:
        found[verb] = ask(verb, {"user": "ada", **request})
        return found[verb]

    episode = done("record", text=f"{text} Yes.", at="2026-05-01T10:00:00", tz="Europe/Berlin", session="s",
                   metadata={"n": [1, None, 1.5, {"x": text}]}, key="host:1")  # fmt: skip
    done("record_many", items=[{"text": f"{text} One."}, {"text": f"{text} Two.", "role": "agent"}])
    first = done("remember", text=text, kind="preference", valid_from="2026-03", importance=4)
    many = done("remember_many", items=[f"{text} Three.", {"text": f"{text} Four."}, f"{text} Five."])
    second = done("correct", id=first["id"], text=f"{text} Now camelCase.")
    done("deactivate", id=many[0]["id"])
    done("reinforce", id=second["id"])
    done("pin", id=second["id"])
    done("unpin", id=second["id"])
    done("recall", query=text, limit=5)
    done("inject", prompt=text)
    done("search", text="")
    done("history", id=second["id"])
    events = done("events")
    done("undo", id=events[0]["id"])
    done("health")
    done("diff", since="2020-01-01")
    done("why", id=second["id"])
    done("link", source=second["id"], target=episode["id"], kind="causal")
    done("related", id=second["id"])
    done("unlink", source=second["id"], target=episode["id"])
    done("rebuild_links", dry_run=True)
    done("sql", query="SELECT text, recorded_at FROM memories")
    done("retention", candidates=True)
    done("consolidate", prune_threshold=0.9, dry_run=True)
    path = place / "memory.jsonl"
    done("export", path=str(path))
    done("import_", path=str(path), dry_run=True)
    done("import_lines", lines=[{"text": f"{text} Six."}])
    if "observe" not in LATER:
        done("scopes")
        done("consolidate_scopes", dry_run=True)
        done("observe", agent_output="I used camelCase.", user_reply=f"No, {text}")
        done("observe_many", items=[{"user_reply": f"Fine. {text}", "agent_output": "I used camelCase."}])
        done("add_rules", rules=[f"Always: {text}"])
    if "policy" not in LATER:
        done("policy", context=text)
    if "inbox" not in LATER and (waiting := done("inbox")):
        done("settle", id=waiting[0]["id"], accept=True)
    if "open_loop" not in LATER:
        loop = done("open_loop")
        ask("recall", {"user": "ada", "query": text, "loop": loop["id"]})
        done("set_outcome", id=loop["id"], outcome=1.0)
        done("close_loop", id=loop["id"], agent_output=text)
        done("learned")
        done("reset_learned")
    run = done("begin_run", name="report", holder="h", inputs={"team": text}, key="r1", seen=["x"])
    done(
        "keep_step",
        id=run["id"],
        step="collect",
        holder="h",
        output={"said": text},
        saw=[{"step": "inputs", "why": "parameter", "field": ""}],
        cut=[{"step": "inputs", "kept": 1, "of": 2, "why": text}],
    )
    done("renew_run", id=run["id"], holder="h")
    done("step_output", id=run["id"], step="collect")
    done("render_run", id=run["id"], text="[[collect.said]]", declared=["collect"])
    done("run_context", id=run["id"], sees="all", instruction=text, references=["inputs"])
    done("search_documents", query=text, documents={"notes": text})
    done("end_run", id=run["id"], holder="h", outcome=1.0, output="collect")
    done("judge_run", id=run["id"], outcome=0.8)
    done("runs")
    done("run_of", id=run["id"])
    done("promote_step", id=run["id"], step="collect.said")
    done("procedures", query=text, done=["collect()"])
    done("forget_run", id=run["id"])
    done("forget", id=episode["id"])
    done("forget_many", ids=[episode["id"]])
    for verb, request in (
        ("drain", {}),
        ("verify", {"deep": True}),
        ("rebuild", {}),
        ("embedder", {}),
        ("publish", {"path": str(place / "p.eider")}),
    ):
        found[verb] = ask(verb, request)
    in_use = found["embedder"]["fingerprint"]
    found["swap_embedder"] = ask("swap_embedder", {"name": "wordllama" if in_use.startswith("hash") else "hash"})
    done("forget_user")
    return found
