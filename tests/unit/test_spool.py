"""The spool: what is kept in it, how, and what the server makes of it."""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from eider.client import spool
from eider.client.client import ClientError
from eider.client.spool import WRITES, append, checksum, waiting_bytes
from eider.model.errors import EmbedderError, InputError, PausedError, RefusedError, StoreFullError, StoreLockedError
from eider.service import spool_drain as drain_module
from eider.service.spool_drain import DAMAGED, DRAINING, REFUSED, Drain, drain


def write(home: Path, text: str, *, key: str = "k", said: float | None = None, **more: Any) -> None:
    append(str(home), "remember", {"request": {"text": text, "user": "ada", "key": key, **more}}, said=said)


def texts(home: Path) -> list[str]:
    """What a drain applies, in order."""
    found: list[str] = []
    drain(str(home), lambda _, said: found.append(said["request"]["text"]))
    return found


def every_byte(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_what_is_spooled_is_drained_once_and_in_order(tmp_path: Path) -> None:
    """Every write in the order it was asked for; then the spool is gone."""
    for n in range(20):
        write(tmp_path, f"text {n}", key=f"k{n}")
    assert waiting_bytes(str(tmp_path)) > 0
    assert texts(tmp_path) == [f"text {n}" for n in range(20)]
    assert texts(tmp_path) == []
    assert waiting_bytes(str(tmp_path)) == 0


def test_no_secret_reaches_the_disk(tmp_path: Path) -> None:
    """Wherever it stands: in the text, in metadata, in an item of a batch."""
    secret = "my password is hunter2zz9, and AKIAIOSFODNN7EXAMPLE is the key"
    write(tmp_path, secret, metadata={"note": secret, "deep": [{"x": secret}]})
    items = [secret, {"text": secret, "key": "mine", "metadata": {"password": "hunter2zz9"}}]
    append(str(tmp_path), "record_many", {"request": {"user": "ada", "items": items}, "batch": "b"})
    kept = every_byte(tmp_path)
    for word in (b"hunter2zz9", b"AKIAIOSFODNN7EXAMPLE"):
        assert word not in kept
    assert b"redacted:" in kept


def test_names_in_a_request_stay_apart(tmp_path: Path) -> None:
    """Keys and sessions named after secrets are kept exactly; one that is a token is replaced by its digest."""
    for key in ("token: a1b2c3d4e5f6", "token: a1b2c3d4e5f7", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF"):
        request = {"text": key[-1], "user": "ada", "key": key, "session": f"reset of {key}", "scope": "token: q9w8e7r6"}
        append(str(tmp_path), "record", {"request": request})
    kept = every_byte(tmp_path)
    assert b"AKIAIOS" not in kept
    assert b'"session":"reset of token: a1b2c3d4e5f6"' in kept.replace(b'": "', b'":"')
    assert len({line.split(b'"key":')[1][:60] for line in kept.splitlines() if b'"key":' in line}) == 4


@pytest.mark.parametrize("name", ["user", "id"])
def test_a_secret_that_decides_where_a_write_goes_is_refused(name: str, tmp_path: Path) -> None:
    """A user or an id is never changed, so the write is refused instead, and nothing is kept."""
    request = {"text": "x", "user": "ada", "key": "k", name: "AKIAIOSFODNN7EXAMPLE"}
    with pytest.raises(ClientError, match="secret") as raised:
        append(str(tmp_path), "remember", {"request": request})
    assert raised.value.kind == "SpoolError"
    assert b"AKIA" not in every_byte(tmp_path)


def test_keys_of_ours_are_no_secrets(tmp_path: Path) -> None:
    """A key that is made for a call is random, and must not look like somebody's token."""
    for _ in range(300):
        key = "auto:" + os.urandom(12).hex()
        append(str(tmp_path), "remember_many", {"request": {"user": "ada", "items": []}, "batch": key})
        write(tmp_path, "x", key=key)


def test_a_torn_line_costs_itself_alone(tmp_path: Path) -> None:
    """A writer that died within its line leaves what came before and after whole; the rest of it is kept and told."""
    write(tmp_path, "before", key="1")
    write(tmp_path, "torn", key="2")
    path = tmp_path / "spool" / WRITES
    path.write_bytes(path.read_bytes()[:-9])
    write(tmp_path, "after", key="3")
    found: list[str] = []
    report = drain(str(tmp_path), lambda _, said: found.append(said["request"]["text"]))
    assert (found, report.applied, report.damaged) == (["before", "after"], 2, 1)
    assert b"torn" in (tmp_path / "spool" / DAMAGED).read_bytes()


DAMAGE = [
    b"", b"\xff\xfe", b"zzzz {}", b"00000000 {}", b"{}", b"\x00" * 300, b"5", b"-1 x",
    *(f"{checksum(line):08x} {line}".encode() for line in (
        "{}", "[]", "7", "null", '{"v":2,"verb":"remember","at":1,"request":{}}', '{"v":1,"verb":"remember","at":1,"request":[]}',
        '{"v":1,"verb":3,"at":1,"request":{}}', '{"v":1,"verb":"remember","at":"x","request":{}}',
        '{"v":1,"verb":"remember","at":1e999,"request":{}}', '{"v":1,"verb":"remember","at":true,"request":{}}', "[" * 5000,
    )),
]  # fmt: skip


@pytest.mark.parametrize("line", DAMAGE, ids=lambda line: repr(line[:24]))
def test_a_damaged_line_is_set_aside_and_the_rest_goes_on(line: bytes, tmp_path: Path) -> None:
    """Whatever stands there: it is kept, counted, and in nobody's way."""
    write(tmp_path, "before", key="1")
    with (tmp_path / "spool" / WRITES).open("ab") as file:
        file.write(line + b"\n")
    write(tmp_path, "after", key="2")
    report = drain(str(tmp_path), lambda _verb, _said: None)
    assert (report.applied, report.damaged, report.left) == (2, int(bool(line)), 0)
    assert not line or line in (tmp_path / "spool" / DAMAGED).read_bytes()


def test_one_flipped_bit_is_noticed(tmp_path: Path) -> None:
    """A line is believed only with its checksum."""
    write(tmp_path, "Prefers tea.")
    path = tmp_path / "spool" / WRITES
    path.write_bytes(path.read_bytes().replace(b"tea", b"pea"))
    assert drain(str(tmp_path), lambda _verb, _said: pytest.fail("applied")).damaged == 1


def test_a_clock_that_is_set_back_reorders_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is that of the calls, each with the time its clock showed."""
    for n, now in enumerate((5000.0, 1000.0, 3000.0)):
        monkeypatch.setattr("time.time", lambda now=now: now)
        write(tmp_path, f"{n}", key=f"{n}")
    monkeypatch.undo()
    said: list[tuple[str, float]] = []
    drain(str(tmp_path), lambda _, one: said.append((one["request"]["text"], one["at"])))
    assert said == [("0", 5000.0), ("1", 1000.0), ("2", 3000.0)]


def test_the_order_is_that_of_the_calls_not_of_giving_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A patient caller's write from before comes before an impatient one's."""
    monkeypatch.setattr("time.time", lambda: 100.0)
    write(tmp_path, "impatient, asked second", said=99.0, key="1")
    write(tmp_path, "patient, asked first", said=70.0, key="2")
    assert texts(tmp_path) == ["patient, asked first", "impatient, asked second"]


def test_after_a_restart_of_the_machine_the_earlier_start_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock that counts from the start begins anew; what was spooled before it is older all the same."""
    write(tmp_path, "before the restart", key="1")
    monkeypatch.setattr(spool, "_boot_id", lambda: "another")
    monkeypatch.setattr("time.monotonic", lambda: 1.0)
    write(tmp_path, "after it", key="2")
    monkeypatch.undo()
    assert texts(tmp_path) == ["before the restart", "after it"]


def test_a_full_spool_refuses_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spool that nobody drains needs a person, and says so; what is in it stays."""
    monkeypatch.setattr(spool, "SPOOL_BYTES", 1000)
    kept = 0
    while waiting_bytes(str(tmp_path)) < 750:
        write(tmp_path, "some text", key=f"k{kept}")
        kept += 1
    with pytest.raises(ClientError, match=r"no server has drained.*eider doctor") as raised:
        write(tmp_path, "some text " * 30)
    assert raised.value.kind == "SpoolError"
    assert len(texts(tmp_path)) == kept > 0


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    """What did not fit is taken back to the last whole line, and the caller hears why."""
    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(spool.__file__).parents[2])!r})
