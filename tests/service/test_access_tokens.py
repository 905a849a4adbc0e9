"""Several people over HTTP: a token speaks for one user, in one store, with at most its trust; and it can be taken away."""

from __future__ import annotations

import json
import socket
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from every_verb import ask_every_verb
from homes import Home

import eider
from eider.cli.app import cli
from eider.client.client import server_notes
from eider.model.errors import InputError, TokenError
from eider.service import openapi
from eider.service.access_tokens import AccessTokens, bound_body

pytestmark = pytest.mark.slow


def ask(
    home: Home, token: str, path: str, body: dict[str, Any] | None = None, method: str = "POST", host: str = "localhost"
) -> tuple[int, Any]:
    """Status and answer of one request over TCP."""
    data = json.dumps(body or {}).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server_notes(str(home.path))["port"]), 20) as line:
        line.sendall(head.encode() + data)
        answer = b""
        while part := line.recv(65536):
            answer += part
    status, text = int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]
    return status, json.loads(text) if text.startswith(b"{") and b"\n" not in text else text


def test_a_token_speaks_for_its_user_alone(home: Home, memory: eider.Eider) -> None:
    """Of others it reads and writes nothing, whatever a request claims; nor does it reach what is for all."""
    memory.remember("Ada's secret is the quagga.")
    memory.remember("Eve's secret is the walrus.", user="eve")
    token, kept = AccessTokens(str(home.path)).create(user="eve", max_trust="agent", store="notes")
    status, answer = ask(home, token, "/v1/search", {"request": {"text": ""}})
    assert status == 200
    assert "walrus" in str(answer)
    assert "quagga" not in str(answer)
    refused = (
        ("/v1/search", {"request": {"user": "ada"}}), ("/v1/search", {"request": {}, "store": "other"}),
        ("/v1/search", {"request": {}, "store": str(home.path / "stores" / "notes.eider")}),
        ("/v1/recall", {"request": {"query": "secret"}, "layers": ["notes"]}), ("/v1/server/status", {}), ("/v1/server/stop", {}),
        ("/v1/verify", {"request": {}}), ("/v1/publish", {"request": {"path": "/tmp/x"}}), ("/v1/rebuild", {"request": {}}),
    )  # fmt: skip
    for path, body in refused:
        assert ask(home, token, path, body)[0] == 401, path
    assert ask(home, token, "/metrics", method="GET")[0] == 401
    status, answer = ask(
        home, token, "/v1/remember", {"request": {"text": "Never ask.", "kind": "rule"}, "max_trust": "user"}
    )
    assert (status, answer["value"]["trust"], answer["value"]["user"]) == (200, 1, "eve")
    assert kept.id in {event.actor.partition(":")[2] for event in memory.events(user="eve")}


def test_a_revoked_token_opens_nothing(home: Home, memory: eider.Eider) -> None:
    """From the next request on; the others go on."""
    tokens = AccessTokens(str(home.path))
    first, kept = tokens.create(user="ada", max_trust="user", store="notes")
    second, _ = tokens.create(user="ada", store="notes")
    memory.remember("Tea at four.")
    assert ask(home, first, "/v1/search", {"request": {}})[0] == 200
    tokens.revoke(kept.id)
    assert ask(home, first, "/v1/search", {"request": {}})[0] == 401
    assert ask(home, second, "/v1/search", {"request": {}})[0] == 200
    audit = [json.loads(line) for line in (home.path / "log" / "tokens.jsonl").read_text().splitlines()]
    assert [line["what"] for line in audit] == ["create", "create", "revoke", "refuse"]
    assert first not in str(audit)


def test_neither_a_strange_host_nor_a_web_page_comes_in(home: Home, memory: eider.Eider) -> None:
    """A host behind an at sign is not this server's."""
    memory.remember("Tea at four.")
    token, _ = AccessTokens(str(home.path)).create(user="ada", store="notes")
    assert ask(home, token, "/v1/search", {"request": {}}, host="evil.example@127.0.0.1")[0] == 401
    assert ask(home, token, "/v1/search", {"request": {}}, host="localhost\r\nOrigin:")[0] == 401


