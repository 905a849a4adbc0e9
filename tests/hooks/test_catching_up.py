"""What no hook delivered stands in the transcript: it is caught up once, and nothing is kept twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import eider
from eider.client import pauses
from eider.model import config
from eider_claude_hooks import hook
from eider_claude_hooks import project as project_place
from eider_claude_hooks.hook_handler import HookHandler

RULE = "No, always indent with tabs in this project."
ASKS = "Please fix the indentation of main.py"


def said(memory: eider.Eider) -> Counter[tuple[str, str]]:
    found = [hit.episode for hit in memory.search(limit=500).items if hit.episode is not None]
    return Counter((episode.role, episode.text) for episode in found)


def learned(memory: eider.Eider) -> list[str]:
    return [hit.memory.text for hit in memory.search(limit=500).items if hit.memory is not None]


def test_what_was_said_while_the_server_was_away_is_learned_with_the_next_event(
    claude: Any, memory: eider.Eider
) -> None:
    """The correction is read against the answer before it, though no hook told either."""
    session = claude()
    session.exchanges("Write the exporter.", "Done, indented with spaces.", hook=False)
    session.exchanges(RULE, "Tabs it is.", hook=False)
    session.asks("Now the tests, please.")
    session.settled()
    assert set(said(memory)) == {
        ("user", "Write the exporter."), ("agent", "Done, indented with spaces."), ("user", RULE), ("agent", "Tabs it is."),
        ("user", "Now the tests, please."),
    }  # fmt: skip
    assert len(learned(memory)) == 1


def test_the_next_server_takes_in_all_windows_in_the_order_in_which_it_was_said(
    claude: Any, memory: eider.Eider, handlers: Callable[[], HookHandler]
) -> None:
    """It knows of them from disk alone: none of them says anything any more."""
    one, two = claude("one"), claude("two")
    one.exchanges("Good morning.", "Good morning.")
    two.exchanges("Hello.", "Hello.")
    said_later = ["The ferry leaves at nine.", "The ferry leaves at ten.", "The ferry is blue.", "The ferry is red."]
    for number, text in enumerate(said_later):
        (one, two)[number % 2].exchanges(text, f"Noted, {number}.", hook=False)
    later = handlers()
    later.warm()
    assert later.writer.flush(30)
    rows = memory.sql("SELECT text FROM episodes WHERE role = 'user' ORDER BY seq").rows
    assert [text for (text,) in rows] == ["Good morning.", "Hello.", *said_later]


def test_what_a_server_hears_too_late_is_read_from_the_transcript(claude: Any, memory: eider.Eider) -> None:
    """The server hung, or the machine slept: the client went on meanwhile, and its order counts."""
    session = claude()
    session.exchanges("First.", "One.")
    late = []
    for text in ("Second.", "Third."):
        session.asks(text, hook=False)
        late.append(session.event("UserPromptSubmit", prompt=text, eider_at=time.time() - 60))
        session.says("Yes.", hook=False)
    for event in reversed(late):
        assert session.handler.answer(event, float("inf")) == {}
    session.settled()
    rows = memory.sql("SELECT text FROM episodes WHERE role = 'user' ORDER BY seq").rows
    assert [text for (text,) in rows] == ["First.", "Second.", "Third."]


def test_a_window_that_is_open_keeps_the_server_and_one_that_is_gone_does_not(claude: Any) -> None:
    """As its process says, and for some hours after the last word at most."""
    session = claude()
    session.tell("Stop", eider_window=str(os.getpid()))
    known = session.handler.sessions.session_of(session.event("Stop"))
    assert session.handler.stays()
    known.used -= 86_400
    assert not session.handler.stays()
    known.used, known.window = time.time(), 2**22 + 1
    assert not session.handler.stays()


def test_nothing_is_kept_twice_whoever_tells_it(
    claude: Any, memory: eider.Eider, handlers: Callable[[], HookHandler]
) -> None:
    """By hook, by transcript, by a hook that is sent again, by another server that knows nothing yet."""
    session = claude()
    session.exchanges("Write the exporter.", "Done, indented with spaces.")
    session.tell("Stop", last_assistant_message="Done, indented with spaces.")
    session.exchanges(RULE, "Tabs it is.")
    for event in ("PreCompact", "SessionEnd"):
        session.tell(event)
    session.settled()
    for kept in (session.handler.sessions.folder).glob("*.json"):
        kept.unlink()  # as if the disk had been full
    later = claude("one", handler=handlers())
    later.starts("resume")
    later.exchanges("Thanks.", "Gladly.")
    assert set(said(memory).values()) == {1}
    assert len(said(memory)) == 6
    assert len(learned(memory)) == 1


def test_a_resumed_session_is_not_given_again_what_it_holds(claude: Any, handlers: Callable[[], HookHandler]) -> None:
    """Neither a new server nor a new client forgets what a conversation was given."""
    claude().exchanges(RULE, "Tabs it is.")
    before = claude("two")
    assert "tabs" in before.asks(ASKS)
    before.settled()
    again = claude("two", handler=handlers())
    assert again.asks("Fix the indentation of util.py as well") == ""


def test_an_answer_under_way_is_not_taken_for_the_last_word(claude: Any, memory: eider.Eider) -> None:
    """Compaction comes in the middle of a turn; what the agent says at its end is what is kept."""
    session = claude()
    session.asks("Write the exporter.")
    session.writes("assistant", [{"type": "text", "text": "I look at the files first."}])
    session.tell("PreCompact", trigger="auto")
    session.starts("compact")
    session.settled()
    session.says("Done, with tabs.")
    session.settled()
    assert said(memory) == {("user", "Write the exporter."): 1, ("agent", "Done, with tabs."): 1}


def test_a_reply_is_read_against_the_answer_that_another_server_heard(
    claude: Any, memory: eider.Eider, handlers: Callable[[], HookHandler]
) -> None:
    """What the agent said last is read from the transcript: it is kept nowhere else."""
    session = claude()
    session.exchanges("How do we name branches?", "I suggest that we name branches after tickets.")
    later = claude("one", handler=handlers())
    later.exchanges("No, name them after people instead.", "Understood.")
    assert said(memory)["agent", "I suggest that we name branches after tickets."] == 1
    again = claude("one", handler=handlers())
    again.starts("resume")
    again.settled()
    assert again.handler.sessions.session_of(again.event("Stop")).last.text == "Understood."


def test_what_is_older_than_a_day_is_left_to_an_import(claude: Any, memory: eider.Eider) -> None:
    """A session of last month that is resumed was not meant to be learned from."""
    session = claude()
    old = datetime.now(UTC) - timedelta(days=20)
    session.asks(RULE, hook=False, at=old)
    session.says("Tabs it is.", hook=False, at=old)
    session.exchanges("Write the exporter.", "Done.")
    assert set(said(memory)) == {("user", "Write the exporter."), ("agent", "Done.")}


def test_the_last_lines_of_a_session_are_read_after_its_end(claude: Any, memory: eider.Eider) -> None:
    """The client writes them while it ends, and no event follows."""
    session = claude()
    session.asks("Write the exporter.", hook=False)
    session.tell("SessionEnd", reason="other")
    session.settled()
    session.says("Done.", hook=False)
    assert session.handler.busy()
    session.handler.tidy()
    session.settled()
    assert said(memory) == {("user", "Write the exporter."): 1, ("agent", "Done."): 1}


def test_a_fork_brings_nothing_along(claude: Any, memory: eider.Eider) -> None:
    """What was said before it was kept under the session it was said in."""
    first = claude()
    first.exchanges(RULE, "Tabs it is.")
    fork = claude("fork")
    fork.transcript.write_bytes(first.transcript.read_bytes())
    fork.starts("fork")
    fork.exchanges("Write the exporter.", "Done.")
    assert set(said(memory).values()) == {1}


def test_what_is_said_while_nothing_may_be_learned_is_not_learned_later(
    claude: Any, memory: eider.Eider, project: Path
) -> None:
    """Neither in a project that is off, nor while writing is paused."""
    session = claude()
    (project / ".eider.toml").write_text("learn = false")
    session.exchanges(RULE, "Tabs it is.")
    (project / ".eider.toml").unlink()
    project_place.places.clear()
    session.exchanges("Write the exporter.", "Done.")
    assert set(said(memory)) == {("user", "Write the exporter."), ("agent", "Done.")}
    pauses.pause(str(config.home()), writes=True)
    session.exchanges("Never use semicolons in CSV exports.", "Understood.")
    pauses.resume(str(config.home()))
    session.exchanges("Thanks.", "Gladly.")
    assert not [text for _, text in said(memory) if "semicolons" in text]


def test_whether_words_may_be_learned_holds_from_when_they_were_said(
    claude: Any, memory: eider.Eider, project: Path
) -> None:
    """A server that is busy writes them when the project allows learning again."""
    session, started, go_on = claude(), threading.Event(), threading.Event()
    session.handler.writer.write_later(lambda: (started.set(), go_on.wait(30)))
    assert started.wait(30)
    (project / ".eider.toml").write_text("enabled = false")
    session.asks(RULE)
    session.says("Tabs it is.")
    session.tell("SessionEnd")
    (project / ".eider.toml").unlink()
    go_on.set()
    session.settled()
    session.handler.tidy()
    session.exchanges("Write the exporter.", "Done.")
    assert set(said(memory)) == {("user", "Write the exporter."), ("agent", "Done.")}


def test_a_hook_that_found_no_server_notes_that_nothing_may_be_learned(
    claude: Any, memory: eider.Eider, project: Path, tmp_path: Path, handlers: Callable[[], HookHandler]
) -> None:
    """The note goes with the transcript that the next server reads."""
    session = claude()
    session.exchanges("Write the parser.", "Done.")
    (project / ".eider.toml").write_text("learn = false")
    session.asks(RULE, hook=False)
    session.says("Tabs it is.", hook=False)
    tell_without_server(tmp_path / "home", session.event("UserPromptSubmit", prompt=RULE))
    (project / ".eider.toml").unlink()
    session.exchanges("Write the exporter.", "Done.", hook=False)
    after = handlers()
    after.warm()
    assert after.writer.flush(30)
    assert {text for role, text in said(memory) if role == "user"} == {"Write the parser.", "Write the exporter."}


def tell_without_server(home: Path, event: dict[str, Any]) -> None:
    """Run the command hook where it may not start a server."""
    (home / "run").mkdir(exist_ok=True)
    (home / "run" / hook.HUNG_FILE).touch()
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import hook; hook._is_lock_held = lambda home: True; hook.main()"
    )
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(Path(hook.__file__).parent)],
        env={**os.environ, "EIDER_HOME": str(home)}, input=json.dumps(event).encode(), check=True, timeout=60,
    )  # fmt: skip


def test_what_was_forgotten_does_not_come_back_from_the_transcript(
    claude: Any, memory: eider.Eider, handlers: Callable[[], HookHandler]
) -> None:
    """Its keys are known to be erased."""
    session = claude()
    session.exchanges("Remember that my locker is number 12.", "Noted.")
    for hit in memory.search(limit=50).items:
        if "locker" in hit.text and memory.search("locker").items:
            memory.forget(hit.id)
    for kept in session.handler.sessions.folder.glob("*.json"):
        kept.unlink()
    later = claude("one", handler=handlers())
    later.exchanges("Thanks.", "Gladly.")
    assert not [text for _, text in said(memory) if "locker" in text]


@pytest.mark.parametrize("broken", [
    b'{"type":"user"\n', b'{"type":"user","message":7,"promptId":"a"}\n', b'"type":"user"\n', b"\xff\xfe\x00\n",
    b'{"type":"assistant","message":null}\n', b'[{"type":"user"}]\n', b'{"type":"user","message":{"content":[1]},"promptId":[]}\n',
    b'{"type":"user","promptId":"p","message":{"content":"Hello there"}}',
])  # fmt: skip
def test_lines_that_cannot_be_read_are_passed_over(claude: Any, memory: eider.Eider, broken: bytes) -> None:
    """The format is the client's and may change; a line without its end is still being written."""
    session = claude()
    session.transcript.write_bytes(broken)
    session.tell("SessionEnd")
    session.settled()
    assert said(memory) == {}
    session.transcript.write_bytes(broken if broken.endswith(b"\n") else b"")
    session.exchanges("Write the exporter.", "Done.", hook=False)
    session.tell("SessionEnd")
    session.handler.tidy()
    session.settled()
    assert set(said(memory)) == {("user", "Write the exporter."), ("agent", "Done.")}