from eider.client.spool import append
from eider.client.client import ClientError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
append({str(tmp_path)!r}, "remember", {{"request": {{"text": "first", "key": "1"}}}})
resource.setrlimit(resource.RLIMIT_FSIZE, (400, {resource.RLIM_INFINITY}))
try:
    append({str(tmp_path)!r}, "remember", {{"request": {{"text": "second " * 100, "key": "2"}}}})
except ClientError as error:
    print(error.kind, error.message)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("SpoolError")
    assert "free some space" in done.stdout
    assert (tmp_path / "spool" / WRITES).read_bytes().count(b"\n") == 1
    write(tmp_path, "third")
    assert texts(tmp_path) == ["first", "third"]


def test_an_appender_that_is_stopped_holds_up_nobody_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is not let go: appending refuses, draining leaves what is there, nobody waits for ever."""
    monkeypatch.setattr(spool, "LOCK_SECONDS", 0.05)
    write(tmp_path, "kept")
    with (tmp_path / "spool" / spool.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ClientError, match="lock"):
            write(tmp_path, "refused")
        assert texts(tmp_path) == []
    assert texts(tmp_path) == ["kept"]


def test_a_spool_that_cannot_be_made_refuses_with_the_reason(tmp_path: Path) -> None:
    """A file in its way is named."""
    (tmp_path / "spool").write_text("in the way")
    with pytest.raises(ClientError, match="spool"):
        write(tmp_path, "x")


@pytest.mark.parametrize(
    "error",
    [PausedError(None), StoreLockedError(Path("/x"), 1), StoreFullError(Path("/x"), "full"), EmbedderError("down"),
     OSError(28, "No space left"), ValueError("a fault of ours")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_what_may_succeed_later_waits(error: Exception, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pause, a lock, a full disk, a fault: the write stays in the spool, and the others go on."""
    for n in range(3):
        write(tmp_path, f"{n}", key=f"{n}")

    def refuse_the_second(_verb: str, said: Mapping[str, Any]) -> None:
        if said["request"]["text"] == "1":
            raise error

    report = drain(str(tmp_path), refuse_the_second)
    assert (report.applied, report.left, report.refused) == (2, 1, 0)
    assert texts(tmp_path) == ["1"]