def test_the_disk_holds_hashes_alone(tmp_path: Path) -> None:
    """Who reads the file has no token, and it is its owner's alone."""
    tokens = AccessTokens(str(tmp_path))
    made, kept = tokens.create(user="ada", max_trust="user")
    path = tmp_path / "keys" / "tokens.json"
    assert made not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert tokens.find(made) == kept
    for wrong in (
        "",
        "eider_",
        made[:-1],
        made[:-1] + ("A" if made[-1] != "A" else "B"),
        f"eider_{'0' * 12}_{made[-43:]}",
    ):
        assert tokens.find(wrong) is None
    assert AccessTokens(str(tmp_path)).find(made) == kept


def test_what_a_token_may_is_checked_when_it_is_made(tmp_path: Path) -> None:
    """A trust that is none and a store that is a path are refused, and so is revoking what is not there."""
    tokens = AccessTokens(str(tmp_path))
    with pytest.raises(InputError, match="max_trust"):
        tokens.create(user="ada", max_trust="root")  # pyright: ignore[reportArgumentType] (that is the test)
    with pytest.raises(InputError, match="store"):
        tokens.create(user="ada", store="../other")
    with pytest.raises(InputError, match="token list"):
        tokens.revoke("0" * 12)


@pytest.mark.parametrize("claimed", [None, "user", "agent", "import", "tool", "document"])
def test_a_token_never_raises_trust(tmp_path: Path, claimed: str | None) -> None:
    """What a request claims counts up to what the token was made with."""
    _, kept = AccessTokens(str(tmp_path)).create(user="ada", max_trust="tool")
    body = bound_body(kept, "remember", {"request": {"text": "x"}, **({"max_trust": claimed} if claimed else {})})
    assert body["max_trust"] == "tool"
    with pytest.raises(TokenError):
        bound_body(kept, "remember", {"request": {"text": "x", "user": "eve"}})


def test_tokens_are_made_listed_and_revoked_on_the_command_line(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """The token is printed once; the list says whose they are."""
    cli.main(["token", "create", "--user", "ada", "--max-trust", "user", "--note", "laptop"], standalone_mode=False)
    token = capsys.readouterr().out.split()[0]
    assert AccessTokens(str(home.path)).find(token)
    cli.main(["token", "list"], standalone_mode=False)
    listed = capsys.readouterr().out
    assert "laptop" in listed
    assert token not in listed
    cli.main(["token", "revoke", token.split("_")[1]], standalone_mode=False)
    assert AccessTokens(str(home.path)).find(token) is None


def test_no_route_tells_a_token_of_others(home: Home, memory: eider.Eider, tmp_path: Path) -> None:
    """Every verb in full and every other route, asked with one user's token: nothing of others, no path of the machine."""
    memory.remember("The quagga is a secret.", user="adam", scope="project:quagga-plan", key="quagga-key")
    memory.observe(agent_output="Noted.", user_reply="I always feed the quagga at noon.", user="adam")
    with memory.run("quagga-run", inputs={"quagga": "hay"}, user="adam") as run:
        run.keep("quagga-step", "hay")
    token, _ = AccessTokens(str(home.path)).create(user="ada", max_trust="user", store="notes")
    answers: dict[str, tuple[int, Any]] = {}

    def asked(verb: str, request: dict[str, Any]) -> Any:
        answers[verb] = status, answer = ask(home, token, f"/v1/{verb}", {"request": request})
        return (
            answer["value"] if status == 200 and isinstance(answer, dict) else defaultdict(str)
        )  # refused, as it should

    ask_every_verb(asked, tmp_path)
    for path, methods in openapi.document()["paths"].items():
        if path.removeprefix("/v1/") not in answers:
            for method in methods:
                answers[path] = ask(home, token, path.replace("{host}", "claude-code"), method=method.upper())
    assert sum(status == 200 for status, _ in answers.values()) > 50
    refused = {
        "/v1/server/status",
        "/v1/server/count",
        "/v1/server/examine",
        "/v1/jobs/list",
        "/v1/backup/run",
        "/metrics",
    }
    assert {path: answers[path][0] for path in refused} == dict.fromkeys(refused, 401)
    told = {name: str(answer) for name, (_, answer) in answers.items()}
    assert [name for name, text in told.items() if "quagga" in text or "adam" in text] == []
    assert [name for name, text in told.items() if str(home.path) in text or str(Path.home()) in text] == []
