"""What a memory rests on: quotations that exist, lie within their utterance, and bound its trust."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from eider.model.changes import ChangeSet
from eider.model.errors import InputError, UnknownIdError
from eider.model.values import TRUST, Memory, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """What has to be known of an utterance to check a quotation of it."""

    text: str
    origin: Origin


def check_owned(changes: ChangeSet) -> None:
    """Refuse a plan that would write a row of another user than its own.

    Raises:
        InputError: Naming the row.
    """
    for row in (*changes.episodes, *changes.memories):
        if str(row.user) != changes.user:
            raise InputError(
                f"{row.id!r} belongs to user {str(row.user)!r}, the change to {changes.user!r}; write one user at a time."
            )


def quoted_ids(memories: Iterable[Memory]) -> set[str]:
    """Utterances that any of these memories rests on."""
    return {span.episode for memory in memories for span in (*memory.evidence, *memory.said_again)}


def is_verbatim(memory: Memory, quoted: Mapping[str, Quoted]) -> bool:
    """Return whether the text of a learned memory is what its first evidence quotes, to the letter."""
    if memory.act is None or not memory.evidence:
        return True
    first = memory.evidence[0]
    said = quoted.get(first.episode)
    return said is not None and said.text[first.start : first.end] == memory.text


def rested(memory: Memory, quoted: Mapping[str, Quoted], *, new: bool) -> Memory:
    """The memory with its quotations checked; a new one trusted no more than the least of what it rests on.

    Raises:
        UnknownIdError: An utterance is not this user's, or is not there.
        InputError: A span lies outside its text.
    """
    for span in (*memory.evidence, *memory.said_again):
        said = quoted.get(span.episode)
        if said is None:
            raise UnknownIdError("episode", span.episode, memory.user)
        length = len(said.text)
        if not 0 <= span.start < span.end <= length:
            raise InputError(
                f"evidence [{span.start}:{span.end}] of memory {memory.id!r} lies outside episode {span.episode!r}, "
                f"which has {length} characters; quote within its text."
            )
    if not new or not memory.evidence:
        return memory
    if not is_verbatim(memory, quoted):
        raise InputError(
            f"text={memory.text[:40]!r} of memory {memory.id!r} is not what its evidence quotes; keep the words as said."
        )
    return replace(memory, trust=min(memory.trust, *(TRUST[quoted[s.episode].origin] for s in memory.evidence)))
