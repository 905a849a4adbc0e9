"""What surrounds an embedder that can fail: a time box, a circuit breaker, a check that it is still the same model.

An outage must not fail a recall or a write. `embed` answers with zero rows then, which mean "nothing is known of the
text", so that words alone are compared; `embed_or_raise` tells, for whoever keeps a note of what is still to be made.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eider.model.errors import EiderError, ProviderError
from eider.providers.embedders.probes import ALIKE, PROBES, likeness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Embedder, Role

TRIPS: Final = 2
"""Failures in a row after which a service is left alone for a while. A guess."""
_RESTS: Final = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds it is left alone, longer each time it fails again. A guess."""
_FEW: Final = 16
"""Texts up to which a write waits no longer than a question does."""
_FRESH: Final = 5.0
"""Seconds since a service answered for which many texts are sent without asking first whether it is there. A guess."""
_CHECKED_FOR: Final = 900.0
"""Seconds for which a model that was recognised is taken to be the same. A guess."""
_KEPT: Final = 256
"""Vectors kept: one recall asks for the same text several times, and what was late is there for the next who asks."""


class _LateError(ProviderError):
    """No answer within the time box; it may come yet."""


class GuardedEmbedder:
    """An embedder that keeps nobody waiting, is not hammered while it is down, and is still the one it was.

    Safe to share between threads.
    """

    def __init__(
        self, inner: Embedder, *, probes: Mapping[Role, NDArray[np.float32]], fingerprint: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Guard an embedder.

        Args:
            inner: It may have `query_seconds`, the longest wait for the vector of a question; without it nobody waits
                in vain, and it is asked in the caller's thread.
            probes: Role → what it made of `PROBES` when the store was made; none: it is not held against them.
            fingerprint: Of its vectors, where they were made anew after the service had changed its model.
            clock: Seconds that only grow; for tests.
        """
        self._fingerprint = fingerprint
        self.inner, self._probes, self._clock = inner, dict(probes), clock
        self._patience: float | None = getattr(inner, "query_seconds", None)
        self._lock = threading.Lock()
        self._failed, self._until, self._trying = 0, 0.0, False
        self._trouble: str | None = None
        self._answered = -_FRESH - 1.0
        self._checked: dict[Role, float] = {}
        self._known: OrderedDict[tuple[Role, str], NDArray[np.float32]] = OrderedDict()

    @property
    def fingerprint(self) -> str:
        """As the guarded one's, unless its vectors were made anew."""
        return self._fingerprint or self.inner.fingerprint

    @property
    def width(self) -> int:
        """As the guarded one's."""
        return self.inner.width

    @property
    def degraded(self) -> str | None:
        """What is done without it while it fails; None while it works."""
        if self._trouble is not None:
            return f"likeness of meaning is off, words alone are compared: {self._trouble}"
        return self.inner.degraded

    def know(self, probes: Mapping[Role, NDArray[np.float32]]) -> None:
        """Hold it against these vectors from now on."""
        with self._lock:
            self._probes, self._checked = dict(probes), {}

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Embed `n` texts; zero rows where the service does not answer in time."""
        try:
            return self.embed_or_raise(texts, role)
        except ProviderError:
            return np.zeros((len(texts), self.inner.width), np.float32)

    def embed_or_raise(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Embed `n` texts.

        Raises:
            ProviderError: The service failed, was too late, is left alone, or answers as another model.
        """
        if (kept := self._kept(texts, role)) is not None:
            return kept
        if not texts:
            return np.zeros((0, self.inner.width), np.float32)
        self._admit()
        try:
            patience = self._patience if role == "query" or len(texts) <= _FEW else None
            if patience is not None:
                rows = self._in_time(texts, role, patience)
            else:
                if self._patience is not None and self._clock() - self._answered > _FRESH:
                    self._in_time(texts[:1], role, self._patience)  # many texts do not wait for a service that is away
                rows = self._checked_rows(texts, role)
        except ProviderError as error:
            late = isinstance(error, _LateError)  # one caller has waited; the next ones need not
            with self._lock:
                self._failed, self._trying = max(self._failed + 1, TRIPS if late else 0), False
                rest = _RESTS[min(max(self._failed - TRIPS, 0), len(_RESTS) - 1)]
                self._until = self._clock() + max(rest, min(error.retry_after or 0.0, 300.0))
                self._trouble = str(error)
            raise
        except BaseException:
            with self._lock:
                self._trying = False
            raise
        with self._lock:
            self._failed, self._trying, self._trouble = 0, False, None
            self._answered = self._clock()
        return rows

    # ------------------------------------------------------------------ the breaker

    def _admit(self) -> None:
        """Let a call through, or say that the service is left alone; one call tries it out when its rest is over."""
        with self._lock:
            if self._failed < TRIPS:
                return
            if self._trying or self._clock() < self._until:
                left = max(self._until - self._clock(), 1.0)
                raise ProviderError(f"{self._trouble} It is left alone for {left:.0f} s.", retry_after=left)
            self._trying = True

    # ------------------------------------------------------------------ the call

    def _in_time(self, texts: Sequence[str], role: Role, seconds: float) -> NDArray[np.float32]:
        """Ask in a thread of its own and wait so long; what comes later is kept for the next who asks."""
        box: list[Any] = []
        ended = threading.Event()

        def call() -> None:
            try:
                box.append(self._checked_rows(texts, role))
            except BaseException as error:  # noqa: BLE001 (raised where it is waited for)
                box.append(error)
            ended.set()

        threading.Thread(target=call, name="eider-embed", daemon=True).start()
        if not ended.wait(seconds):
            raise _LateError(f"the embedder did not answer within {seconds * 1000:.0f} ms; it is asked again.")
        if isinstance(box[0], BaseException):
            raise box[0]
        return box[0]

    def _checked_rows(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Embed, with the probes in the same call where it is time to recognise the model."""
        known = self._probes.get(role)
        due = known is not None and self._clock() - self._checked.get(role, -_CHECKED_FOR) >= _CHECKED_FOR
        try:
            rows = self.inner.embed([*PROBES, *texts] if due else texts, role)
        except EiderError:
            raise
        except Exception as error:
            raise ProviderError(f"the embedder failed with {type(error).__name__}; it is asked again later.") from error
        if due and known is not None:
            like = likeness(known, rows[: len(PROBES)])
            if like < ALIKE:
                raise ProviderError(
                    f"{self.inner.fingerprint} answers as another model than the store's (cosine {like:.3f} instead of 1); "
                    "set the service back to the old model, or make the store's vectors anew with eider embed reembed.",
                    retryable=False,
                )  # fmt: skip
            self._checked[role] = self._clock()
            rows = rows[len(PROBES) :]
        self._keep(texts, role, rows)
        return rows

    def _kept(self, texts: Sequence[str], role: Role) -> NDArray[np.float32] | None:
        """Vectors of a few texts that were all embedded a moment ago."""
        if not 0 < len(texts) <= _FEW:
            return None
        with self._lock:
            found = [self._known.get((role, text)) for text in texts]
        rows = [row for row in found if row is not None]
        return np.array(rows) if len(rows) == len(texts) else None

    def _keep(self, texts: Sequence[str], role: Role, rows: NDArray[np.float32]) -> None:
        if len(texts) > _FEW:
            return
        with self._lock:
            for text, row in zip(texts, rows, strict=True):
                self._known[role, text] = row.copy()
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
