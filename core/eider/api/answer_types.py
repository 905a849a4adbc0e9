"""What verbs answer with, as types: read off the façade's methods, for whoever decodes or documents answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, get_type_hints

from eider.model import answers, learned, outcomes, requests, values, verbs


@lru_cache(maxsize=64)
def answer_hint(name: str) -> Any:
    """The type a verb answers with: what the façade's method says it returns."""
    from eider.api.facade import Eider

    said = getattr(Eider, name).__annotations__["return"]
    return get_type_hints(_hinted(said), globalns=_NAMES)["return"]


def _hinted(annotation: str) -> Callable[[], None]:
    """A function with nothing but that annotation: the method's others name types that only a checker knows."""

    def carrier() -> None: ...

    carrier.__annotations__ = {"return": annotation}
    return carrier


_NAMES: Final = {
    **vars(values),
    **vars(learned),
    **vars(outcomes),
    **vars(answers),
    **vars(requests),
    **vars(verbs),
    "Table": object,
    "Path": Path,
}
