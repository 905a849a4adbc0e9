"""`eider import claude-code`: old transcripts are brought in once, in the order of what was said, as imports."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from old_transcripts import ENGINE, RULE, SPRING

import eider
from eider.api.importers import ImportRequest, ImportResult
from eider.model.errors import InputError, PausedError, QueuedError, ServerUnreachableError
from eider_claude_hooks import backfill
from eider_claude_hooks.backfill import SOURCE
from eider_claude_hooks.project import places


@pytest.fixture
def bring(tmp_path: Path, memory: eider.Eider) -> Callable[..., ImportResult]:
    """Import all there is."""

    def call(told: Callable[[int, int], None] = lambda _done, _total: None, **wanted: Any) -> ImportResult:
        return SOURCE.bring(
            memory, ImportRequest(**{"path": tmp_path / "config", "tz": "Europe/Berlin", **wanted}), told
        )

    return call


def said(memory: eider.Eider) -> Counter[tuple[str, str]]:
    found = [hit.episode for hit in memory.search(limit=500).items if hit.episode is not None]
    return Counter((episode.role, episode.text) for episode in found)


def learned(memory: eider.Eider, **how: Any) -> list[Any]:
    return [hit.memory for hit in memory.search(limit=500, **how).items if hit.memory is not None]


def test_a_prompt_is_read_against_the_answer_before_it_and_keeps_its_time(
    old: Any, bring: Any, memory: eider.Eider
) -> None:
    """What is learned began when it was said, belongs to the project, and is an import."""
    session = old().asks("Write the exporter.").says("Done, indented with spaces.").asks(RULE).says("Tabs it is.")
    done = bring()
    (rule,) = learned(memory)
    assert (rule.text, rule.origin, rule.trust) == ("always indent with tabs in this project.", "import", 1)
    assert (rule.scope, rule.agent) == (ENGINE, "default")
    assert rule.valid_from == SPRING + timedelta(minutes=3)
    found = [hit.episode for hit in memory.search(limit=50).items if hit.episode is not None]
    assert {(e.role, e.at.minute, e.origin) for e in found} == {
        ("user", 1, "import"), ("agent", 2, "agent"), ("user", 3, "import"), ("agent", 4, "agent"),
    }  # fmt: skip
    assert {(e.tz, e.session) for e in found} == {("Europe/Berlin", session.id)}
    assert all(e.metadata == {"scope": ENGINE, "host": "claude-code", "branch": "main"} for e in found)
    (project,) = done.projects
    assert (project.scope, project.sessions, project.exchanges, project.learned) == (ENGINE, 1, 2, 1)
    assert (done.episodes, done.memories, done.skipped, done.refused) == (4, 1, 0, ())
    assert done.examples == (rule.text,)


def test_importing_twice_adds_nothing(old: Any, bring: Any, memory: eider.Eider) -> None:
    old().asks("Write the exporter.").says("Done, indented with spaces.").asks(RULE).says("Tabs it is.")
    bring()
    before = said(memory)
    done = bring()
    assert said(memory) == before
    assert len(learned(memory)) == 1
    assert (done.episodes, done.memories, done.skipped) == (0, 0, 4)
    assert done.projects[0].known == 2


def test_what_hooks_have_told_is_not_brought_in_again(
    claude: Any, bring: Any, memory: eider.Eider, tmp_path: Path
) -> None:
    """And what an import has brought, hooks do not learn again when the session is resumed."""
    session = claude()
    session.exchanges("Write the exporter.", "Done, indented with spaces.")
    session.exchanges(RULE, "Tabs it is.")
    os.utime(session.transcript, (0, 0))
    done = bring(path=session.transcript)
    assert (done.episodes, done.memories, done.skipped) == (0, 0, 4)
    later = claude("two")
    later.exchanges("How do we name branches?", "After tickets, I suggest.", hook=False)
    later.exchanges("No, name them after people instead.", "Understood.", hook=False)
    os.utime(later.transcript, (0, 0))
    assert bring(path=later.transcript).episodes == 4
    later.starts("resume")
    later.settled()
    assert set(said(memory).values()) == {1}
    assert sum("people" in m.text for m in learned(memory)) == 1
    assert {m.trust for m in learned(memory) if "people" in m.text} == {1}


def test_what_no_person_said_is_not_taken_for_a_prompt(old: Any, bring: Any, memory: eider.Eider) -> None:
    """The client's own prompts, side conversations, what tools returned, notes and summaries."""
    session = old().asks("Write the exporter.").uses("WebFetch").says("Done.")
    session.asks("<task-notification>Always use spaces.</task-notification>").says("I see.")
    session.asks("Always use semicolons.", isSidechain=True).says("A side answer.", isSidechain=True)
    session.asks("Always use commas.", isMeta=True)
    session.asks("Always use colons.", isCompactSummary=True)
    session.asks("Always use dots.", promptSource="system")
    session.asks("<command-name>/compact</command-name>").asks("/review always use dashes").says("Reviewed.")
    done = bring()
    assert {text for role, text in said(memory) if role == "user"} == {"Write the exporter."}
    assert {text for role, text in said(memory) if role == "agent"} == {"Done.", "I see.", "Reviewed."}
    assert learned(memory) == []
    assert done.left_out == {"not a person's": 3, "slash commands": 1}


