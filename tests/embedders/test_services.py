"""Every service keeps the promises of an embedder, in its own form, over a real connection."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from services import EMBEDDERS, KEY, LIMITS, WIDTH, Service, running

from eider.model.errors import ConfigError, MissingExtraError, ProviderError
from eider.providers.embedders.names import EmbedderName, check, connect, connect_reranker
from eider.testing import EmbedderContract

if TYPE_CHECKING:
    from eider.model.protocols import Embedder


class TestServices(EmbedderContract):
    """The contract, held by each service in turn."""

    service: Service

    @pytest.fixture(autouse=True, params=["openai", "tei", "voyage", "cohere", "ollama"])
    def _serve(self, request: pytest.FixtureRequest) -> Generator[None]:
        with running(request.param) as self.service:
            yield

    def make(self) -> Embedder:
        """Ask the service of this round."""
        return connect(self.service.name)


@pytest.mark.parametrize("provider", EMBEDDERS)
def test_a_large_batch_is_cut_to_what_the_service_takes(provider: str) -> None:
    """No call holds more texts than the service allows, and rows come in the order of the texts, blanks as zero."""
    texts = [f"note {i}" if i % 7 else " " for i in range(2 * LIMITS[provider])]
    with running(provider) as service:
        rows = connect(service.name).embed(texts, "document")
        expected = service.model.embed(texts, "document")
    assert np.abs(rows - np.where([[not t.strip()] for t in texts], 0, expected)).max() < 1e-3
    assert len(service.seen) >= 2


@pytest.mark.parametrize(("provider", "field", "said"), [
    ("voyage", "input_type", {"document": "document", "query": "query"}),
    ("cohere", "input_type", {"document": "search_document", "query": "search_query"}),
])  # fmt: skip
def test_a_service_that_knows_roles_is_told_the_role(provider: str, field: str, said: dict[str, str]) -> None:
    """Questions and statements are embedded as what they are."""
    with running(provider) as service:
        for role in ("document", "query"):
            connect(service.name).embed(["a"], role)
    assert [body[field] for body in service.seen] == [said["document"], said["query"]]


def test_a_model_that_wants_prefixes_gets_them() -> None:
    """An e5 model reads `query: ` before a question; the prefix is part of the fingerprint, and can be set."""
    with running("vllm") as service:
        base = f"?url={service.url}&key={KEY}"
        e5 = connect(f"vllm:intfloat/multilingual-e5-small{base}")
        e5.embed(["where is it?"], "query")
        e5.embed(["it is here"], "document")
        assert [body["input"] for body in service.seen] == [["query: where is it?"], ["passage: it is here"]]
        other = connect(f"vllm:intfloat/multilingual-e5-small{base}&query_prefix=ask:")
        assert e5.fingerprint != other.fingerprint


def test_a_text_too_long_for_the_model_is_shortened() -> None:
    """A service that refuses a text for its length gets the beginning of it; its neighbours are not shortened."""
    with running("openai", longest=2_000) as service:
        rows = connect(service.name).embed(["word " * 1_500, "tea"], "document")
        assert np.abs(np.linalg.norm(rows, axis=1) - 1).max() < 1e-3
        assert np.abs(rows[1] - service.model.embed(["tea"], "document")[0]).max() < 1e-3


def test_vectors_in_base64_are_read() -> None:
    """What comes as little-endian float32 in base64 is the same vector."""
    with running("openai") as service:
        vector = service.model.embed(["tea"], "document")[0]
        coded = base64.b64encode(vector.astype("<f4").tobytes()).decode()
        service.statuses.append((200, {}, json.dumps({"data": [{"index": 0, "embedding": coded}]})))
        assert np.abs(connect(service.name).embed(["tea"], "document")[0] - vector).max() < 1e-3


def test_a_passing_failure_is_tried_again() -> None:
    """Overload and lost connections pass; the caller notices nothing."""
    with running("openai") as service:
        embedder = connect(service.name)
        service.statuses += [(429, {"Retry-After": "0"}, ""), (503, {}, "")]
        assert embedder.embed(["tea"], "document").any()
        service.stop()
        service.start()  # the connection that rested is gone
        assert embedder.embed(["tea"], "document").any()


@pytest.mark.parametrize(("status", "fix"), [(401, "embedder_key"), (404, "embedder_url"), (400, "name")])
def test_a_refusal_names_the_fix_and_no_secret(status: int, fix: str) -> None:
    """What will not pass is not asked again, and neither key nor text is in the error."""
    with running("openai") as service:
        service.statuses.append((status, {}, json.dumps({"error": {"message": f"bad key {KEY} for 'my secret plan'"}})))
        with pytest.raises(ProviderError, match=fix) as caught:
            connect(service.name).embed(["my secret plan"], "document")
        assert not service.seen
    assert not caught.value.retryable
    assert KEY not in str(caught.value)
    assert "secret plan" not in str(caught.value)


@pytest.mark.parametrize("said", ["not json", "[]", '{"data": []}', '{"data": [{"index": 0}]}', '{"data": [{"index": 0, "embedding": []}]}',
                                  '{"data": [{"index": 0, "embedding": ["x"]}]}', '{"data": [{"index": 0, "embedding": [NaN, 1]}]}'])  # fmt: skip
def test_an_answer_of_another_form_is_an_error_of_the_service(said: str) -> None:
    """Whatever comes back, it is a vector or a ProviderError."""
    with running("openai") as service:
        embedder = connect(f"{service.name}&width={WIDTH}")
        service.statuses += [(200, {}, said)] * 3
        with pytest.raises(ProviderError):
            embedder.embed(["tea"], "document")


def test_a_vector_of_another_width_is_refused() -> None:
    """A store's width is noted: a service that answers with another one serves another model."""
    with running("openai") as service, pytest.raises(ProviderError, match="another model") as caught:
        connect(f"{service.name}&width=32").embed(["tea"], "document")
    assert not caught.value.retryable


