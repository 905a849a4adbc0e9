"""Identifies user and conversation: from set-up, or per request from LlamaIndex's tags."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from llama_index_instrumentation.dispatcher import active_instrument_tags, instrument_tags

from eider.model.errors import InputError
from eider.model.validation import one_of

if TYPE_CHECKING:
    from eider import Conversation

HOST: Final = "llamaindex"
_NAMES: Final = ("user", "session", "context", "loop")
_SCOPES: Final = "eider.learn.scopes"
_SILENT: Final = "eider.silent"
_SPEAKER: Final = "eider.speaker"


@contextmanager
def speaking(
    *, user: str | None = None, session: str | None = None, scopes: Sequence[str] | None = None,
    context: str | None = None, loop: str | None = None, speaker: str | None = None,
) -> Generator[None]:  # fmt: skip
    """Set the user and conversation of one request, also for its tasks and threads.

    with speaking(user="ada", session="chat-7"):
        await agent.run("…")

    With `speaker="agent"` what is said to agents and engines is another agent's word, and teaches nothing. It sets the tags `eider.user`, `eider.session` … of `instrument_tags`, beside those that are set already.
    """
    said = {"user": user, "session": session, "context": context, "loop": loop}
    tags: dict[str, Any] = {f"eider.{name}": value for name, value in said.items() if value is not None}
    if speaker is not None:
        tags[_SPEAKER] = one_of(speaker, ("user", "agent"), "speaker")
    if scopes is not None:
        tags[_SCOPES] = [scopes] if isinstance(scopes, str) else [*scopes]
    with instrument_tags({**active_instrument_tags.get(), **tags}):
        yield


@contextmanager
def without_learning() -> Generator[None]:
    """Run code without learning from it, such as Eider's own model calls."""
    with instrument_tags({**active_instrument_tags.get(), _SILENT: True}):
        yield


def is_silent(tags: Mapping[str, Any]) -> bool:
    """Return whether a request is not to be learned from."""
    return bool(tags.get(_SILENT))


def user_speaks(tags: Mapping[str, Any]) -> bool:
    """Return whether the person speaks in a request, and not another agent."""
    return tags.get(_SPEAKER, "user") == "user"


def identity_in(tags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the identity in a request's tags, as arguments of `Conversation.of`.

    Raises:
        InputError: A tag is there and says nothing: nobody's words must not become somebody's.
    """
    known: dict[str, Any] = {}
    for name in _NAMES:
        if (tag := f"eider.{name}") in tags:
            value = tags[tag]
            if not isinstance(value, str) or not value.strip():
                raise InputError(f"the tag {tag!r} is {str(value)[:40]!r}; set it to a text, or do not set it.")
            known[name] = value
    if _SCOPES in tags:
        scopes: Any = tags[_SCOPES]
        known["scopes"] = (scopes,) if isinstance(scopes, str) else tuple(scopes)
    return known


def current_conversation(conversation: Conversation, session: str | None = None) -> Conversation:
    """Return the conversation of the running request.

    Args:
        conversation: What the host set up.
        session: The framework's name of the conversation, where nobody gave another.

    Raises:
        InputError: A tag says nothing.
    """
    return conversation_in(conversation, active_instrument_tags.get(), session)


def conversation_in(conversation: Conversation, tags: Mapping[str, Any], session: str | None = None) -> Conversation:
    """The conversation that tags name; see `current_conversation`."""
    said = identity_in(tags)
    said.setdefault("session", conversation.session or session)
    return conversation.of(**said)