def test_what_the_agent_said_of_pages_is_believed_no_more_than_pages(old: Any, bring: Any, memory: eider.Eider) -> None:
    old().asks("Read the page.").uses("WebFetch").says("The page says so.").asks("Go on.").says("Done.")
    bring()
    origins = {h.episode.text: h.episode.origin for h in memory.search(limit=50).items if h.episode is not None}
    assert (origins["The page says so."], origins["Done."]) == ("tool", "agent")


def test_private_passages_are_brought_in_nowhere(old: Any, bring: Any, memory: eider.Eider, tmp_path: Path) -> None:
    """Neither the passage nor what of it the agent repeats, nor as an example."""
    old().asks("Remember my pin. <private>It is 471188.</private>").says("Noted, 471188.").asks(
        "<private>Always call me Zebulon.</private>"
    ).says("Yes.")
    shown = bring(dry_run=True)
    done = bring()
    texts = " ".join(text for _, text in said(memory)) + " ".join(m.text for m in learned(memory)) + str((shown, done))
    assert "471188" not in texts
    assert "Zebulon" not in texts
    assert done.left_out == {"private": 1}


def test_copies_in_a_fork_are_not_brought_in_again(old: Any, bring: Any, memory: eider.Eider) -> None:
    """The fork's own prompt is, read against the answer that it copied."""
    first = old().asks("Write the exporter.").says("Done, indented with spaces.")
    fork = first.fork()
    fork.line("user", RULE, promptId=fork.prompt, promptSource="sdk").says("Tabs it is.")
    done = bring()
    assert set(said(memory).values()) == {1}
    assert len(said(memory)) == 4
    assert done.left_out == {"copies in forked sessions": 1}
    (rule,) = learned(memory)
    keys = {h.episode.key for h in memory.search(limit=50).items if h.episode is not None and h.episode.text == RULE}
    assert keys == {f"claude-code:{fork.id}:{fork.prompt}:user"}
    assert rule.scope == ENGINE


def test_forks_whose_original_is_gone_bring_what_it_said_once(old: Any, bring: Any, memory: eider.Eider) -> None:
    """However many there are, and not at all where the original was heard of while it was there."""
    first = old().asks("Write the exporter.").says("Done, indented with spaces.").asks(RULE).says("Tabs it is.")
    for answer in ("One.", "Two."):
        first.fork().asks(f"Go on with {answer}").says(answer)
    first.path.unlink()
    bring()
    bring()
    assert set(said(memory).values()) == {1}
    assert len(said(memory)) == 8
    other = old(at=SPRING + timedelta(days=1)).asks("Name the branches.").says("After tickets.")
    bring()
    other.fork().asks("And the tags?").says("By date.")
    other.path.unlink()
    bring()
    assert set(said(memory).values()) == {1}
    assert ("user", "Name the branches.") in said(memory)


def test_older_clients_gave_prompts_no_id(old: Any, bring: Any, memory: eider.Eider) -> None:
    session = old()
    for prompt, answer in (("Write the exporter.", "Done, indented with spaces."), (RULE, "Tabs it is.")):
        session.line("user", prompt).says(answer)
    bring()
    bring()
    assert len(said(memory)) == 4
    assert set(said(memory).values()) == {1}
    assert len(learned(memory)) == 1


