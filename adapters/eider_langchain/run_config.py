"""The config that a run was started with, which LangChain does not hand to callback handlers."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig


def config_of_caller() -> RunnableConfig | None:
    """Return the config of the run whose event is being handled; None where it cannot be told.

    Handlers are given a run's metadata, but not its `configurable`, and the context variable of a run is set only after
    its start was told; in a batch it is never set for its own run. So the config is read where it stands, as the
    `config` of whoever started the run: the nearest caller that has one. A list of configs belongs to a batch as a
    whole and says nothing of one run; each of its runs has children that were started with one config.
    """
    frame = inspect.currentframe()
    while frame is not None:
        given = frame.f_locals.get("config")
        if isinstance(given, (list, tuple)):
            return None
        if isinstance(given, dict) and ("configurable" in given or "callbacks" in given):
            return cast("RunnableConfig", given)
        frame = frame.f_back
    return None
