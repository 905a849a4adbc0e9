"""What the hot verbs read by hand, and what they leave to the commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eider.api.wire import encode
from eider.cli import fast_args, fast_path, formatting, output
from eider.cli.app import cli
from eider.model import clock, config, validation, values
from eider.model.answers import Why
from eider.model.score_text import reasons

FRAMEWORK = (
    "click",
    "numpy",
    "duckdb",
    "lancedb",
    "rich",
    "json",
    "re",
    "dataclasses",
    "typing",
    "datetime",
    "pathlib",
)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a store that a server would hold; asking it is not part of these tests."""
    monkeypatch.setenv("EIDER_SERVER", "auto")
    monkeypatch.setenv("TZ", "UTC")
    folder = config.store_path("default")
    folder.mkdir(parents=True)
    (folder / "CURRENT").write_text("x")
    return folder


def own_options(verb: str) -> dict[str, click.Option]:
    """Options of a command by the names they are typed with."""
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    return {name: p for p in command.params if isinstance(p, click.Option) for name in (*p.opts, *p.secondary_opts)}


@pytest.mark.parametrize("verb", fast_args.VERBS)
def test_the_tables_say_what_the_commands_say(verb: str) -> None:
    """Each option that is read by hand exists, fills the same field and takes the same."""
    options = own_options(verb)
    for name, (field, takes) in {**fast_args.GLOBALS, **fast_args.VERBS[verb][2]}.items():
        option = options[name]
        assert option.name == field, name
        assert option.is_flag == (takes == fast_args.FLAG), name
        assert option.multiple == (takes == fast_args.MANY or takes[0] == fast_args.MANY), name  # type: ignore[index]
        if isinstance(option.type, click.Choice):
            words = takes[1:] if option.multiple else takes  # type: ignore[index]
            assert tuple(option.type.choices) == tuple(words), name  # type: ignore[arg-type]
        assert (option.type.name in {"integer", "integer range"}) == isinstance(takes[0], int), name  # type: ignore[index]


def test_the_words_are_those_of_the_values() -> None:
    """What is written down again for speed is what the library knows."""
    assert (fast_args.KINDS, fast_args.ROLES, fast_args.ORIGINS) == (values.KINDS, values.ROLES, values.ORIGINS)
    assert fast_args.STATUSES == validation.STATUSES
    assert fast_args.MAX_NAME == validation.MAX_NAME
    assert fast_args.VERBS["remember"][1] == validation.MAX_STATEMENT
    assert fast_args.VERBS["record"][1] == validation.MAX_TEXT


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["recall", "a", "b"], ("recall", {}, "a b")),
        (["--json", "--user", "bob", "recall", "a"], ("recall", {"json": True, "user": "bob"}, "a")),
        (["--user", "bob", "recall", "a", "--user=ada"], ("recall", {"user": "ada"}, "a")),
        (["recall", "-n", "3", "a", "--scope", "x", "--scope=y"], ("recall", {"limit": 3, "scopes": ["x", "y"]}, "a")),
        (["search"], ("search", {}, "")),
        (["search", "--kind", "rule", "--kind", "episode"], ("search", {"kinds": ["rule", "episode"]}, "")),
        (["remember", "--", "-5", "degrees"], ("remember", {}, "-5 degrees")),
        (["remember", "x", "--pinned", "--importance", "5"], ("remember", {"pinned": True, "importance": 5}, "x")),
        (["record", "x", "--role=agent", "--key", "a:1"], ("record", {"role": "agent", "key": "a:1"}, "x")),
    ],
)
def test_plain_arguments_are_read(args: list[str], expected: object) -> None:
    """Options before and after the verb, with or without an equals sign, repeated where that is meant."""
    assert fast_args.parse(args) == expected


@pytest.mark.parametrize(
    "args",
    [
        [], ["--help"], ["--json"], ["recall"], ["recall", "--help"], ["recall", "x", "-h"], ["recall", "-"], ["recall", " "],
        ["recal", "x"], ["history", "mem_1"], ["store", "list"], ["--version", "recall"], ["recall", "x", "--verbose"],
        ["recall", "x", "-v"], ["recall", "x", "--progress"], ["recall", "x", "--colour", "red"], ["recall", "x", "--limit"],
        ["recall", "x", "--limit", "0"], ["recall", "x", "--limit", "ten"], ["recall", "x", "--limit", "-1"],
        ["recall", "x", "--limit", "10001"], ["recall", "x", "-n3"], ["recall", "x", "-n=3"], ["recall", "x", "--limit", "٣"],
        ["recall", "x", "--kind", "odd"], ["recall", "x", "--layer", "a.eider"], ["recall", "x", "--now", "2026"],
        ["recall", "x", "--brief=yes"], ["recall", "x", "--scope", ""], ["recall", "x", "--scope", "a\nb"],
        ["recall", "x", "--user", "n" * 257], ["recall", "caf\udce9"], ["remember", "-", "--lines"], ["remember", "-5 degrees"],
        ["remember", "x", "--importance", "6"], ["remember", "x" * 20_001], ["record", "x", "--metadata", "{}"],
        ["record", "-", "--jsonl"], ["record", "x", "--role", "cat"], ["recall", "--", "-"], ["--", "recall", "x"],
    ],
)  # fmt: skip
def test_doubt_is_left_to_the_command(args: list[str]) -> None:
    """Mistakes, stdin, and what the tables do not hold: nothing is read."""
    assert fast_args.parse(args) is None


