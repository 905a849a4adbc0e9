"""The command line as a client of the server: by hand and through the commands, the same to the byte."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from click.testing import CliRunner
from homes import PATIENCE, Home, until

import eider
from eider.api.open import release
from eider.cli import fast_path
from eider.cli.app import cli
from eider.client import pauses
from eider.client.client import Client

pytestmark = pytest.mark.slow
SCRIPT = str(Path(sys.executable).with_name("eider"))
FRAMEWORK = {"click", "numpy", "duckdb", "lancedb", "rich", "json", "re", "dataclasses", "typing", "datetime", "pathlib",
             "contextlib", "asyncio", "textwrap", "eider.model.errors", "eider.model.values", "eider.model.config"}  # fmt: skip
Told = tuple[int, str, str]


@pytest.fixture(scope="module")
def lived() -> Iterator[Home]:
    """A home with a store that has something of everything, behind its server."""
    with pytest.MonkeyPatch.context() as patch:
        home = Home()
        for name, content in (("EIDER_HOME", str(home)), ("EIDER_SERVER", "auto"), ("EIDER_USER", "ada")):
            patch.setenv(name, content)
        with eider.open("default", user="ada") as memory:
            memory.remember("Prefers snake_case in Python, " + "and says so at length, " * 9, kind="preference")
            memory.remember(
                "Rule of 絨鴨: \u202eask first.", kind="rule", scope="project:alpha", importance=5, pinned=True
            )
            memory.remember("Was in Rome.", kind="context", valid_from="2026-01-02", valid_to="2026-01-09")
            old = memory.remember("Deploys on Tuesday.", kind="decision", valid_from="2020")
            memory.correct(old.id, "Deploys on Thursday.")
            memory.record("The ferry leaves at ten.", session="s", at="2026-05-04T10:00", tz="Europe/Lisbon",
                          metadata={"at": "2026-05-04T10:00:00+00:00", "n": 0.12345678})  # fmt: skip
            memory.record("https://example.org/" + "long" * 40, role="agent")
        yield home
        home.close()


@pytest.fixture
def here(lived: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """That home as the environment names it."""
    for name, content in (("EIDER_HOME", str(lived)), ("EIDER_SERVER", "auto"), ("EIDER_USER", "ada")):
        monkeypatch.setenv(name, content)
    return lived


def by_hand(args: list[str]) -> Told | None:
    """Code, stdout and stderr of the hot path; None when it left the call to the command."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = fast_path.run(args)
    told = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return None if code is None else (code, told[0], told[1])


def by_command(args: list[str]) -> Told:
    """The same of the command."""
    result = CliRunner().invoke(cli, args)
    return result.exit_code, result.stdout, result.stderr


