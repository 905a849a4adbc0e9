"""While the server is away: what is written waits and is not lost, what is asked says who does not answer."""

from __future__ import annotations

import fcntl

import pytest
from homes import Home

import eider
from eider.client.client import Client
from eider.model.errors import QueuedError, ServerUnreachableError

pytestmark = pytest.mark.slow


def test_what_is_written_while_somebody_silent_holds_the_lock_is_kept(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server in another container cannot be asked: writes are queued, and found once a server answers."""
    run = home.path / "run"
    run.mkdir(mode=0o700)
    with monkeypatch.context() as hasty, (run / "owner.lock").open("w") as lock:
        hasty.setitem(Client.__init__.__kwdefaults__, "timeout", 0.5)  # type: ignore[arg-type]
        fcntl.flock(lock, fcntl.LOCK_EX)
        memory = eider.open("notes", user="ada")
        kept = memory.remember("The heron nests by the weir.")
        said = memory.record("See you on Friday.", session="s")
        many = memory.record_many([{"text": "One."}, {"text": "Two."}])
        assert all(i.id.startswith("queued_") for i in (kept, said, *many))
        with pytest.raises(QueuedError):
            memory.observe(user_reply="Always write in paragraphs.")
        with pytest.raises(ServerUnreachableError, match="eider doctor"):
            memory.recall("heron")
        with pytest.raises(ServerUnreachableError):
            memory.forget(kept.id)
        memory.close()
    with eider.open("notes", user="ada") as memory:
        found = {r.text for r in memory.search(limit=20).items}
        assert {"The heron nests by the weir.", "See you on Friday.", "One.", "Two."} <= found
        assert any("paragraphs" in t for t in found)
