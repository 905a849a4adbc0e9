"""Finds the conversation of a run: from arguments, else from the run's context and config."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from langchain_core.runnables.config import ensure_config

from eider.model.validation import one_of

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from eider.api.conversation import Conversation

AUTHENTICATED: Final = "langgraph_auth_user_id"
"""Where a server of LangGraph puts the user whom it authenticated; a client cannot say otherwise."""
USER: Final = ("user_id", "user")
SESSION: Final = ("session_id", "session", "thread_id")
"""Names under which a run's context, or its `config["configurable"]`, tells whose memory and which conversation."""


SPEAKER: Final = "eider_speaker"
"""Name under which a run says who speaks in it: "user", or "agent" where other agents do."""
_TOOLS: Final = "tools"
"""What LangChain's agents call the node that runs tools."""
_in_tool: Final = ContextVar("eider_in_tool", default=False)


@contextmanager
def within_tool() -> Generator[None]:
    """Mark what runs inside, also in its tasks and threads, as called by an agent's tool."""
    token = _in_tool.set(True)
    try:
        yield
    finally:
        _in_tool.reset(token)


def user_speaks(config: RunnableConfig | None = None, context: object = None) -> bool:
    """Whether the person speaks in a run, and not an agent that called this one as its tool.

    What the run says (`eider_speaker`) comes first; else a run within a tool of an agent is that agent's.

    Raises:
        InputError: The run says something else.
    """
    given: Mapping[str, Any] = ensure_config(config).get("configurable") or {}
    said = _first_value((context, getattr(given.get("__pregel_runtime"), "context", None), given), (SPEAKER,))
    if said is not None:
        return one_of(said, ("user", "agent"), SPEAKER) == "user"
    above = str(given.get("checkpoint_ns") or "").split("|")[:-1]
    return not _in_tool.get() and all(place.partition(":")[0] != _TOOLS for place in above)


def conversation_of_run(
    conversation: Conversation, config: RunnableConfig | None = None, context: object = None
) -> Conversation:
    """Return the conversation that a run belongs to.

    What the conversation was made with stays. What it was not told is looked for in the run's context
    (`context_schema`), then in `config["configurable"]`: `user_id` or `user`, unless the server authenticated a user; `session_id`, `session` or `thread_id`;
    `eider_scopes`, `eider_context`, `eider_loop`, `eider_budget`.

    Args:
        conversation: Made once for the adapter.
        config: Of the run; by default the one that is running here.
        context: The run's context: a mapping, or an object with attributes.
    """
    given: Mapping[str, Any] = ensure_config(config).get("configurable") or {}
    places = (context, getattr(given.get("__pregel_runtime"), "context", None), given)
    scopes: Any = conversation.scopes or _first_value(places, ("eider_scopes",)) or ()
    budget = _first_value(places, ("eider_budget",))
    user = conversation.user if conversation.user is not None else _id_text(given.get(AUTHENTICATED))
    return conversation.of(
        user=user if user is not None else _id_text(_first_value(places, USER)),
        session=conversation.session if conversation.session is not None else _id_text(_first_value(places, SESSION)),
        scopes=(scopes,) if isinstance(scopes, str) else tuple(str(value) for value in scopes),
        context=conversation.work_context if conversation.work_context is not None else _id_text(_first_value(places, ("eider_context",))),
        loop=conversation.loop if conversation.loop is not None else _id_text(_first_value(places, ("eider_loop",))),
        budget=budget if isinstance(budget, int) else None,
    )  # fmt: skip


def _first_value(places: Sequence[object], names: Sequence[str]) -> Any:
    """The first that is there: context before config, and of each its names in order."""
    for place in places:
        for name in names:
            value = place.get(name) if isinstance(place, Mapping) else getattr(place, name, None)
            if value is not None and not callable(value):
                return value
    return None


def _id_text(value: object) -> str | None:
    """An id as text; users' ids are often numbers or UUIDs."""
    value = getattr(value, "identity", value)
    return None if value is None or isinstance(value, Mapping) else str(value)
