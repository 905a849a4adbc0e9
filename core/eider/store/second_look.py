"""An encoder and a reranker that look at the best candidates again: off unless named, each within its time, never needed.

Vectors of the encoder are kept in memory only, by a digest of the text. What does not get its vector in time is encoded
behind the answer, so that the next question finds it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from eider.model.protocols import Embedder, Reranker

ENCODED: Final = 100
"""Best candidates whose likeness is measured again."""
RERANKED: Final = 32
"""Best candidates that a reranker puts in order."""
_KEPT: Final = 50_000
"""Vectors kept, 40 MB of 384 half floats."""
_READ: Final = 1_200
"""Characters of a text that are encoded."""

Floats = NDArray[np.float32]


class SecondLook:
    """What asks an encoder and a reranker, in threads of their own. Safe to share between threads."""

    def __init__(self, encoder: Embedder | None, reranker: Reranker | None, *, seconds: float = 0.25) -> None:
        """Take both, or one of them.

        Args:
            encoder: Gives vectors of question and candidates.
            reranker: Reads the question beside the candidates.
            seconds: Most that an answer waits for each of them.
        """
        self.encoder, self.reranker, self.seconds = encoder, reranker, seconds
        self.trouble: str | None = None
        """What went wrong last; None once it works again."""
        self._vectors: OrderedDict[bytes, NDArray[np.float16]] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "eider-second-look")

    def likeness(self, query: str, texts: Sequence[str]) -> Floats | None:
        """Return the cosine of each text with a question, NaN for those not encoded in time; None where nothing is."""
        if self.encoder is None or not texts:
            return None
        wanted = [query[:_READ], *(text[:_READ] for text in texts)]
        keys = [blake2b(text.encode("utf-8", "replace"), digest_size=16).digest() for text in wanted]
        missing = [(k, t) for k, t in dict(zip(keys, wanted, strict=True)).items() if k not in self._vectors]
        if missing:
            ended = threading.Event()
            self._pool.submit(self._encode, missing, ended)
            ended.wait(self.seconds)
        with self._lock:
            found = [self._vectors.get(key) for key in keys]
            for key in keys:
                if key in self._vectors:
                    self._vectors.move_to_end(key)
        if found[0] is None:
            return None
        asked = found[0].astype(np.float32)
        return np.array([np.nan if v is None else float(v.astype(np.float32) @ asked) for v in found[1:]], np.float32)

    def order(self, query: str, texts: Sequence[str]) -> Floats | None:
        """Return how well each text answers, as the reranker says; None where it does not say so in time."""
        reranker = self.reranker
        if reranker is None or not texts:
            return None
        try:
            found = self._pool.submit(reranker.rerank, query, [text[:_READ] for text in texts]).result(self.seconds)
        except Exception as error:  # noqa: BLE001 (the order stays as it was, and health says why)
            self.trouble = f"reranker {reranker.name}: {type(error).__name__} {error}".strip()
            return None
        self.trouble = None
        return found if len(found) == len(texts) and bool(np.isfinite(found).all()) else None

    def clear(self) -> None:
        """Forget all vectors: something was erased."""
        with self._lock:
            self._vectors.clear()

    def close(self) -> None:
        """Let the thread end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _encode(self, missing: Sequence[tuple[bytes, str]], ended: threading.Event) -> None:
        """Encode texts one by one, so that those that are ready in time count; the question comes first."""
        encoder, began = self.encoder, time.monotonic()
        try:
            for place, (key, text) in enumerate(missing):
                if encoder is None or key in self._vectors:
                    continue
                vector = encoder.embed([text], "document" if place else "query")[0].astype(np.float16)
                with self._lock:
                    self._vectors[key] = vector
                    while len(self._vectors) > _KEPT:
                        self._vectors.popitem(last=False)
                if time.monotonic() - began > self.seconds:
                    ended.set()
        except Exception as error:  # noqa: BLE001 (what is not encoded is not counted, and health says why)
            self.trouble = f"encoder: {type(error).__name__} {error}".strip()
        else:
            self.trouble = None
        finally:
            ended.set()
