"""The server's logs say what was asked and what went wrong, and nothing of what was said."""

from __future__ import annotations

import json
import queue
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logged import recent

from eider import errors
from eider.service import logs
from eider.service.http_request import AccessRecord
from eider.service.logs import Logs, without_content


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Logs]:
    """The logs of a home."""
    made = Logs(str(tmp_path))
    yield made
    made.close()


def seen(error: Exception | None = None, **given: Any) -> AccessRecord:
    """An answered request of ada's."""
    body = {"store": "/h/stores/notes.eider", "request": {"user": "ada", "text": "a violet kite"}}
    whole = {"route": "remember", "status": 200, "seconds": 0.0123, "body": body, "client": "0.1.0/1", "error": error}
    return AccessRecord(**{**whole, **given})


def raised(error: Exception) -> Exception:
    """The same error with a traceback."""
    try:
        raise error
    except type(error) as caught:
        return caught


def test_a_call_is_one_line_without_content(log: Logs, tmp_path: Path) -> None:
    """Route, status, milliseconds, store and client are there; the user is a digest, the text is not."""
    log.seen(seen())
    log.flush()
    (line,) = recent(str(tmp_path), "calls")
    assert {k: v for k, v in line.items() if k not in ("at", "user")} == {
        "route": "remember", "status": 200, "ms": 12.3, "store": "notes", "client": "0.1.0/1",
    }  # fmt: skip
    assert len(line["user"]) == 16
    assert "ada" not in json.dumps(line)


def test_the_same_user_has_the_same_digest_in_one_home_only(tmp_path: Path) -> None:
    """Calls of one user can be counted; digests of another home say nothing about it."""
    found = []
    for home in ("one", "one", "two"):
        one = Logs(str(tmp_path / home))
        one.seen(seen())
        one.close()
        found.append(recent(str(tmp_path / home), "calls")[-1]["user"])
    assert found[0] == found[1] != found[2]


def test_a_fault_is_logged_by_its_places(log: Logs, tmp_path: Path) -> None:
    """A fault shows where it happened and what caused it, not what its message says."""
    cause = raised(KeyError("violet"))
    fault = RuntimeError("a violet kite")
    fault.__cause__ = cause
    log.seen(seen(raised(fault), status=500))
    log.flush()
    (line,) = recent(str(tmp_path), "errors")
    assert line["kind"] == "RuntimeError"
    assert "= KeyError" in line["trace"]
    assert any("unit/test_logs.py" in place for place in line["trace"])
    assert "violet" not in json.dumps(line)


def test_a_refusal_keeps_its_own_words(log: Logs, tmp_path: Path) -> None:
    """What Eider says of an error is logged, what the caller said is not."""
    log.seen(seen(raised(errors.UnknownIdError("memory", "violet", "ada")), status=404))
    log.flush()
    (line,) = recent(str(tmp_path), "errors")
    assert line["message"].startswith("no memory …")
    assert line["where"].startswith("unit/test_logs.py:")
    assert "violet" not in json.dumps(line)


@given(
    st.text(min_size=1, max_size=80), st.sampled_from(["{!r} is wrong.", "text={!r:.40} is long", "near {}: bad", "{}"])
)
def test_no_word_of_a_request_is_in_a_message(text: str, template: str) -> None:
    """However a message quotes the caller, no longer word of it is left."""
    try:
        message = template.format(text)
    except ValueError:  # a format that this text does not take
        message = template.replace("{!r:.40}", repr(text)[:40])
    left = without_content(message, {"request": {"text": text}})
    own = set(template.replace("{!r:.40}", "").split())
    for word in text.split():
        if len(word) >= 4 and word.isalpha():
            assert word not in left or word in own or word in "".join(own)


def test_requests_too_long_to_compare_lose_the_message() -> None:
    """In doubt nothing is said."""
    assert without_content("kites are wrong", {"request": {"text": "x" * 60_000}}) == "…"


def test_secrets_in_messages_are_redacted() -> None:
    """A message that holds a secret of elsewhere is redacted as everything is."""
    key = "sk-ant-api03-" + "Ab3dEf6hIj" * 9 + "AA"
    assert key not in without_content(f"the service said {key}", {})


def test_files_rotate_and_are_private(log: Logs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of log takes three files of a bounded size, which only this account may read."""
    monkeypatch.setattr(logs, "SIZE", 2_000)
    for number in range(100):
        log.seen(seen(status=200 + number))
        if number % 5 == 0:
            log.flush()
    log.flush()
    files = sorted(path.name for path in (tmp_path / "log").glob("calls*"))
    assert files == ["calls.1.jsonl", "calls.2.jsonl", "calls.jsonl"][: len(files)]
    assert len(files) >= 2
    for path in (tmp_path / "log").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_size < 4_000
    assert [line["status"] for line in recent(str(tmp_path), "calls", 30)] == list(range(270, 300))


def test_a_log_that_cannot_be_written_hurts_nobody(tmp_path: Path) -> None:
    """A file where the directory should be: lines are lost and counted, nothing is raised."""
    (tmp_path / "log").write_text("in the way")
    log = Logs(str(tmp_path))
    log.seen(seen())
    log.seen(seen(raised(ValueError("x"))))
    log.close()
    assert log.dropped >= 2


def test_more_lines_than_can_be_written_are_dropped(log: Logs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: what the disk does not take in time is dropped and counted, and nobody waits."""
    monkeypatch.setattr(log, "_lines", queue.Queue(10))
    disk = threading.Event()
    monkeypatch.setattr(logs.RotatingFileHandler, "emit", lambda *_: disk.wait(60))
    for _ in range(30):
        log.seen(seen())
    disk.set()
    assert 19 <= log.dropped <= 20
    assert not (tmp_path / "log" / "calls.jsonl").exists()


def test_what_comes_after_the_end_is_counted_and_holds_nobody_up(log: Logs, tmp_path: Path) -> None:
    """A thread that fails while the server ends starts no second writer, which would take the end of the first."""
    log.seen(seen())
    before = threading.active_count()
    log.close()
    log.fault("warm", ValueError("x"))
    assert (log.dropped, threading.active_count()) == (1, before - 1)
    assert not (tmp_path / "log" / "errors.jsonl").exists()
    log.close()


def test_many_threads_write_whole_lines(log: Logs, tmp_path: Path) -> None:
    """Lines of several threads never mix."""
    threads = [threading.Thread(target=lambda: [log.seen(seen()) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert len((tmp_path / "log" / "calls.jsonl").read_text().splitlines()) == 800
    assert len(recent(str(tmp_path), "calls", 1_000)) == 800


def test_a_refusal_names_the_store_that_is_there(log: Logs, tmp_path: Path) -> None:
    """Who looks for errors finds them under the store's name; what is no store stays a digest: it may be anything."""
    (tmp_path / "stores" / "notes.eider").mkdir(parents=True)
    for name in ("notes", "secret"):
        body = {"store": f"/h/stores/{name}.eider", "request": {"user": "ada"}}
        log.seen(seen(raised(errors.UnknownIdError("memory", "mem_1", "ada")), body=body))
    log.flush()
    first, second = (line["store"] for line in recent(str(tmp_path), "errors"))
    assert first == "notes"
    assert second not in {"notes", "secret"}


def test_a_fix_keeps_its_command() -> None:
    """The name of the program is in every store's path, and is told all the same."""
    body = {"store": "/h/stores/notes.eider", "request": {}}
    assert without_content("list them with eider jobs list.", body) == "list them with eider jobs list."
