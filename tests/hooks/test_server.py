"""The real server behind the hook port and the socket."""

from __future__ import annotations

import http.client
import json
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from homes import Home, until

from eider.client import hook_port
from eider.client.hook_port import HookPort
from eider.model import config

pytestmark = pytest.mark.slow
RULE = "No, always indent with tabs in this project."
ASKS = "Please fix the indentation of main.py"


def post(
    port: HookPort, body: Any, *, path: str = "/v1/hooks/claude-code", method: str = "POST", token: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:  # fmt: skip
    """What a client's HTTP hook does: its own headers, none of Eider's."""
    line = http.client.HTTPConnection(hook_port.HOST, port.port, timeout=60)
    sent = {"Authorization": f"Bearer {port.token if token is None else token}", "Content-Type": "application/json"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    line.request(method, path, data, {**sent, **(headers or {})})
    answer = line.getresponse()
    found = answer.status, json.loads(answer.read() or b"{}")
    line.close()
    return found


def event(project: Path, name: str, session: str = "one", **more: Any) -> dict[str, Any]:
    return {"hook_event_name": name, "session_id": session, "cwd": str(project), "transcript_path": "", **more}


def listening(home: Home) -> HookPort:
    """A server that listens on its hook port."""
    port = hook_port.reserve(str(home))
    home.start()
    until(lambda: hook_port.is_our_server(port), "the hook port")
    return port


def hooks(home: Home) -> Any:
    return home.client().ask("GET", "/v1/server/status")["hooks"]


def test_prompts_that_come_over_the_hook_port_are_learned_and_answered(home: Home, project: Path) -> None:
    """The whole way: posted, learned behind the answer, given to the next session, shown in the status."""
    port = listening(home)
    status, answer = post(port, event(project, "UserPromptSubmit", prompt=RULE, prompt_id="p1"))
    assert (status, answer) == (200, {})
    assert post(port, event(project, "Stop", last_assistant_message="Tabs it is.", prompt_id="p1")) == (200, {})
    until(lambda: hooks(home)["hosts"].get("claude-code", {}).get("learned") == 1, "learning")
    number = iter(range(1000))

    def given() -> str:
        asked = event(project, "UserPromptSubmit", session=f"s{next(number)}", prompt=ASKS, prompt_id="p2")
        return post(port, asked)[1].get("hookSpecificOutput", {}).get("additionalContext", "")

    assert "tabs" in until(given, "an answer in time")
    assert hooks(home)["port"] == port.port


def test_the_hook_token_opens_hooks_and_nothing_else(home: Home, project: Path) -> None:
    """Not the verbs, not the server, not the figures; not by another method; the server's own token does not open hooks."""
    port = listening(home)
    for path in ("/v1/search", "/v1/server/status", "/v1/server/stop", "/metrics", "/openapi.json", "/v1/hooks", "/"):
        assert post(port, {"request": {"user": "ada"}}, path=path)[0] == 403
        assert post(port, {}, path=path, method="GET")[0] == 403
    assert post(port, {}, method="GET")[0] == 403
    for token in ("", "x" * 43, (home.path / "run" / "token").read_text()):
        assert post(port, event(project, "Stop"), token=token)[0] == 401
    assert post(port, {"request": {"user": "ada"}}, path="/v1/hooks/../search") == (200, {})
    tcp = int(json.loads((home.path / "run" / "owner.json").read_text())["port"])
    assert post(HookPort(port=tcp, token=port.token), {"request": {}}, path="/v1/search")[0] == 401
    assert home.servers()


def test_web_pages_are_kept_out_though_they_know_the_token(home: Home, project: Path) -> None:
    port = listening(home)
    for headers in ({"Origin": "https://example.org"}, {"Host": "example.org"}, {"Host": "evil@[::1]:9"}):
        assert post(port, event(project, "Stop"), headers=headers)[0] == 403, headers


def test_what_is_no_event_breaks_nothing(home: Home, project: Path) -> None:
    """The server answers, and goes on."""
    port = listening(home)
    for body in (b"", b"nonsense", b"[1]", b"null", b"[" * 100_000, b"\xff\xfe", b'{"hook_event_name": 7}'):
        assert post(port, body)[0] in {200, 400}, body[:30]
        assert post(port, {}, path="/v1/hooks/nobody") == (200, {})
        assert post(port, event(project, "Stop", last_assistant_message="a", prompt_id="p")) == (200, {})


def test_the_server_follows_the_file_without_a_restart(home: Home, project: Path) -> None:
    """A port reserved later, a token rotated, a reservation taken back."""
    pid = home.start()
    first = hook_port.reserve(str(home))
    until(lambda: hook_port.is_our_server(first), "the hook port")
    second = hook_port.reserve(str(home), rotate=True)
    assert second.port == first.port
    until(lambda: hook_port.is_our_server(second), "the new token")
    assert post(first, event(project, "Stop"))[0] == 401
    assert post(second, event(project, "Stop"))[0] == 200
    (home.path / hook_port.FILE).unlink()
    until(lambda: hook_port.is_free(second.port), "the port to be let go")
    assert home.start() == pid


def test_a_port_that_somebody_else_has_is_told_and_taken_when_it_is_free(home: Home, project: Path) -> None:
    """The server serves everything else meanwhile; the person hears of it at the next session."""
    port = hook_port.reserve(str(home))
    with socket.socket() as taken:
        taken.bind((hook_port.HOST, port.port))
        taken.listen()
        home.start()
        assert str(port.port) in until(lambda: hooks(home)["fault"], "the fault")
        said = home.client().ask("POST", "/v1/hooks/claude-code", event(project, "SessionStart", source="startup"))
        assert str(port.port) in said.get("systemMessage", str(port.port))
    until(lambda: hook_port.is_our_server(port), "the port")
    assert hooks(home)["fault"] == ""
    assert "hooks/port" in (home.path / "log" / "errors.jsonl").read_text()


def test_what_was_heard_is_written_before_the_server_ends(home: Home, project: Path) -> None:
    """A post that was answered survives the end of the server."""
    port = listening(home)
    for number in range(8):
        asked = event(project, "UserPromptSubmit", prompt=f"Note that dock {number} is closed.", prompt_id=f"p{number}")
        assert post(port, asked)[0] == 200
    home.stop()
    home.start()
    found = home.client(store=None, user=config.default_user()).call("search", {"limit": 100})
    said = {hit["text"] for hit in found["value"]["items"] if hit["episode"]}
    assert said == {f"Note that dock {number} is closed." for number in range(8)}


def test_a_killed_server_loses_nothing_that_the_transcript_holds(home: Home, project: Path, tmp_path: Path) -> None:
    """The next event brings what was told to nobody, once."""
    port = listening(home)
    record = tmp_path / "one.jsonl"

    def row(kind: str, text: str, **more: str) -> str:
        return json.dumps({"type": kind, "message": {"content": text}, **more}, separators=(",", ":")) + "\n"

    record.write_text(row("user", "Write the exporter.", promptId="p1", timestamp=_now()) + row("assistant", "Done."))
    post(
        port,
        event(project, "UserPromptSubmit", prompt="Write the exporter.", prompt_id="p1")
        | {"transcript_path": str(record)},
    )
    home.kill(signal.SIGKILL)
    with pytest.raises(OSError, match="refused"):
        post(port, event(project, "Stop", last_assistant_message="Done.", prompt_id="p1"))
    until_listening = listening(home)
    more = event(project, "UserPromptSubmit", prompt="Now the tests.", prompt_id="p2") | {
        "transcript_path": str(record)
    }
    assert post(until_listening, more)[0] == 200
    client = home.client(store=None, user=config.default_user())

    def said() -> list[str]:
        items = client.call("search", {"limit": 50})["value"]["items"]
        return sorted(hit["text"] for hit in items if hit["episode"])

    assert until(lambda: len(said()) >= 3 and said(), "catching up") == [
        "Done.",
        "Now the tests.",
        "Write the exporter.",
    ]


def test_a_forget_takes_the_last_briefing_away_before_it_answers(home: Home, project: Path) -> None:
    port = listening(home)
    client = home.client(store=None, user=config.default_user())
    rule = client.call("remember", {"text": "Always indent with tabs.", "kind": "rule"})["value"]["id"]
    client.ask("POST", "/v1/hooks/claude-code", event(project, "SessionStart", source="startup"))
    kept = home.path / "hooks" / "claude-code" / "briefings"
    until(lambda: kept.is_dir() and [f for f in kept.iterdir() if "tabs" in f.read_text()], "the last briefing")
    client.call("forget", {"id": rule})
    assert not [f for f in kept.iterdir() if "tabs" in f.read_text()]
    assert (home.path / "hooks").stat().st_mode & 0o777 == 0o700
    assert port.port == hooks(home)["port"]


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat()