def test_all_files_are_read_in_the_order_of_what_was_said(old: Any, bring: Any, memory: eider.Eider) -> None:
    """What was said last holds, in whichever file it stands; the older one ends there."""
    old(at=SPRING + timedelta(days=30), name="a").asks("My phone is a Pixel now.").says("Congratulations.")
    old(at=SPRING, name="b").asks("My phone is a Fairphone.").says("I see.")
    bring()
    found = {m.text: (m.valid_from, m.valid_to) for m in learned(memory, status="superseded") + learned(memory)}
    older, newer = (next(v for k, v in found.items() if name in k) for name in ("Fairphone", "Pixel"))
    assert older[1] == newer[0] == SPRING + timedelta(days=30, minutes=1)
    assert newer[1] is None


def test_what_is_known_since_is_not_overwritten_by_what_was_said_before(
    old: Any, bring: Any, memory: eider.Eider
) -> None:
    """An older fact enters as one that is in doubt, and asks for nothing of the newer one."""
    memory.observe(user_reply="I work at Globex.")
    (known,) = learned(memory)
    old().asks("I work at Initech.").says("I see.")
    bring()
    assert memory.recall("Where do I work?", kinds=["fact"])[0].text == "I work at Globex."
    (older,) = [m for m in learned(memory, as_of=SPRING + timedelta(days=1)) if "Initech" in m.text]
    assert older.doubt is not None
    assert older.doubt.by == known.id
    assert memory.recall("Where do I work?", kinds=["fact"])[0].memory.doubt is None


def test_what_was_imported_guides_once_it_is_said_again(old: Any, bring: Any, memory: eider.Eider) -> None:
    """Recall shows it before."""
    old().asks("Write the exporter.").says("Done, indented with spaces.").asks(RULE).says("Tabs it is.")
    bring()
    assert "tabs" in memory.recall("How do we indent?", kinds=["rule"])[0].text
    assert memory.policy(scopes=[ENGINE]).text == ""
    memory.observe(agent_output="Done with spaces.", user_reply=RULE, scope=ENGINE)
    assert "tabs" in memory.policy(scopes=[ENGINE]).text


def test_a_dry_run_tells_all_and_keeps_nothing(old: Any, bring: Any, memory: eider.Eider) -> None:
    old().asks("Write the exporter.").says("Done, indented with spaces.").asks(RULE).says("Tabs it is.")
    done = bring(dry_run=True)
    assert said(memory) == {}
    assert learned(memory) == []
    assert (done.dry_run, done.exchanges, done.episodes, done.memories) == (True, 2, 4, 1)
    assert done.examples == ("always indent with tabs in this project.",)
    bring()
    again = bring(dry_run=True)
    assert (again.episodes, again.memories, again.skipped, again.projects[0].known) == (0, 0, 4, 2)


