"""The acts of the demo, one function each."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eider.api.open import open as open_store
from eider.cli.demo_story import story
from eider.model.clock import FixedClock
from eider.model.errors import StoreError

if TYPE_CHECKING:
    from eider.api.facade import Eider
    from eider.cli.demo_story.stage import Stage

_TIMEOUT: Final = 60.0
"""Seconds for the first process; a cold machine imports slowly."""


def play(stage: Stage) -> None:
    """Tell the whole story in a temporary store."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="eider-demo-") as folder:
        store = Path(folder) / "tidewater.eider"
        _run_first_process(stage, store)
        said, leaked = _files_containing(store, story.ADDRESS), _files_containing(store, story.PASSWORD)
        clock = FixedClock(story.TODAY)
        with stage.time_call("open in a new process's memory"):
            memory = open_store(store, user=story.USER, agent="claude", clock=clock)
        with memory:
            _act_remember(stage, memory)
            _act_policy(stage, memory)
            _act_versions(stage, memory)
            with stage.act("What an agent is given without asking"):
                for prompt in (story.WORKING, story.GENERAL):
                    stage.show_call(f'memory.inject("{prompt}")')
                    with stage.time_call("inject" if prompt == story.WORKING else "inject, silent"):
                        given = memory.inject(prompt)
                    for line in given.text.splitlines():
                        stage.say(line, "green", 5)
                    if not given.text:
                        stage.say(given.why, "dim", 5)
            with stage.act("A password was pasted in April; it never reached the disk"):
                found = memory.recall("staging postgres", limit=1, kinds=["episode"])
                for one in found:
                    stage.show_recollection(one, why=False)
                if any(story.PASSWORD in one.text for one in memory.search(limit=100).items):
                    raise StoreError("the password of the story was kept; report this as a fault of Eider.")
            _act_undo(stage, memory)
            _act_forget(stage, memory)
        left = _files_containing(store, story.ADDRESS)
        if said:
            stage.say(f"files that hold it, letter for letter: {said} before, {left} after", "green", 5)
            stage.say(f"files that ever held the password of April: {leaked}", "green", 5)
    stage.summary(time.perf_counter() - start)


def _run_first_process(stage: Stage, store: Path) -> None:
    """Run the first process, which records three sessions and is killed."""
    with stage.act("March to June: three conversations, and a fact that changes"):
        start = time.perf_counter()
        command = [sys.executable, "-P", "-m", "eider.cli.demo_story.before", str(store)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)  # noqa: S603 (our own module)
        events: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
        if len(events) < 3 + len(story.SESSIONS) + len(story.STATEMENTS):
            raise StoreError(
                f"the first process of the story failed: {done.stderr.strip()[-400:] or 'it said nothing'}"
            )
        stage.add_time("first process, start to death", 1e3 * (time.perf_counter() - start))
        for event in events[1:]:
            stage.say(_event_text(event))
        turns = [e["ms"] / e["turns"] for e in events if e["what"] == "session"]
        stage.add_time("record, per utterance", sum(turns) / len(turns))
        stage.add_time("observe, the first", next(e["ms"] for e in events if e["what"] == "exchange"))
        pid = events[0]["pid"]
        ending = "killed with kill -9: nothing was closed" if done.returncode < 0 else "ended"
        stage.say(f"Process {pid} was {ending}. What follows runs in another one.", "yellow")


def _event_text(event: dict[str, Any]) -> str:
    if event["what"] == "session":
        return (
            f"{event['at']}  {event['turns']} utterances recorded in session {event['name']!r}  ({event['ms']:.0f} ms)"
        )
    if event["what"] == "exchange":
        return f"{event['at']}  ada says to a draft: {story.OBJECTED!r} Learned: {' '.join(event['learned'])}"
    verb = "remembered" if event["what"] == "statement" else "corrected "
    text = story.AFTER if event["what"] == "correction" else event["name"]
    return f"{event['at']}  {verb} {text}"


