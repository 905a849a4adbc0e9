"""Models for Eider: Anthropic's by its own library, everybody else's through `instructor`.

`eider.providers.llm.connect("anthropic:claude-…")` finds its vendor here. Importing this package loads no vendor's library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eider.model.llm import DIRECT

if TYPE_CHECKING:
    from eider.model.llm import Spec, Vendor

__all__ = ["vendor"]


def vendor(spec: Spec, settings: Mapping[str, Any]) -> Vendor:
    """Who answers for a model.

    Args:
        spec: Which model.
        settings: `key`, `url` and `retries`, each where it is set.
    """
    if spec.provider == DIRECT:
        from eider_models.anthropic import AnthropicVendor

        return AnthropicVendor(spec.model, **settings)
    from eider_models.instructor import InstructorVendor

    return InstructorVendor(spec, **settings)
