"""Token counters by name; every one that can be made here passes the contract."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from stub_server import StubServer

from eider.model.errors import ConfigError
from eider.model.protocols import TokenCounter
from eider.providers import token_counters
from eider.providers.token_budget import HeuristicCounter
from eider.providers.token_counters import cached_encoding, configured_counter, counter
from eider.testing import TokenCounterContract


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    made = StubServer()
    yield made
    made.close()


class TestHeuristic(TokenCounterContract):
    def counter(self) -> TokenCounter:
        return counter("heuristic")


class _Remote(TokenCounterContract):
    name = ""
    url = ""

    @pytest.fixture(autouse=True)
    def _led(self, stub: StubServer) -> None:
        self.url = stub.url

    def counter(self) -> TokenCounter:
        return counter(self.name, key="k", url=self.url)


class TestAnthropic(_Remote):
    name = "anthropic:stub"


class TestOpenAI(_Remote):
    name = "openai:stub"


class TestUnreachable(TokenCounterContract):
    """Where a service does not answer the estimate stands in for it."""

    def counter(self) -> TokenCounter:
        return counter("anthropic:stub", key="k", url="http://127.0.0.1:9")


def test_a_service_counts_less_than_its_envelope(stub: StubServer) -> None:
    """What surrounds every message is not the text's cost, and the same text is asked about once."""
    made = counter("anthropic:stub", key="k", url=stub.url)
    assert made.count("x" * 400) == pytest.approx(100, abs=2)
    assert made.count("x" * 400) == pytest.approx(100, abs=2)


@pytest.mark.parametrize("name", ["word", "", "heuristic:x", "anthropic", "openai:", "tokens:x"])
def test_an_unknown_counter_is_refused(name: str) -> None:
    """The message names it and those there are."""
    with pytest.raises(ConfigError, match="'heuristic', 'tiktoken'"):
        counter(name)


@pytest.fixture
def tiktoken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A stand-in for the package, which fails when it would have to download; its cache is a directory here."""
    fake = ModuleType("tiktoken")

    class Encoding:
        def encode(self, text: str, **_about: object) -> list[str]:
            return text.split() or [text]

    def get_encoding(name: str) -> Encoding:
        assert cached_encoding(name) is not None, "it would have been downloaded"
        return Encoding()

    fake.get_encoding = get_encoding  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "tiktoken", fake)
    monkeypatch.setattr(token_counters, "find_spec", lambda name: object())
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_tiktoken_counts_only_where_its_file_is_there(tiktoken: Path) -> None:
    """Without the file a download would follow: it is refused, with the way to fetch it."""
    with pytest.raises(ConfigError, match="downloads nothing"):
        counter("tiktoken")
    # SHA-1 of the address that tiktoken fetches the encoding from.
    (tiktoken / "fb374d419588a4632f3f557e76b4b70aebbca790").write_bytes(b"")
    assert counter("tiktoken").count("three words here") == 3
    assert counter("tiktoken:o200k_base").count("") == 0


def test_where_tiktoken_keeps_its_files(monkeypatch: pytest.MonkeyPatch, tiktoken: Path) -> None:
    """The cache that is set, else its place among temporary files; an empty setting is no cache."""
    assert cached_encoding("cl100k_base") is None
    (tiktoken / "9b5ad71b2ce5302211f9c61530b329a4922fc6a4").write_bytes(b"")
    assert cached_encoding("cl100k_base") is not None
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert cached_encoding("cl100k_base") is None
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    monkeypatch.delenv("DATA_GYM_CACHE_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tiktoken))
    (tiktoken / "data-gym-cache").mkdir()
    assert cached_encoding("cl100k_base") is None


def test_tiktoken_that_is_not_installed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the package."""
    monkeypatch.setattr(token_counters, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="pip install tiktoken"):
        counter("tiktoken")


def test_voyage_counts_only_where_its_tokenizer_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its tokenizer is not fetched to count."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match="downloads nothing"):
        counter("voyage:no-such-model")


def test_voyage_counts_by_its_tokenizer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tokenizer's file that is there is used."""
    import huggingface_hub
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda repo, name: str(tmp_path / name))
    assert counter("voyage:voyage-3").count("a b c") == 3


def test_the_counter_is_a_setting(monkeypatch: pytest.MonkeyPatch, stub: StubServer) -> None:
    """By default the estimate; a model's key goes to its own provider only."""
    assert isinstance(configured_counter(), HeuristicCounter)
    given: list[dict[str, object]] = []
    monkeypatch.setattr(token_counters, "counter", lambda name, **about: given.append(about))
    for name, value in (
        ("COUNTER", "anthropic:x"),
        ("MODEL", "anthropic:y"),
        ("MODEL_KEY", "k"),
        ("MODEL_URL", stub.url),
    ):
        monkeypatch.setenv(f"EIDER_{name}", value)
    configured_counter()
    monkeypatch.setenv("EIDER_MODEL", "openai:y")
    configured_counter()
    assert given == [{"key": "k", "url": stub.url}, {}]
