"""The default embedder: offline, light to import, honest about what it lacks."""

from __future__ import annotations

import math
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pytest

from eider.model.errors import EmbedderError, InputError
from eider.providers.embedders import default_embedder, wordllama
from eider.providers.embedders.hashing import HashEmbedder
from eider.providers.embedders.pooling import WordVectors
from eider.providers.embedders.tokenize import MAX_CHARACTERS, distinct, words
from eider.providers.embedders.wordllama import WordLlamaEmbedder, find_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CORE = Path(wordllama.__file__).parents[2]


def _python(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    environ = {**os.environ, "PYTHONPATH": str(_CORE), **environment}
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environ)
    return run.stdout.strip()


def _not_installed(_name: str) -> None:
    """Stands in for `find_spec` where a package is missing."""


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which wordllama is not installed."""
    monkeypatch.delenv("WORDLLAMA_DIR", raising=False)
    monkeypatch.setattr(wordllama, "find_spec", _not_installed)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the wheel's two files, to be damaged."""
    for part in ("weights", "tokenizers"):
        shutil.copytree(find_folder() / part, tmp_path / part)
    return tmp_path


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import eider.providers.embedders` loads no numpy, tokenizer or weights."""
    heavy = "numpy tokenizers safetensors wordllama huggingface_hub"
    assert (
        _python(f"import sys, eider.providers.embedders; print([m for m in {heavy!r}.split() if m in sys.modules])")
        == "[]"
    )


def test_wordllama_itself_is_never_imported() -> None:
    """Its files are read; its code, which would try the network, is not run."""
    code = "import sys, eider.providers.embedders as e; e.default_embedder().embed(['tea'], 'query'); print('wordllama' in sys.modules)"
    assert _python(code) == "False"


def test_no_network_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading and embedding work while every socket is refused."""

    def refuse(*_args: object, **_options: object) -> NoReturn:
        pytest.fail("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    wordllama._of_files.cache_clear()
    embedder = default_embedder()
    assert embedder.degraded is None
    assert embedder.embed(["tea with milk"], "document").any()


def test_the_default_is_the_real_one() -> None:
    """With the pinned wheel the fingerprint is the published one."""
    embedder = default_embedder()
    assert (embedder.fingerprint, embedder.width, embedder.degraded) == ("wordllama-256/1", 256, None)


@pytest.mark.usefixtures("no_wheel")
def test_without_the_wheel_spelling_is_compared_and_said() -> None:
    """The fallback serves, and names the reason and the fix."""
    embedder = default_embedder()
    assert embedder.fingerprint == "hash-256/1"
    assert embedder.degraded is not None
    assert "pip install wordllama==0.4.0.post1" in embedder.degraded


@pytest.mark.usefixtures("no_wheel")
def test_a_missing_wheel_is_an_error_when_it_is_asked_for_by_name() -> None:
    """Who wants the real one is told how to get it."""
    with pytest.raises(EmbedderError, match="pip install wordllama"):
        WordLlamaEmbedder()


@pytest.mark.parametrize(
    "part",
    ["weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"],
)
@pytest.mark.parametrize("content", [b"", b"garbage" * 100, None])
def test_damaged_files_are_named(copy: Path, part: str, content: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty, damaged or missing file gives one clear error, and the fallback quotes it."""
    if content is None:
        (copy / part).unlink()
    else:
        (copy / part).write_bytes(content)
    with pytest.raises(EmbedderError, match="cannot be read"):
        WordLlamaEmbedder(copy)
    monkeypatch.setenv("WORDLLAMA_DIR", str(copy))
    assert str(copy) in str(default_embedder().degraded)


def test_a_folder_may_be_named(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`WORDLLAMA_DIR` is used even where no wheel is installed."""
    monkeypatch.setattr(wordllama, "find_spec", _not_installed)
    monkeypatch.setenv("WORDLLAMA_DIR", str(copy))
    assert default_embedder().fingerprint == "wordllama-256/1"


def test_other_weights_have_another_fingerprint(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of a different table are never taken for the known one's, nor are they once the files have changed."""
    monkeypatch.setenv("WORDLLAMA_DIR", str(copy))
    assert default_embedder() is default_embedder()
    path = copy / "weights" / "l2_supercat_256.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert WordLlamaEmbedder(copy).fingerprint.startswith("wordllama-256/1+")
    assert default_embedder().fingerprint == WordLlamaEmbedder(copy).fingerprint


def test_the_vectors_of_a_fingerprint_do_not_drift() -> None:
    """Some inner products of pooling 1, written down: a change of the formula must raise `POOLING`."""
    texts = ["Ada prefers green tea.", "what does Ada drink?", "Der Bahnhof ist gesperrt", "我喜欢喝茶 🍵"]
    known = WordLlamaEmbedder().embed(texts, "document")
    spelt = HashEmbedder().embed(texts, "document")
    assert np.allclose((known[0] @ known.T), [1.0, 0.3554, -0.0374, 0.1286], atol=1e-3)
    assert np.allclose((spelt[0] @ spelt.T), [1.0, 0.0506, -0.0175, -0.136], atol=1e-3)


def test_hashing_is_the_same_in_every_process() -> None:
    """Python's own randomised hash plays no part."""
    code = (
        "from eider.providers.embedders.hashing import HashEmbedder; import zlib;"
        "print(zlib.crc32(HashEmbedder().embed(['green tea', '東京'], 'document').tobytes()))"
    )
    assert _python(code, PYTHONHASHSEED="1") == _python(code, PYTHONHASHSEED="2")


def test_meaning_is_found_where_spelling_is_not() -> None:
    """The real embedder knows that a car is a vehicle."""
    car, vehicle, cat = WordLlamaEmbedder().embed(["car", "vehicle", "cat"], "document")
    assert float(car @ vehicle) > float(car @ cat)


def test_unlike_emoji_are_unlike() -> None:
    """Characters spelt in bytes keep apart although they share most bytes."""
    one, same, other = WordLlamaEmbedder().embed(["🦆", "a 🦆!", "🦉"], "document")
    assert float(one @ same) > float(one @ other)
    assert float(one @ other) < 1 - 1e-2


@pytest.mark.parametrize("kind", [WordLlamaEmbedder, HashEmbedder])
@pytest.mark.parametrize("texts", ["one text", [b"bytes"], [None], [7]])
def test_what_is_no_list_of_texts_is_refused(
    kind: type[WordLlamaEmbedder | HashEmbedder],
    texts: Sequence[str],
) -> None:
    """A bare string or a non-string names itself and the fix."""
    with pytest.raises(InputError, match="embed"):
        kind().embed(texts, "document")


@pytest.mark.parametrize("width", [0, -1, 257])
def test_an_impossible_width_is_refused(width: int) -> None:
    """The table has 256 columns."""
    with pytest.raises(InputError, match="width"):
        WordLlamaEmbedder(width=width)


def test_a_hash_needs_a_width() -> None:
    """No columns, no vector."""
    with pytest.raises(InputError, match="width"):
        HashEmbedder(width=0)


def test_what_lies_beyond_the_limit_is_ignored() -> None:
    """Only the first `MAX_CHARACTERS` of a text turn its vector."""
    head = "tea " * (MAX_CHARACTERS // 4)
    short, long = HashEmbedder().embed([head, head + "coffee " * 10_000], "document")
    assert np.array_equal(short, long)


def test_words_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """New words push old ones out, and nothing changes but the time it takes."""
    made: list[str] = []

    def make(word: str) -> NDArray[np.float32]:
        made.append(word)
        return np.full(2, len(word), np.float32)

    monkeypatch.setattr("eider.providers.embedders.pooling.REMEMBERED", 3)
    vectors = WordVectors(make, 2)
    assert np.allclose(vectors.pool(["a b c", "a b c", "d a"]), math.sqrt(0.5))
    assert made == ["a", "b", "c", "d", "a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We'll meet at Ada's, don't we?", ["We'll", "meet", "at", "Ada", "don", "we"]),
        ("l\u2019été qu'il aujourd'hui", ["été", "qu'il", "aujourd", "hui"]),
        ("C++ C# snake_case kebab-case", ["C++", "C#", "snake", "case", "kebab", "case"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("한국어 東京タワー", ["한국어", "東", "京", "タ", "ワ", "ー"]),
        ("a\x00b\ud800c", ["a", "b", "c"]),
        ("\ufb01ne \uff21\uff22\uff23 e\u0301te\u0301", ["fine", "ABC", "été"]),
        ("x" * 100, ["x" * 48, "x" * 48, "x" * 4]),
    ],
)
def test_texts_are_cut_into_words(text: str, expected: list[str]) -> None:
    """One cut for every script."""
    assert words(text) == expected


def test_a_word_counts_once() -> None:
    """Repetition does not turn a vector; single characters of unspaced scripts are no words yet."""
    assert distinct("Tea tea TEA. Milk!") == ["TEA", "Milk"]
    assert distinct("Été été 人人") == ["été", "人", "人"]
