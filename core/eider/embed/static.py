"""The default embedder: static word vectors read straight from the installed `wordllama` wheel."""

from __future__ import annotations

import zlib
from importlib import import_module
from importlib.util import find_spec
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eider.embed.pooling import WordVectors
from eider.errors import EmbedderError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eider.protocols import Role

POOLING: Final = 1
"""Version of the way from text to vector. Any change that moves a vector by more than 1e-3 raises it."""

_FULL_WIDTH: Final = 256
_WEIGHTS: Final = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER: Final = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_KNOWN_FILES: Final = 0x0F0604F2
"""CRC-32 of both files in wordllama 0.4.0.post1. Other files get another fingerprint: their vectors differ."""
_FIX: Final = "pip install wordllama==0.4.0.post1, or point WORDLLAMA_DIR at a folder with weights/ and tokenizers/"


class WordLlamaEmbedder:
    """Embeds a text as the normalised sum of its words' vectors.

    The `wordllama` package itself is never imported: its `load()` looks in a folder that its wheel
    does not have and then turns to the network. Only its two data files are read. They derive from
    Llama token embeddings, so Eider depends on the wheel and never ships them.
    """

    degraded: str | None = None

    def __init__(self, folder: Path | None = None, *, width: int = _FULL_WIDTH) -> None:
        if not 1 <= width <= _FULL_WIDTH:
            msg = f"width={width!r} is not available; the table has 1 to {_FULL_WIDTH} columns."
            raise InputError(msg)
        folder = folder or find_folder()
        table, self._tokenizer, checksum = _load(folder)
        self._table = table[:, :width]
        self._words = WordVectors(self._vector, width)
        other = "" if checksum == _KNOWN_FILES else f"+{checksum:08x}"
        self.width = width
        self.fingerprint = f"wordllama-{width}/{POOLING}{other}"

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:  # noqa: ARG002 (questions and statements share one space)
        """Embed `n` texts; see `eider.protocols.Embedder`.

        Only the first `eider.embed.words.MAX_CHARACTERS` of a text count. A text without a word
        gives a zero row.

        Returns:
            Shape `(n, width)`; every row has length 1 within 1e-3, or is zero.

        Raises:
            InputError: A bare string was given, or something in the list is no string.
        """
        return self._words.pool(texts)

    def _vector(self, word: str) -> NDArray[np.float32]:
        """Mean of the word as written and in lower case: a sentence's first word is the same word."""
        lower = word.lower()
        vector = self._sum(word)
        return vector if lower == word else (vector + self._sum(lower)) / np.float32(2)

    def _sum(self, spelling: str) -> NDArray[np.float32]:
        ids = [i for i in self._tokenizer.encode(spelling, add_special_tokens=False).ids if i != self._blank]
        return self._table[ids].astype(np.float32).sum(axis=0)

    @property
    def _blank(self) -> int:
        return 29871  # the token of a lone space, put before characters that no token begins with


def find_folder() -> Path:
    """Where the two files are: `WORDLLAMA_DIR`, else the installed wheel, which is located, not imported.

    Raises:
        EmbedderError: They are nowhere; the message holds the fix.
    """
    named = environ.get("WORDLLAMA_DIR")
    if named:
        return Path(named)
    spec = find_spec("wordllama")
    if spec is None or spec.origin is None:
        msg = f"the wordllama vectors are not installed; {_FIX}."
        raise EmbedderError(msg)
    return Path(spec.origin).parent


def _load(folder: Path) -> tuple[NDArray[np.float16], Any, int]:
    """Token table, tokenizer and a checksum of both files; about 0.1 s, most of it the tokenizer."""
    try:
        tensors = import_module("safetensors.numpy")
        tokenizers = import_module("tokenizers")
        weights, spelling = (folder / _WEIGHTS).read_bytes(), (folder / _TOKENIZER).read_bytes()
        table = tensors.load(weights)["embedding.weight"]
        tokenizer = tokenizers.Tokenizer.from_buffer(spelling)
    except Exception as error:
        msg = f"the wordllama vectors in {str(folder)!r} cannot be read ({error}); {_FIX}."
        raise EmbedderError(msg) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return table, tokenizer, zlib.crc32(spelling, zlib.crc32(weights))