@pytest.mark.parametrize("error", [InputError("no such kind"), RefusedError("closed\nfor good")], ids=repr)
def test_what_can_never_succeed_is_kept_with_the_reason(error: Exception, tmp_path: Path) -> None:
    """A refused write is not lost without a trace, and in nobody's way."""
    write(tmp_path, "refused")

    def refuse(_verb: str, _said: Mapping[str, Any]) -> None:
        raise error

    assert drain(str(tmp_path), refuse).refused == 1
    assert texts(tmp_path) == []
    line, _, reason = (tmp_path / "spool" / REFUSED).read_text().strip().partition("\t")
    assert "refused" in line
    assert reason == f"{type(error).__name__}: {' '.join(str(error).split())}"


def test_what_waits_costs_readers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a pause lasts the spool is not gone through for every request; what is new is taken at once."""
    tried: list[str] = []

    def paused(_verb: str, said: Mapping[str, Any]) -> None:
        tried.append(said["request"]["text"])
        raise PausedError(None)

    spooled = Drain(str(tmp_path), paused)
    write(tmp_path, "first", key="1")
    assert spooled().left == 1
    for _ in range(50):
        assert spooled().left == 1
    assert tried == ["first"]
    write(tmp_path, "second", key="2")
    assert spooled().left == 2
    monkeypatch.setattr(drain_module, "RETRY_SECONDS", 0.0)
    spooled()
    assert spooled().left == 2


def test_a_drain_that_cannot_write_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk under the spool leaves every line where it is."""
    write(tmp_path, "kept")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(drain_module, "sync_folder", full)
    assert Drain(str(tmp_path), lambda _verb, _said: None)().left == 1
    monkeypatch.undo()
    assert texts(tmp_path) == ["kept"]


def test_a_drain_that_was_cut_off_while_joining_applies_each_line_once(tmp_path: Path) -> None:
    """Lines that stand in both files are one write."""
    write(tmp_path, "a", key="1")
    write(tmp_path, "b", key="2")
    place = tmp_path / "spool"
    (place / DRAINING).write_bytes((place / WRITES).read_bytes())
    assert texts(tmp_path) == ["a", "b"]


def test_the_files_are_the_accounts_alone(tmp_path: Path) -> None:
    """Nobody else reads what waits."""
    write(tmp_path, "x")
    place = tmp_path / "spool"
    assert place.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in place.iterdir())