def script(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The console script; returns only when whoever has its stdout and stderr is gone."""
    return subprocess.run(
        [SCRIPT, *args],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["human", "json"])
@pytest.mark.parametrize(
    "args",
    [
        ["recall", "snake_case"], ["recall", "deploys", "on", "which", "day"], ["recall", "ferry", "--brief"],
        ["recall", "ask", "--limit", "1"], ["recall", "deploys", "--as-of", "2021"], ["recall", "Rome", "-n", "2"],
        ["recall", "deploys", "--kind", "decision", "--kind", "episode"], ["recall", "ferry", "--origin", "user"],
        ["recall", "ferry", "--since", "2026-05", "--until", "2026-06"], ["recall", "ferry", "--session", "s"],
        ["recall", "ask", "--scope", "project:alpha"], ["recall", "ferry", "--budget", "20"],
        ["recall", "ferry", "--tz", "Asia/Kolkata"],
        ["inject", "how", "do", "I", "name", "it: snake_case?"], ["inject", "capital of Australia"],
        ["inject", "when are the deploys?", "--budget", "10"], ["inject", "ferry?", "--session", "s", "--scope", "global"],
        ["search"], ["search", "ferry"], ["search", "--limit", "2"], ["search", "--limit", "2", "--offset", "2"],
        ["search", "--kind", "rule"], ["search", "--status", "superseded"],
        ["search", "--offset", "900"], ["remember", "Takes the early ferry.", "--key", "k:1"],
        ["remember", "Uses tabs.", "--kind", "rule", "--scope", "project:b", "--importance", "4", "--pinned", "--key", "k:2"],
        ["remember", "Was in Oslo.", "--valid-from", "2026-02", "--valid-to", "2026-03", "--key", "k:3"],
        ["remember", "Said by an agent.", "--as-agent", "--key", "k:4"], ["remember", "--key=k:5", "--", "-5", "degrees"],
        ["record", "It rains.", "--key", "k:6"], ["record", "A reply.", "--role", "agent", "--key", "k:7"],
        ["record", "Said then.", "--at", "2026-05-04T10:00", "--tz", "Asia/Kolkata", "--session", "t", "--key", "k:8"],
        ["record", "Also.", "--speaker", "Grace", "--role", "other", "--key", "k:9"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_both_ways_print_the_same(here: Home, args: list[str], form: list[str]) -> None:
    """Exit code, stdout and stderr are equal to the byte; a key makes a write the same write."""
    before, quick, after = by_command([*args, *form]), by_hand([*args, *form]), by_command([*args, *form])
    assert quick is not None
    assert quick[0] == 0, quick
    assert quick in (before, after)  # a score may round differently a moment later


@pytest.mark.parametrize(
    "args",
    [
        ["recall", "x", "--user", "bob"], ["recall", "deploys", "--known-at", "2019"], ["search", "--scope", "project:none"],
        ["recall", "deploys", "--since", "yesterday"], ["recall", "x", "--as-of", "yesterday-ish"], ["recall", "x", "--tz", "No/Land"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_wants_explaining_is_left_to_the_command(here: Home, args: list[str]) -> None:
    """Nothing found, a time in words, a mistake: the quick way prints nothing and lets the command speak."""
    assert by_hand(args) is None
    assert by_command(args)[0] in (0, 2)


def test_the_server_is_shown_the_same_in_both_ways(here: Home) -> None:
    """Every line but those of time and memory, which go on."""
    quick, slow = by_hand(["status"]), by_command(["status"])
    assert quick is not None
    passing = ("server", "memory")
    for told in (quick, slow):
        assert told[0] == 0
        assert [line.split()[0] for line in told[1].splitlines()] == [
            "server",
            "memory",
            "stores",
            "jobs",
            "home",
            "spool",
            "paused",
        ]
    same = [[line for line in told[1].splitlines() if not line.startswith(passing)] for told in (quick, slow)]
    assert same[0] == same[1]
    found = [json.loads(told[1]) for told in (by_hand(["status", "--json"]) or quick, by_command(["status", "--json"]))]
    assert list(found[0]) == list(found[1])
    assert found[0]["pid"] == found[1]["pid"]


@pytest.mark.parametrize(
    "args",
    [
        ["remember", "x", "--valid-from", "2026-13"], ["record", "x", "--at", "tomorrow", "--key", "bad"],
        ["remember", "x", "--user", "AKIA" + "QZ7RTW2MXNVB4KLD"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_both_ways_refuse_the_same(here: Home, args: list[str]) -> None:
    """One line on stderr, without the secret that was typed, and the same exit code."""
    told = by_hand(args)
    assert told == by_command(args)
    assert told is not None
    assert told[0] == 2
    assert told[2].count("\n") == 1
    assert "AKIA" + "QZ7RTW2MXNVB4KLD" not in told[2]


def test_a_pause_is_told_in_both_ways(here: Home) -> None:
    """A paused write is refused by name and fix, with code 4."""
    pauses.pause(str(here), writes=True)
    try:
        told = by_hand(["remember", "x"])
        assert told == by_command(["remember", "x"])
    finally:
        pauses.resume(str(here))
    assert told is not None
    assert told[0] == 4
    assert "eider resume" in told[2]


def test_the_hot_path_loads_no_framework(here: Home) -> None:
    """The console script's own way to an answer imports neither the framework nor a database."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "from eider.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    code = end.code\n"
        f"print('loaded', code, sorted({FRAMEWORK!r} & (set(sys.modules) - before)), file=sys.stderr)"
    )
    for args in (["--version"], ["status"], ["recall", "ferry"], ["search"], ["inject", "ferry"], ["search", "--json"],
                 ["remember", "Hot.", "--key", "hot:1"], ["record", "Hot.", "--key", "hot:2", "--json"]):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.stderr.splitlines()[-1:] == ["loaded 0 []"], (args, done.stderr)
        assert done.stdout or "silent: " in done.stderr, args


def test_whoever_starts_the_server_gets_its_stdout_back(home: Home) -> None:
    """`out=$(eider recall x)` returns although the server that it started goes on."""
    line = f'out=$("{SCRIPT}" remember "Takes the early ferry."); "{SCRIPT}" recall ferry --brief | cat'
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert (done.stdout, done.stderr) == ("Takes the early ferry.\n", "")
    assert len(home.servers()) == 1


