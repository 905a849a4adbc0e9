"""What stands behind the server's HTTP API, asked without the HTTP: strangers' requests, snapshots, callers from afar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eider.model import config
from eider.model.errors import InputError, RefusedError
from eider.service import network_policy
from eider.service.dispatcher import Dispatcher
from eider.service.http_app import App
from eider.service.http_request import HttpRequest


@pytest.fixture
def dispatcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dispatcher]:
    """A dispatcher whose stores open in no time."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    made = Dispatcher(str(config.home()))
    yield made
    made.close()


def asked(name: str, *, local: bool = True, **body: Any) -> HttpRequest:
    """A request as the HTTP side hands it over."""
    return HttpRequest(name=name, body=body, local=local, until=1e12)


def remember(dispatcher: Dispatcher, text: str) -> None:
    """Keep a statement of ada's."""
    dispatcher.verb(asked("remember", request={"text": text, "user": "ada"}, store="notes"))


@pytest.mark.parametrize("wrong", [
    {"request": [1]}, {"request": "tea"}, {"request": {"query": "a", "user": "ada"}, "layers": 5},
    {"request": {"query": "a", "user": "ada"}, "layers": "team"}, {"request": {"query": "a", "user": "ada"}, "layers": [5]},
    {"request": {"query": "a", "user": "ada"}, "layers": ["./team.eider"]}, {"request": {"query": "a", "user": "ada"}, "store": 5},
])  # fmt: skip
def test_a_request_of_a_wrong_shape_is_refused_by_name(dispatcher: Dispatcher, wrong: dict[str, Any]) -> None:
    """A mistake of a caller is told as one, never as a fault of Eider."""
    remember(dispatcher, "likes tea")
    with pytest.raises(InputError):
        dispatcher.verb(asked("recall", **{"store": "notes", **wrong}))


@pytest.mark.parametrize(("route", "wrong"), [
    ("server/open", {"about": 5}), ("backup/run", {"to": 5}), ("backup/run", {"to": "here"}),
    ("backup/run", {"keep": "all"}), ("backup/prune", {"keep": 7}), ("jobs/list", {"state": 5}), ("jobs/show", {"ids": "1"}),
])  # fmt: skip
def test_so_is_one_about_the_server(dispatcher: Dispatcher, route: str, wrong: dict[str, Any]) -> None:
    """The routes beside the verbs are as careful."""
    remember(dispatcher, "likes tea")
    answer = dispatcher.app(token="", hosts=frozenset()).answers[route]
    with pytest.raises(InputError):
        answer(asked(route, store="notes", **wrong))


@pytest.mark.parametrize(
    "route", ["recall", "server/open", "server/examine", "server/release", "server/count", "jobs/list", "backup/run"]
)
@pytest.mark.parametrize("store", ["/etc/x.eider", "../x.eider", "~/x.eider"])
def test_callers_from_afar_name_no_path(route: str, store: str) -> None:
    """Whatever is asked over TCP, directories of the server's machine are not its business."""
    with pytest.raises(InputError, match="name a store"):
        network_policy.check_paths(asked(route, local=False, store=store))


def test_a_snapshot_published_anew_is_recalled_anew(dispatcher: Dispatcher, tmp_path: Path) -> None:
    """An server that has an old snapshot open answers from the one that replaced it."""
    snapshot = str(tmp_path / "team.eider")
    recall = asked("recall", store="mine", layers=[snapshot], request={"query": "tea coffee", "user": "ada"})
    for text in ("Likes green tea.", "Likes black coffee."):
        remember(dispatcher, text)
        dispatcher.verb(asked("publish", request={"path": snapshot}, store="notes"))
        assert text in {found["text"] for found in dispatcher.verb(recall)["value"]}


def test_a_store_is_counted_whether_it_is_open_or_not(dispatcher: Dispatcher) -> None:
    """A listing tells what is in a store, names what is wrong with it, and leaves those closed that were."""
    remember(dispatcher, "likes tea")
    count = dispatcher.app(token="", hosts=frozenset()).answers["server/count"]
    told = count(asked("server/count", store="notes"))
    assert (told["users"], told["memories"], told["locked"]) == (1, 1, True)
    assert dispatcher.stores.release(Path(dispatcher.home, "stores", "notes.eider"))
    told = count(asked("server/count", store="notes"))
    assert (told["users"], told["memories"], told["locked"]) == (1, 1, False)
    assert not dispatcher.stores.engines()
    assert count(asked("server/count", store="none"))["trouble"]


def test_an_import_whose_caller_is_gone_ends(dispatcher: Dispatcher, tmp_path: Path) -> None:
    """It stops before the next batch, the store is whole, and the same import goes on later."""
    path, there = str(tmp_path / "a.jsonl"), {"path": str(tmp_path / "a.jsonl"), "user": "ada"}
    remember(dispatcher, "likes tea")
    dispatcher.verb(asked("export", request={"path": path, "user": "ada"}, store="notes"))
    gone = asked("import_", request=there, store="other")
    gone.gone.set()
    with pytest.raises(RefusedError, match="the caller is gone"):
        dispatcher.verb(gone)
    count = asked("search", request={"user": "ada"}, store="other")
    assert dispatcher.verb(count)["value"]["total"] == 0
    dispatcher.verb(asked("import_", request=there, store="other"))
    assert dispatcher.verb(count)["value"]["total"] == 1


async def test_a_caller_that_ends_its_line_is_noticed_while_it_is_answered() -> None:
    """Whatever it asked for, the work is told, and may go on or end."""
    heard: list[bool] = []

    def answer(request: HttpRequest) -> object:
        heard.append(request.gone.wait(60))
        return {}

    events = [{"type": "http.request", "body": b"{}", "more_body": False}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return events.pop(0) if events else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        heard.append(message["type"].startswith("http.response"))

    app = App(answers={"search": answer})
    scope = {
        "type": "http",
        "path": "/v1/search",
        "method": "POST",
        "headers": [],
        "query_string": b"",
        "server": ("/s", None),
    }
    await app(scope, receive, send)
    app.close()
    assert heard[0]