def test_an_import_that_was_cut_off_goes_on_where_it_was(
    old: Any, bring: Any, memory: eider.Eider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whichever turn; nothing is missing and nothing is doubled."""
    monkeypatch.setattr(backfill, "BATCH", 1)
    for number in range(3):
        old(at=SPRING + timedelta(days=number)).asks("Write the exporter.", uuid=f"{number}").says("With spaces.").asks(
            f"No, always use {number} tabs in this project."
        ).says("Yes.")

    def cut(at: int) -> Callable[[int, int], None]:
        def told(done: int, total: int) -> None:
            if done == at and done < total:
                raise KeyboardInterrupt

        return told

    for at in range(6):
        with pytest.raises(KeyboardInterrupt):
            bring(cut(at))
    done = bring()
    assert done.skipped == 10
    assert sum(said(memory).values()) == 12
    assert len([h for h in memory.search("tabs", kinds=["episode"]).items if h.episode is not None]) == 3


def test_only_what_is_wanted_is_brought_in(old: Any, bring: Any, memory: eider.Eider, project: Path) -> None:
    """By project and by time; the first prompt is read against what came before it."""
    old(Path("/home/ada/other")).asks("Other things.").says("Yes.")
    here = old(project).asks("Write the exporter.").says("Done, indented with spaces.")
    done = bring(project=project, since=here.at)
    assert (done.exchanges, done.left_out) == (0, {"of other projects": 1, "older": 1})
    here.asks(RULE).says("Tabs it is.")
    done = bring(project=project, since=here.at - timedelta(minutes=1))
    assert set(said(memory)) == {("agent", "Done, indented with spaces."), ("user", RULE), ("agent", "Tabs it is.")}
    (rule,) = learned(memory)
    assert rule.scope == eider.project_scope(project)


def test_the_scope_is_that_of_the_remote_where_the_directory_still_is(
    old: Any, bring: Any, memory: eider.Eider, project: Path
) -> None:
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    subprocess.run(["git", "-C", str(project), "remote", "add", "origin", "git@example.org:Ada/Engine.git"], check=True)
    (project / "src").mkdir()
    places.clear()
    old(project / "src").asks("Write the exporter.").says("Spaces.").asks(RULE).says("Tabs.")
    bring()
    assert {m.scope for m in learned(memory)} == {"project:example.org/ada/engine"}


def test_a_project_that_learns_nothing_is_left_out(old: Any, bring: Any, memory: eider.Eider, project: Path) -> None:
    (project / ".eider.toml").write_text("learn = false")
    places.clear()
    old(project).asks(RULE).says("Tabs it is.")
    assert bring().left_out == {"of projects that learn nothing": 1}
    assert said(memory) == {}


def test_a_turn_that_is_under_way_is_left_to_its_session(old: Any, bring: Any, memory: eider.Eider) -> None:
    """Its last words are not there yet; once they are, or nobody writes any more, it is brought in."""
    session = old().asks("Write the exporter.").says("Done.").asks("Now the tests.")
    session.line("assistant", [{"type": "text", "text": "I look first."}])
    os.utime(session.path)
    assert bring().left_out == {"still under way": 1}
    assert len(said(memory)) == 2
    session.says("Tests are there.")
    os.utime(session.path)
    bring()
    assert said(memory)["agent", "Tests are there."] == 1
    assert len(said(memory)) == 4


def test_what_cannot_be_read_is_named_and_the_rest_is_brought_in(old: Any, bring: Any, memory: eider.Eider) -> None:
    session = old().asks("Write the exporter.")
    with session.path.open("ab") as file:
        file.write(b'{"type":"user","message":\n\xff\xfe\x00\n{"type":"assistant","message":7}\n{"type":"mode"}\n\n')
        file.write(b'{"type":"user","toolUseResult":"' + b"x" * (5 << 20) + b'"}\n')
    session.says("Done.").asks("No time.", timestamp="yesterday").says("Nor here.", timestamp=None)
    (session.path.parent / "folder.jsonl").mkdir()
    done = bring()
    assert set(said(memory)) == {("user", "Write the exporter."), ("agent", "Done.")}
    assert [line.rpartition("/")[2] for line in done.refused] == [
        f"{session.id}.jsonl, line 2: no line of a transcript",
        f"{session.id}.jsonl, line 3: no line of a transcript",
        "folder.jsonl: cannot be read (Is a directory)",
    ] or len(done.refused) == 3
    assert done.left_out == {"lines of more than 4 MB": 1, "without a time": 1}


def test_what_was_forgotten_stays_forgotten(old: Any, bring: Any, memory: eider.Eider) -> None:
    old().asks("Remember that my locker is number 12.").says("Noted.")
    bring()
    for hit in memory.search(limit=50).items:
        if "locker" in hit.text and memory.search("locker").items:
            memory.forget(hit.id)
    done = bring()
    assert not [text for _, text in said(memory) if "locker" in text]
    assert done.left_out == {"forgotten": 1}


def test_secrets_are_shown_and_kept_nowhere(old: Any, bring: Any, memory: eider.Eider) -> None:
    secret = "AKIA" + "QZ7RTW2MXNVB4KLD"
    old().asks(f"Always use the key {secret} for uploads.").says("Yes.")
    shown = bring(dry_run=True)
    assert shown.memories == 1
    assert secret not in str(shown)
    assert secret not in str(bring())
    assert not [text for _, text in said(memory) if secret in text]


def test_where_nothing_is_that_is_said(bring: Any, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    with pytest.raises(InputError, match="holds no transcripts of Claude Code"):
        bring()


@pytest.mark.parametrize(
    ("error", "told"),
    [(PausedError(None), PausedError), (QueuedError("record", "k", "nobody answers"), ServerUnreachableError)],
)
def test_what_keeps_an_import_from_going_on_is_told(
    old: Any, bring: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, told: type[Exception]
) -> None:
    """A pause, and a server that is gone: neither is passed over."""
    old().asks("Write the exporter.").says("Done.")

    def fails(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(eider.Eider, "record_many", fails)
    with pytest.raises(told):
        bring()
