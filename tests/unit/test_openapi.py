"""The OpenAPI document: complete, valid, the same every time, and true of real answers."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from every_verb import LATER, ask_every_verb
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from eider import errors
from eider.api.verbs import VERBS
from eider.api.wire import encode, encode_error
from eider.model import config
from eider.model.errors import EiderError
from eider.service import openapi
from eider.service.dispatcher import Dispatcher
from eider.service.http_app import status_of
from eider.service.http_request import HttpRequest

DOCUMENT = openapi.document()


@pytest.fixture
def dispatcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dispatcher]:
    """What answers behind the HTTP API, without the HTTP."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    made = Dispatcher(str(config.home()))
    yield made
    made.close()


def closed(schema: Any) -> Any:
    """The same schema with nothing allowed that it does not name."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(inner) for name, inner in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def validator(schema: Any, *, strict: bool = True) -> Draft202012Validator:
    """Checks values against a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return Draft202012Validator(closed(whole) if strict else whole)


def test_the_document_is_valid_openapi() -> None:
    """Generators of other languages can read it."""
    validate(DOCUMENT)


def test_every_verb_is_there_with_every_field() -> None:
    """Whatever the table can do, the document says how to ask for."""
    assert {path.removeprefix("/v1/") for path in DOCUMENT["paths"]} >= set(VERBS)
    for name, verb in VERBS.items():
        operation = DOCUMENT["paths"][f"/v1/{name}"]["post"]
        assert operation["operationId"] == name
        assert operation["summary"]
        said = DOCUMENT["components"]["schemas"][verb.request.__name__]["properties"]
        assert set(said) == {f.name for f in dataclasses.fields(verb.request)} - {"progress"}, name


def test_every_error_has_a_status() -> None:
    """The whole tree of errors is told, each with one of the statuses that operations list."""
    kinds = set(DOCUMENT["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["kind"]["enum"])
    assert kinds == {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, EiderError)
    }
    listed = set(DOCUMENT["components"]["responses"])
    assert {str(status_of(getattr(errors, kind).__new__(getattr(errors, kind)))) for kind in kinds} == listed


def test_an_error_is_as_it_says() -> None:
    """What is answered when something is refused fits the schema."""
    sent = {"error": encode_error(errors.TooLargeError("text", 5, 4))}
    validator({"$ref": "#/components/schemas/Error"}).validate(json.loads(json.dumps(sent)))


def test_the_document_is_the_same_bytes_in_every_process() -> None:
    """Order never depends on hashes, so that a change of the API is a change of the text."""
    code = "from eider.service.openapi import text; import sys; sys.stdout.buffer.write(text().encode())"
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment)
    assert done.stdout == openapi.text().encode()


def test_real_requests_and_answers_of_every_verb_fit(dispatcher: Dispatcher, tmp_path: Path) -> None:
    """The document promises nothing that is not so: every verb is asked, and nothing comes that it does not name."""
    asked: set[str] = set()

    def ask(verb: str, request: dict[str, Any]) -> Any:
        operation = DOCUMENT["paths"][f"/v1/{verb}"]["post"]
        whole = {"request": request, "store": "notes", "channel": "test", "max_trust": "user"}
        validator(operation["requestBody"]["content"]["application/json"]["schema"], strict=False).validate(whole)
        answer = json.loads(json.dumps(dispatcher.run_verb(verb, whole)))
        validator(operation["responses"]["200"]["content"]["application/json"]["schema"]).validate(answer)
        asked.add(verb)
        return answer["value"]

    ask_every_verb(ask, tmp_path)
    assert asked >= set(VERBS) - LATER, "ask the new verb in every_verb.py"


PLAIN = {"server/status", "server/stop", "server/drain", "hooks/hello", "hooks/{host}"}
"""Routes that know no store."""


def test_every_route_beside_the_verbs_is_there_and_answers_as_it_says(dispatcher: Dispatcher) -> None:
    """Whatever the server answers is documented, and real requests and answers fit."""
    answers = dispatcher.app(token="", hosts=frozenset()).answers
    assert {path.removeprefix("/v1/") for path in DOCUMENT["paths"] if path.startswith("/v1/")} == set(answers)
    dispatcher.run_verb("remember", {"request": {"user": "ada", "text": "Likes tea."}, "store": "notes"})
    with dispatcher.stores.use(config.store_path("notes")) as engine:
        number = engine.jobs.queue("heal")
        engine.jobs.run_due()
    dispatcher.stop = lambda: None
    sent: dict[str, dict[str, Any]] = {
        "server/open": {"agent": "reviewer"}, "jobs/show": {"ids": [number]}, "backup/run": {"keep": {"daily": 1}},
        "backup/prune": {"keep": {"daily": 1}, "before_forget": True}, "jobs/list": {"limit": 3},
    }  # fmt: skip
    for name in sorted(set(answers) - set(VERBS), key=lambda name: (name in {"jobs/purge", "server/release"}, name)):
        operation = DOCUMENT["paths"][f"/v1/{name}"]["post"]
        whole = {"store": "notes", **sent.get(name, {})}
        fits = validator(operation["requestBody"]["content"]["application/json"]["schema"])
        fits.validate(whole if name not in PLAIN else {})
        answer = json.loads(
            json.dumps(encode(answers[name](HttpRequest(name=name, body=whole, local=True, until=1e12))))
        )
        validator(operation["responses"]["200"]["content"]["application/json"]["schema"]).validate(answer)


@pytest.mark.parametrize("wrong", [
    {"request": {"user": "ada"}}, {"request": {"user": "ada", "text": 3}}, {"request": {"user": "ada", "text": "a", "x": 1}},
    {"request": {"user": "ada", "text": "a", "kind": "idea"}}, {"request": {"user": "ada", "text": "a"}, "max_trust": "god"}, {},
])  # fmt: skip
def test_what_the_server_refuses_does_not_fit(wrong: dict[str, Any]) -> None:
    """A caller that checks against the document finds its mistakes before it asks."""
    content = DOCUMENT["paths"]["/v1/remember"]["post"]["requestBody"]["content"]
    assert not validator(content["application/json"]["schema"], strict=False).is_valid(wrong)