def test_a_transcript_that_became_shorter_is_read_from_its_beginning(claude: Any, memory: eider.Eider) -> None:
    session = claude()
    session.exchanges("Write the exporter. " + "Please. " * 200, "Done.")
    session.transcript.unlink()
    session.exchanges("Now the tests.", "Done as well.", hook=False)
    session.tell("SessionEnd")
    session.settled()
    assert ("user", "Now the tests.") in said(memory)


def test_the_file_of_a_session_holds_no_word_of_it(claude: Any, project: Path) -> None:
    """Ids, paths, places and counts, for this account alone; a forget has nothing to find there."""
    session = claude()
    session.exchanges(RULE, "Tabs it is.")
    (kept,) = session.handler.sessions.folder.glob("*.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert "tabs" not in kept.read_text().lower()
    assert set(json.loads(kept.read_text())) == {
        "v", "cwd", "transcript", "given", "heard", "told", "mark", "read", "since", "used", "window", "prompts", "injected_tokens",
        "recalled", "learned",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content", ["", "[]", '{"given": 7, "mark": "x", "heard": {}}', '{"mark": -1e400}', "{" * 2000]
)
def test_a_broken_file_of_a_session_starts_it_anew(claude: Any, memory: eider.Eider, content: str) -> None:
    """Keys keep it from doubling anything."""
    session = claude()
    session.handler.sessions.folder.mkdir(parents=True)
    (session.handler.sessions.folder / "one.json").write_text(content)
    session.exchanges("Write the exporter.", "Done.")
    assert len(said(memory)) == 2


def test_old_files_of_sessions_are_let_go(claude: Any) -> None:
    session = claude()
    session.exchanges("Write the exporter.", "Done.")
    (kept,) = session.handler.sessions.folder.glob("*.json")
    session.handler.sessions.prune()
    assert kept.exists()
    os.utime(kept, (0, 0))
    session.handler.sessions.prune()
    assert not kept.exists()


def test_a_session_that_changes_into_a_folder_stays_in_its_project(claude: Any, project: Path) -> None:
    """A project without a repository is where the session began; a repository inside, and a place beside it, are their own."""
    session = claude()
    known = session.handler.sessions.session_of(session.event("Stop"))
    (project / "src").mkdir()
    (project / "vendor" / ".git").mkdir(parents=True)
    for folder, expected in (("src", project), ("vendor", project / "vendor"), ("..", project / "..")):
        session.handler.sessions.session_of({**session.event("Stop"), "cwd": str(project / folder)})
        assert known.cwd == str(expected)