def _act_remember(stage: Stage, memory: Eider) -> None:
    with stage.act("15 June: a new process asks"):
        for question, limit, step in ((story.QUESTION, 2, "recall, the first"), (story.REFUND, 1, "recall, warm")):
            stage.show_call(f'memory.recall("{question}", limit={limit})')
            with stage.time_call(step):
                found = memory.recall(question, limit=limit)
            for one in found:
                stage.show_recollection(one)


def _act_policy(stage: Stage, memory: Eider) -> None:
    with stage.act("What ada said to the draft of June is obeyed"):
        stage.show_call(f'memory.policy(context="{story.TASK}")')
        with stage.time_call("policy, cold"):
            policy = memory.policy(context=story.TASK)
        for line in policy.text.splitlines():
            stage.say(line, "green", 5)
        with stage.time_call("policy, cached"):
            memory.policy(context=story.TASK)
        for rule in [one for one in policy.memories if one.evidence][:1]:
            stage.show_call(f'memory.why("{rule.id}").evidence')
            for episode, quoted in memory.why(rule.id).evidence:
                stage.say(f"{episode.speaker}, {episode.at:%d %b}: {quoted!r}", "dim", 5)
        if not any(one.evidence for one in policy.memories):
            raise StoreError("nothing was learned from the story's objection; report this as a fault of Eider.")


def _act_versions(stage: Stage, memory: Eider) -> None:
    with stage.act("What was true in May?"):
        for as_of in ("2026-05-15", None):
            told = f', as_of="{as_of}"' if as_of else ""
            stage.show_call(f'memory.recall("{story.QUESTION}", kinds=["decision"]{told})')
            found = memory.recall(story.QUESTION, limit=1, kinds=["decision"], as_of=as_of)
            for one in found:
                stage.show_recollection(one, why=False)
        stage.say("Nothing was overwritten: the old decision was closed at the instant the new one began.", "dim")


def _act_undo(stage: Stage, memory: Eider) -> None:
    with stage.act("A rule is ended by mistake, and comes back"):
        rule = memory.recall(story.RULE, limit=1, kinds=["rule"])[0]
        stage.show_call(f'memory.deactivate("{rule.id}")')
        memory.deactivate(rule.id)
        stage.say(f"rules about refunds: {_rule_texts(memory)}", indent=5)
        event = memory.events(limit=1)[0]
        stage.show_call(f'memory.undo("{event.id}")')
        with stage.time_call("undo"):
            memory.undo(event.id)
        stage.say(f"rules about refunds: {_rule_texts(memory)}", "green", 5)


def _rule_texts(memory: Eider) -> str:
    return "; ".join(one.text for one in memory.search("refunds", kinds=["rule"]).items) or "none"


def _act_forget(stage: Stage, memory: Eider) -> None:
    with stage.act("An address is forgotten, for good"):
        address = memory.recall("send the hardware token to my flat", limit=1, kinds=["episode"])[0]
        stage.show_recollection(address, why=False)
        stage.show_call(f'memory.forget("{address.id}")')
        with stage.time_call("forget, bytes included"):
            receipt = memory.forget(address.id)
        rows = ", ".join(f"{n} in {table}" for table, n in receipt.erased.items() if n)
        checks = ", ".join(f"{name} {'held' if held else 'failed'}" for name, held in receipt.checks.items())
        stage.say(f"receipt: rows erased: {rows}; checks: {checks}; out of reach: {receipt.outside[0]}", indent=5)
        left = [one for one in memory.search(limit=100).items if story.ADDRESS in one.text]
        stage.say(f"rows that still say {story.ADDRESS!r}: {len(left)}", "green", 5)


def _files_containing(store: Path, text: str) -> int:
    """Return the files of a closed store that contain a text."""
    files = [path for path in store.rglob("*") if path.is_file()]
    return sum(text.encode() in path.read_bytes() for path in files)


__all__ = ["play"]
