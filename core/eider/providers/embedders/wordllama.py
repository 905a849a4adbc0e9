"""The default embedder: static word vectors read straight from the installed `wordllama` wheel.

Pooling 1, a formula over the wheel's own table, so that nothing is learned from foreign text:

* a word's vector is the sum of its tokens' vectors, averaged over the word as written and in lower
  case (a sentence's first word is the same word);
* punctuation and elided parts are left out, a word counts once (`eider.providers.embedders.tokenize`);
* no word is longer than `_LONGEST`;
* a word spelt with byte tokens (rare characters, emoji) gets a little of a direction of its own.

There is no frequency table: the vectors' lengths already hold it (`the` 1.6, a rare noun 17).
Measured against the plain mean on two development sets (five dialogues of 756 questions, 535
questions to isolated memories in five languages), vectors alone:

| pooling | dialogue R@10 / NDCG@10 | isolated R@5 / MRR |
|---|---|---|
| plain mean of all tokens | 57.5 / 41.7 | .947 / .755 |
| the same in lower case | 57.8 / 41.4 | .941 / .766 |
| tokens weighted a/(a+p), p by merge rank (Zipf), a = 1e-3 | 57.9 / 41.5 | .937 / .756 |
| words without punctuation | 59.3 / 43.0 | .929 / .767 |
| + averaged with lower case | 60.4 / 43.8 | .929 / .764 |
| + a/(a+p), p from the standard library's docstrings, a = 1e-3 | 59.3 / 42.7 | .936 / .754 |
| + common direction of the table removed | 61.2 / 44.1 | .920 / .757 |
| + without elisions, each word once, longest 20, own directions (this) | 61.7 / 44.4 | .935 / .770 |

On isolated memories the differences are noise (306 questions have an answer); on a set of our own that
nothing was tuned on (363 answers) the plain mean has .948 / .753 and this .952 / .755.
"""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from hashlib import blake2b
from importlib import import_module
from importlib.util import find_spec
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eider.model.errors import EmbedderError, InputError
from eider.providers.embedders.pooling import WordSumEmbedder, WordVectors

if TYPE_CHECKING:
    from numpy.typing import NDArray


POOLING: Final = 1
"""Version of the way from text to vector. Any change that moves a vector by more than 1e-3 raises it."""

_FULL_WIDTH: Final = 256
"""Columns of the table. It was trained so that the first ones carry most: a narrower cut still works."""

_WEIGHTS: Final = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER: Final = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_KNOWN_FILES: Final = 0x0F0604F2
"""CRC-32 of both files in wordllama 0.4.0.post1. Other files get another fingerprint: their vectors differ."""

_LONGEST: Final = 20.0
"""Length at which a word's vector is cut, so that a many-token word does not drown its text. The median
token has 13; 18 to 23 measured alike (R@10 61.5 to 61.8)."""

_OWN: Final = 5.0
"""Length of the direction a byte-spelt word gets. Three bytes say nothing of a character but that it is
this one: Chinese MRR .68 without, .74 with; from 9 on Recall@5 falls."""

_BYTES_END: Final = 259
"""First id that is a real token; the ones below stand for single bytes."""

_PART: Final = 2**20
"""Bytes of the table read at a time."""

_BLANK: Final = 29_871
"""Id of a lone word mark, which the tokenizer puts before characters that begin no token."""

_FIX: Final = "pip install wordllama==0.4.0.post1, or point WORDLLAMA_DIR at a folder with weights/ and tokenizers/"


