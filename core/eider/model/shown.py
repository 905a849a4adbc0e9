"""Values that a notebook shows as more than their repr; they know nothing of how they are drawn."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, cast

import msgspec

_RENDERER: Final = "eider.model.display.html"
"""Found by name when something is shown: it knows every value, so no value may know it."""


class Value:
    """A value that becomes plain data."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the value as JSON knows it: instants as ISO 8601 texts, values within it as mappings."""
        return cast("dict[str, Any]", msgspec.to_builtins(self, enc_hook=str, str_keys=True))


class Shown(Value):
    """A value with an HTML form, made when it is asked for."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return render(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return both forms at once: a notebook takes the first, a terminal the second."""
        del include, exclude
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}


def render(value: object) -> str:
    """Return the HTML of a value or of a list of values."""
    renderer: Any = import_module(_RENDERER)
    html: str = renderer.render_list(value) if isinstance(value, list) else renderer.render(value)
    return html
