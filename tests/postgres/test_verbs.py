"""Every verb of the table over PostgreSQL, through what answers behind the HTTP API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from every_verb import LATER, ask_every_verb

from eider.api.verbs import VERBS
from eider.model import config
from eider.model.errors import RefusedError
from eider.service.dispatcher import Dispatcher
from eider.store.backends import make_named


def test_every_verb_is_answered(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As over files; only a snapshot is refused, with what to do instead."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    make_named(config.store_path("team"), address)
    dispatcher = Dispatcher(str(config.home()))
    refused: dict[str, str] = {}

    def ask(verb: str, request: dict[str, Any]) -> Any:
        whole = {"request": request, "store": "team", "max_trust": "user"}
        try:
            return dispatcher.run_verb(verb, whole)["value"]
        except RefusedError as error:
            refused[verb] = str(error)
            return None

    try:
        asked = ask_every_verb(ask, tmp_path)
        assert set(asked) >= set(VERBS) - LATER
        assert set(refused) - {"swap_embedder"} == {"publish"}  # the embedder is in use already
        assert "export" in refused["publish"]
    finally:
        dispatcher.close()
