"""What every embedder behind HTTP shares: batches, texts too long for the model, unit vectors."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eider.model.errors import ConfigError, InputError, ProviderError
from eider.providers.embedders.fingerprint import fingerprint
from eider_embedders.http_json import JsonService, StatusError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Role

QUERY_SECONDS: Final = 0.25
"""Longest wait for the vector of a question; later it is answered by words alone."""
_SECONDS: Final = 30.0
"""Longest wait for one batch."""
_SHORTEST: Final = 500
"""Characters to which a text is cut, at the least, that a service calls too long."""
_LARGE: Final = 413
_SIZES: Final = frozenset({400, _LARGE, 422})
"""Statuses by which services say that texts are too many or too long; with all but one they say other things as well."""
_TOO_LONG: Final = ("too long", "maximum context", "context length", "max_tokens", "token limit", "too many tokens", "too large",
                    "maximum allowed", "must have less than", "exceed")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a service takes in one call."""

    texts: int
    characters: int
    """Of all texts together; tokens are counted as if each were two characters."""
    longest: int = 24_000
    """Characters of one text; the rest is not embedded."""


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What a model wants to read before a text, by its role."""

    document: str = ""
    query: str = ""

    def of(self, role: Role) -> str:
        """Return the prefix of a role."""
        return self.query if role == "query" else self.document


class ServiceEmbedder(ABC):
    """Embeds by asking a service. Subclasses write one request and read one answer."""

    degraded: str | None = None
    query_seconds: float | None = QUERY_SECONDS

    def __init__(
        self, name: str, service: JsonService, limits: Limits, *, width: int | None, prefixes: Prefixes = Prefixes(),
        seconds: float = _SECONDS,
    ) -> None:  # fmt: skip
        """Name a model of a service; nothing is sent yet.

        Args:
            name: `provider:model`.
            service: Where it is asked.
            limits: What one call may hold.
            width: Length of its vectors, if known; otherwise the service is asked when it is needed.
            prefixes: Written before each text.
            seconds: For one call, retries included.
        """
        self.name, self._service, self._limits, self._prefixes, self._seconds = name, service, limits, prefixes, seconds
        self._width = width

    @property
    def width(self) -> int:
        """Length of a vector.

        Raises:
            ProviderError: It is not known, and the service does not answer.
        """
        if self._width is None:
            self._width = self._asked(["width"], "document").shape[1]
        return self._width

    @property
    def fingerprint(self) -> str:
        """Provider, model, width, and what is done to texts and vectors."""
        return fingerprint(
            self.name, self.width, pooling="service", prefixes=(self._prefixes.document, self._prefixes.query)
        )

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Embed `n` texts in as many calls as the service's limits ask for.

        Returns:
            Shape `(n, width)`; rows of length 1, or zero where a text is blank.

        Raises:
            ProviderError: The service failed; the cause is chained.
        """
        if isinstance(texts, str):
            raise InputError(
                f"embed() wants a list of texts, not the single text {texts[:40]!r}; write embed([text], role)."
            )
        clean = [
            text.encode("utf-8", "replace").decode().replace("\x00", " ")[: self._limits.longest] for text in texts
        ]
        wanted = [place for place, text in enumerate(clean) if text.strip()]
        if not wanted:
            return np.zeros((len(texts), self.width), np.float32)
        parts = [self._whole([clean[i] for i in batch], role) for batch in self._batches(clean, wanted)]
        found = np.concatenate(parts)
        rows = np.zeros((len(texts), found.shape[1]), np.float32)
        rows[wanted] = found
        return rows

    def _batches(self, texts: Sequence[str], wanted: Sequence[int]) -> Iterator[list[int]]:
        batch: list[int] = []
        size = 0
        for place in wanted:
            length = len(texts[place])
            if batch and (len(batch) >= self._limits.texts or size + length > self._limits.characters):
                yield batch
                batch, size = [], 0
            batch.append(place)
            size += length
        yield batch

    def _whole(self, texts: list[str], role: Role) -> NDArray[np.float32]:
        """Embed one batch; what the service calls too large is halved: the batch first, then the text."""
        try:
            return self._asked(texts, role)
        except StatusError as error:
            if error.status not in _SIZES or (error.status != _LARGE and not any(s in error.reason for s in _TOO_LONG)):
                raise
            if len(texts) > 1:
                half = len(texts) // 2
                return np.concatenate([self._whole(texts[:half], role), self._whole(texts[half:], role)])
            if len(texts[0]) <= _SHORTEST:
                raise
            return self._whole([texts[0][: max(_SHORTEST, len(texts[0]) // 2)]], role)

    def _asked(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        prefix = self._prefixes.of(role)
        path, body = self.request([prefix + text for text in texts], role)
        answer = self._service.post(path, body, seconds=self._seconds)
        try:
            rows = np.asarray(self.vectors(answer), np.float32)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ProviderError(
                f"{self.name} answered in a form that is not its own; is the address that of another service?"
            ) from error
        if rows.ndim != 2 or len(rows) != len(texts) or not np.isfinite(rows).all():  # noqa: PLR2004 (a matrix)
            raise ProviderError(f"{self.name} answered with vectors of shape {rows.shape} for {len(texts)} text(s).")
        if self._width is not None and rows.shape[1] != self._width:
            raise ProviderError(
                f"{self.name} answered with vectors of width {rows.shape[1]}, the store has {self._width}: another model answers; "
                "set the model back, or exchange it with eider embed swap.", retryable=False,
            )  # fmt: skip
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)

    @abstractmethod
    def request(self, texts: Sequence[str], role: Role) -> tuple[str, Mapping[str, Any]]:
        """Return path and body of the call that embeds these texts."""

    @abstractmethod
    def vectors(self, answer: Any) -> Sequence[Any]:
        """Return one vector per text, in their order, from an answer."""


def indexed(data: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the vectors of `[{"index": …, "embedding": …}]` in the order of the texts; base64 is little-endian float32."""
    ordered = sorted(data, key=lambda one: int(one["index"])) if all("index" in one for one in data) else data
    return [
        np.frombuffer(base64.b64decode(e), "<f4") if isinstance(e := one["embedding"], str) else e for one in ordered
    ]


def number(options: Mapping[str, str], name: str) -> int | None:
    """Return an option that is a whole number from 1 on; None where it is not given.

    Raises:
        ConfigError: It is none.
    """
    said = options.get(name)
    if said is None:
        return None
    if not said.isdecimal() or int(said) < 1:
        raise ConfigError(f"option {name}={said!r} of an embedder is no whole number from 1 on, such as '512'.")
    return int(said)


def bearer(key: str | None) -> dict[str, str]:
    """Return the header that carries a key."""
    return {"Authorization": f"Bearer {key}"} if key else {}