class WordLlamaEmbedder(WordSumEmbedder):
    """Embeds a text as the normalised sum of its words' vectors.

    The `wordllama` package itself is never imported: its `load()` looks in a folder that its wheel
    does not have and then turns to the network. Only its two data files are read. They derive from
    Llama token embeddings, so Eider depends on the wheel and never ships them.

    >>> pizza, food, tax = WordLlamaEmbedder().embed(["pizza", "Italian food", "income tax"], "document")
    >>> bool(pizza @ food > pizza @ tax)
    True
    """

    degraded: str | None = None

    def __init__(self, folder: Path | None = None, *, width: int = _FULL_WIDTH) -> None:
        """Read the files, which takes about 0.1 s.

        Args:
            folder: Holds `weights/` and `tokenizers/`; by default `find_folder()`.
            width: Columns to use, 1 to 256.

        Raises:
            EmbedderError: The files are missing or damaged.
            InputError: The table has no such width.
        """
        if not 1 <= width <= _FULL_WIDTH:
            msg = f"width={width!r} is not available; the table has 1 to {_FULL_WIDTH} columns."
            raise InputError(msg)
        self._table, self._tokenizer, checksum = _load(folder or find_folder())
        self._words = WordVectors(self._vector, width)
        other = "" if checksum == _KNOWN_FILES else f"+{checksum:08x}"
        self.width = width
        self.fingerprint = f"wordllama-{width}/{POOLING}{other}"

    def _vector(self, word: str) -> NDArray[np.float32]:
        lower = word.lower()
        vector = self._spelt(word)
        if lower != word:
            vector = (vector + self._spelt(lower)) / np.float32(2)
        length = float(vector @ vector) ** 0.5
        if length > _LONGEST:
            vector = vector * np.float32(_LONGEST / length)
        return vector[: self._words.width]

    def _spelt(self, spelling: str) -> NDArray[np.float32]:
        """Sum of the vectors of the tokens that spell a word, shape `(256,)`."""
        ids = [id_ for id_ in self._tokenizer.encode(spelling, add_special_tokens=False).ids if id_ != _BLANK]
        vector = self._table[ids].sum(axis=0, dtype=np.float32)
        if ids and min(ids) < _BYTES_END:
            # A direction of its own for any spelling, length 1: one sign per column, drawn by a digest
            digest = blake2b(spelling.encode(), digest_size=_FULL_WIDTH // 8).digest()
            signs = np.unpackbits(np.frombuffer(digest, np.uint8)).astype(np.float32) * 2 - 1
            vector += np.float32(_OWN) * (signs / np.float32(_FULL_WIDTH**0.5))
        return vector


def installed_embedder() -> WordLlamaEmbedder:
    """The embedder of the files in `find_folder()`, read again only when these have changed.

    Raises:
        EmbedderError: The files are missing or damaged.
    """
    folder = find_folder()
    try:
        found = [(folder / name).stat() for name in (_WEIGHTS, _TOKENIZER)]
    except OSError as error:
        raise _unreadable(folder, error) from error
    return _of_files(folder, tuple((file.st_ino, file.st_size, file.st_mtime_ns) for file in found))


@lru_cache(maxsize=1)
def _of_files(folder: Path, files: tuple[tuple[int, int, int], ...]) -> WordLlamaEmbedder:  # noqa: ARG001 (tells versions of the files apart)
    return WordLlamaEmbedder(folder)


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


def _unreadable(folder: Path, error: Exception) -> EmbedderError:
    return EmbedderError(f"the wordllama vectors in {str(folder)!r} cannot be read ({error}); {_FIX}.")


def _load(folder: Path) -> tuple[NDArray[np.float16], Any, int]:
    """Token table (32,000 by 256), tokenizer, and a checksum of both files."""
    try:
        tokenizers = import_module("tokenizers")
        spelling = (folder / _TOKENIZER).read_bytes()
        table, checksum = _mapped(folder / _WEIGHTS)
        tokenizer = tokenizers.Tokenizer.from_buffer(spelling)
        if table.shape[1:] != (_FULL_WIDTH,) or table.shape[0] < tokenizer.get_vocab_size():
            msg = f"a table of shape {table.shape} does not fit the tokenizer"
            raise ValueError(msg)  # noqa: TRY301 (told to the caller like any other damage)
    except Exception as error:
        raise _unreadable(folder, error) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return table, tokenizer, zlib.crc32(spelling, checksum)


def _mapped(path: Path) -> tuple[NDArray[np.float16], int]:
    """The table of a safetensors file, mapped so that only rows that are used take memory, and a checksum of the file."""
    with path.open("rb") as file:
        head = file.read(int.from_bytes(file.read(8), "little"))
        one = json.loads(head)["embedding.weight"]
        if one["dtype"] != "F16":
            msg = f"a table of {one['dtype']} where F16 was expected"
            raise ValueError(msg)
        start = file.tell() + one["data_offsets"][0]
        file.seek(0)
        checksum = 0
        while part := file.read(_PART):
            checksum = zlib.crc32(part, checksum)
    return np.asarray(np.memmap(path, "<f2", "r", start, tuple(one["shape"]))), checksum