def test_a_reader_who_goes_away_is_no_drama(home: Home) -> None:
    """The hot path ends with 141 and says nothing."""
    with eider.open("default", user="ada") as memory:
        memory.remember_many([f"Statement number {n} of very many." for n in range(2_000)])
    process = subprocess.Popen(
        [SCRIPT, "--user", "ada", "search", "--limit", "2000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=PATIENCE) == 141


def test_a_missing_store_is_told_and_not_made(home: Home) -> None:
    """Reading what was never written starts no server and makes no directory."""
    done = script("recall", "anything")
    assert done.returncode == 3
    assert "no store at" in done.stderr
    assert not home.servers()
    assert not (home.path / "stores" / "default.eider").exists()


def test_what_waits_in_the_spool_is_said_to_wait(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that nobody answers is queued with code 0, says so once, and is found when the server is back."""
    home.start()
    monkeypatch.setitem(Client.__init__.__kwdefaults__, "timeout", 0.3)
    (pid,) = home.servers()
    os.kill(pid, signal.SIGSTOP)
    try:
        human = by_hand(["remember", "Takes the early ferry.", "--user", "ada"])
        line = by_hand(["record", "It rains.", "--user", "ada", "--key", "host:1", "--json"])
    finally:
        os.kill(pid, signal.SIGCONT)
    assert human is not None
    assert line is not None
    assert (human[0], human[1], human[2].count("\n")) == (0, "", 1)
    assert "queued" in human[2]
    assert line[:2] == (0, '{"status": "queued", "key": "host:1"}\n')
    found = script("recall", "ferry", "--brief", "--user", "ada")
    assert (found.returncode, found.stdout.splitlines()[:1]) == (0, ["Takes the early ferry."])


def test_a_command_says_that_its_write_waits(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that go the long way tell it in the same words, whatever the verb."""
    with eider.open("default", user="ada") as memory:
        kept = memory.remember("Takes the early ferry.")
    monkeypatch.setattr(Client, "call", lambda *_, **__: {"status": "queued", "key": "auto:1", "why": "nobody answers"})
    for args in (["remember", "x"], ["reinforce", kept.id], ["correct", kept.id, "y"]):
        code, out, err = by_command([*args, "--user", "ada", "--json"])
        assert (code, out) == (0, '{"status": "queued", "key": "auto:1"}\n'), args
        assert err.startswith("eider: queued: ")
        assert err.count("\n") == 1
    assert by_hand(["remember", "x", "--user", "ada", "--json"]) == by_command(
        ["remember", "x", "--user", "ada", "--json"]
    )


def test_stores_are_managed_beside_a_running_server(home: Home, tmp_path: Path) -> None:
    """Made, listed, published, verified, rebuilt and removed, while the server has them open."""
    for args in (["store", "create", "work"], ["--store", "work", "remember", "One fact.", "--user", "ada"],
                 ["store", "publish", "work", str(tmp_path / "snap.eider")], ["--store", "work", "verify", "--deep"],
                 ["--store", "work", "rebuild"], ["--store", "work", "verify", "--accept-loss"], ["store", "use", "work"],
                 ["--store", "work", "recall", "fact", "--user", "ada"]):  # fmt: skip
        done = script(*args)
        assert done.returncode == 0, (args, done.stderr)
    (pid,) = home.servers()
    shown = script("store", "list").stdout
    assert "work *" in shown
    assert f"open in process {pid}" in shown
    assert script("store", "remove", "work", "--yes").returncode == 0
    assert not (home.path / "stores" / "work.eider").exists()
    assert home.servers() == [pid]
    assert script("--store", "work", "recall", "fact").returncode == 3
    assert script("--store", "work", "remember", "Another fact.", "--user", "ada").returncode == 0


def test_a_listing_takes_no_lock_from_a_running_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store the server has yet to open is looked at from outside only."""
    with eider.open("work", user="ada"):
        pass
    until(home.client().is_running, "the server")
    release(home.path / "stores" / "work.eider")

    def locked(*_: object, **__: object) -> None:
        raise AssertionError("a lock was taken")

    monkeypatch.setattr("eider.store.open.OwnerLock", locked)
    code, out, err = by_command(["store", "list", "--json"])
    assert (code, err) == (0, "")
    assert '"name": "work"' in out


def test_a_store_that_waits_in_the_spool_is_no_missing_one(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was queued before any server ran is delivered before a reader is told that there is nothing."""
    with monkeypatch.context() as alone:
        alone.setattr(Client, "_connect", _nobody)
        alone.setattr("eider.client.spawn.ensure_server", lambda *_: None)
        alone.setitem(Client.__init__.__kwdefaults__, "timeout", 0.1)
        assert by_hand(["remember", "Takes the early ferry.", "--user", "ada"]) is not None
    assert not home.servers()
    assert script("recall", "ferry", "--brief", "--user", "ada").stdout == "Takes the early ferry.\n"


def _nobody(*_: object) -> None:
    raise ConnectionRefusedError
