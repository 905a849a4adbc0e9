"""What a server of a home refuses whoever asks: more trust than a channel has, a full disk, a home that others may write."""

from __future__ import annotations

from pathlib import Path

import pytest
from homes import Home

from eider.client.client import ClientError

pytestmark = pytest.mark.slow


def test_a_channel_keeps_its_ceiling_through_the_server(home: Home) -> None:
    """A tool's channel that asks for a person's trust does not get it; who names no ceiling claims an agent's."""
    import eider

    with eider.open("notes", user="ada") as memory:
        tool = memory.channel("mcp", "tool").channel("cli", "user")
        assert tool.remember("Said by a tool.").trust == 0
        assert tool.record("Said by a tool.", role="user").trust == 0
        assert memory.remember("Said by ada.").trust == 2
    asked = home.client().ask(
        "POST", "/v1/remember", {"store": "notes", "request": {"user": "ada", "text": "Who knows."}}
    )
    assert asked["value"]["trust"] == 1
    with pytest.raises(ClientError, match="max_trust"):
        home.client(max_trust="root").call("remember", {"text": "x"})


def test_a_full_disk_refuses_and_keeps_what_was_stored(home: Home) -> None:
    """The server says that there is no room; what was stored before is there; with room again it goes on."""
    import resource

    home.client().call("remember", {"text": "Before."})
    pid = home.servers()[0]
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    size = max(path.stat().st_size for path in home.path.rglob("*") if path.is_file())
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, limits[1]))
    kinds = set()
    for n in range(30):
        try:
            home.client(spool=False).call(
                "remember_many", {"items": [f"Text {n} {i} " + "y" * 2000 for i in range(50)]}
            )
        except ClientError as refused:
            kinds.add(refused.kind)
            break
    assert kinds == {"StoreFullError"}
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    found = home.client().call("recall", {"query": "Before"})["value"]
    assert "Before." in [hit["text"] for hit in found]


def test_a_home_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """Whoever could swap what is in it could read and forge everything."""
    from eider.client.private_dirs import make_home

    shared = tmp_path / "home"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(ClientError, match="other accounts"):
        make_home(str(shared))
    shared.chmod(0o755)
    assert make_home(str(shared)) == str(shared)