def test_a_plain_call_is_placed(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store, user, agent, ceiling and zone are what the command would find."""
    monkeypatch.setenv("EIDER_ORIGIN", "user")
    said: dict[str, Any] = {"as_agent": True, "user": "bob"}
    place = fast_path.client_arguments("recall", said)
    assert place == {
        "store": str(shared), "user": "bob", "agent": "default", "max_trust": "agent", "home_folder": str(config.home())
    }  # fmt: skip
    assert said == {"tz": clock.local_zone()}
    assert fast_path.client_arguments("inject", {}) == {**place, "user": config.default_user(), "max_trust": "user"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("EIDER_SERVER", "off"), ("EIDER_ORIGIN", "root"), ("EIDER_STORE", "./mine.eider"), ("EIDER_STORE", "../up"),
        ("EIDER_STORE", "https://memory.example.org"), ("EIDER_STORE", "a&b"), ("EIDER_STORE", "nowhere"), ("EIDER_USER", " "),
        ("EIDER_AGENT", "n" * 257), ("TZ", "Nowhere/Land"), ("TZ", "+02:00"), ("TZ", "../../etc/passwd"),
    ],
)  # fmt: skip
def test_an_unusual_place_is_left_to_the_command(
    shared: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    """A store that is no shared one or not there, settings nobody knows, zones that need a closer look."""
    monkeypatch.setenv(name, content)
    assert fast_path.client_arguments("recall", {}) is None


@pytest.mark.parametrize("content", ["{", "[]", '{"store": 1}', "\xff"])
def test_a_broken_settings_file_is_left_to_the_command(shared: Path, content: str) -> None:
    """The command says what is wrong with it."""
    (config.home() / "config.json").write_bytes(content.encode("latin-1"))
    assert fast_path.client_arguments("recall", {}) is None


def test_settings_count_where_nothing_is_said(shared: Path) -> None:
    """The file decides about store, user, agent and zone."""
    given = {"store": "default", "user": "ada", "agent": "claude", "tz": "Europe/Lisbon"}
    (config.home() / "config.json").write_text(json.dumps(given))
    said: dict[str, Any] = {}
    place = fast_path.client_arguments("search", said)
    assert place is not None
    assert (place["user"], place["agent"], said["tz"]) == ("ada", "claude", "Europe/Lisbon")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "CET", ":Europe/Lisbon", ""])
def test_the_zone_is_the_one_the_library_finds(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """Where it can be told at a glance, it is the same."""
    monkeypatch.setenv("TZ", zone)
    assert fast_path._local_zone() in (clock.local_zone(), None)
    assert fast_path._local_zone() is not None or not Path("/usr/share/zoneinfo").is_dir() or not zone


@given(st.text(st.sampled_from("ab絨 ,.-"), max_size=120), st.integers(20, 60))
def test_lines_break_where_they_always_did(text: str, columns: int) -> None:
    """A paragraph is filled as the standard library fills it."""
    given = " ".join(text.split())
    expected = textwrap.wrap(given, columns, break_on_hyphens=False)
    assert output.wrap(given, columns) == [line.rstrip() for line in expected]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ),
    st.booleans(),
)
def test_json_is_what_the_standard_library_writes(value: Any, ascii_only: bool) -> None:
    """The same text, for any value."""
    assert output._json_text(value, ascii_only=ascii_only) == json.dumps(value, ensure_ascii=ascii_only)


def test_reasons_are_told_in_one_way() -> None:
    """A value and the command line show the same."""
    shares, notes = {"words": 0.2, "recency": -0.31, "pin": 0.004}, ("said by an agent",)
    assert str(Why(shares=shares, weights="1", notes=notes)) == reasons(shares, notes)


def test_instants_look_the_same_as_values_and_as_text() -> None:
    """The server sends text, the library has times; people see one form."""
    at = clock.parse_instant("2026-05-04T10:30:00Z")[0]
    assert formatting.day(at) == formatting.day(at.isoformat())
    assert formatting.minute(at) == formatting.minute(at.isoformat())
    assert encode({"at": at})["at"] == output.to_json(at)


def test_a_fault_is_told_in_one_line(
    shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw ends with 70, and without a traceback."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("eider.client.client.Client.call", broken)
    assert fast_path.run(["recall", "x"]) == 70
    told = capsys.readouterr().err
    assert "RuntimeError: boom" in told
    assert "run it again with -v" in told
    assert told.count("\n") == 1


def test_reading_by_hand_loads_no_framework() -> None:
    """The modules of the hot path, and the client they ask with, import next to nothing."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "import eider.cli.fast_path, eider.client.client, eider.cli.exit_codes\n"
        f"print(sorted({set(FRAMEWORK)!r} & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_told_without_a_framework() -> None:
    """`eider --version` is the package's, on one line."""
    code = "from eider.cli import main; main()"
    env = {k: v for k, v in os.environ.items() if not k.startswith("EIDER_")}
    done = subprocess.run(
        [sys.executable, "-c", code, "--version"], check=True, capture_output=True, text=True, env=env
    )
    assert done.stdout == f"eider {__import__('eider').__version__}\n"