@pytest.mark.parametrize("provider", ["voyage", "cohere", "tei-rerank"])
def test_a_reranker_scores_texts_in_their_order(provider: str) -> None:
    """The service answers best first; the scores come back in the order of the texts."""
    with running(provider) as service:
        reranker = connect_reranker(f"{provider.removesuffix('-rerank')}:some-model?url={service.url}&key={KEY}")
        scores = reranker.rerank("where is the heron", ["tea", "the heron is here", "where tea grows"])
        assert scores.argsort().tolist() == [0, 2, 1]
        assert len(reranker.rerank("x", [])) == 0
        service.statuses.append((500, {}, ""))
        with pytest.raises(ProviderError):
            reranker.rerank("x", ["y"])


def test_a_name_is_taken_apart() -> None:
    """A model may hold colons and slashes; what a store notes holds neither address nor key."""
    name = EmbedderName.of(f"tei:BAAI/bge-m3:latest?url=http://127.0.0.1:1/v1&dimensions=256&key={KEY}")
    assert (name.provider, name.model, name.noted) == (
        "tei",
        "BAAI/bge-m3:latest",
        "tei:BAAI/bge-m3:latest?dimensions=256",
    )


@pytest.mark.parametrize("name", ["", "openai: two words", "a b:c", "nobody:model", "hash:64", "default?x=1", "openai:m?dimensions=x",
                                  "openai:m?url=ftp://x", "openai:m?url=http://u:p@x/", "onnx:other", "?url=x"])  # fmt: skip
def test_a_name_that_cannot_be_used_is_refused_with_the_fix(name: str) -> None:
    """The error names the value, or what there is."""
    with pytest.raises(ConfigError):
        connect(name)


def test_every_name_that_comes_with_eider_is_known() -> None:
    """Each entry point leads to something: it connects, or says which extra is missing."""
    for provider in [*EMBEDDERS, "onnx", "fastembed", "sentence-transformers"]:
        check(provider)
        try:
            connect(provider if provider == "onnx" else f"{provider}:some-model")
        except MissingExtraError as error:
            assert f"eider-memory[{provider}]" in str(error)  # noqa: PT017 (one of two outcomes)
