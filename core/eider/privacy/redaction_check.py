"""What is planned to be written holds redacted strings only: stored rows are redacted anew, a plan with any other string is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from eider.model.changes import ChangeSet
from eider.model.values import Json, Memory, Usage
from eider.privacy.ingress import user_name
from eider.privacy.redact import CleanText, redact, redact_name


class UnsealedError(TypeError):
    """A plan holds a string that redaction has not seen: a fault in Eider, not in the caller's data."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where} is not CleanText; pass it through redact() before it is planned.")


def check_sealed(changes: ChangeSet) -> None:
    """Refuse a plan with any string that `redact` has not returned.

    Raises:
        UnsealedError: Naming the place.
        InputError: The user's name looks like a secret.
    """
    user_name(changes.user)
    for where, value in _strings(changes):
        if value and not isinstance(value, CleanText):
            raise UnsealedError(where)


def clean_memory(memory: Memory) -> Memory:
    """Return a stored memory as a new version of it may be written: its strings pass redaction again."""
    return replace(
        memory,
        text=redact(memory.text),
        agent=redact_name(memory.agent),
        scope=redact_name(memory.scope),
        subject=redact(memory.subject),
        wording=redact(memory.wording),
        entities=tuple(redact(e) for e in memory.entities),
        key=None if memory.key is None else redact_name(memory.key),
        retired_at=None,
    )


def usage_detail(before: Usage) -> Mapping[str, float | int | str]:
    """Return what undo needs to give a memory its former usage back."""
    return {
        redact("id"): redact_name(before.id),
        redact("stability"): before.stability,
        redact("last_used"): redact_name(before.last_used.isoformat()),
        redact("uses"): before.uses,
    }


def usages_detail(before: Iterable[Usage]) -> dict[str, Json]:
    """Return what undo needs to give several memories their former usage back."""
    return {redact("usages"): [usage_detail(usage) for usage in before]}


def _strings(changes: ChangeSet) -> Iterator[tuple[str, str]]:
    yield "reason", changes.reason
    yield "key", changes.key or ""
    for e in changes.episodes:
        yield f"text of {e.id}", e.text
        yield f"speaker of {e.id}", e.speaker
        yield f"session of {e.id}", e.session
        yield f"key of {e.id}", e.key or ""
        yield from _nested_strings(e.metadata, f"metadata of {e.id}")
    for m in changes.memories:
        for field in ("text", "agent", "scope", "subject", "wording"):
            yield f"{field} of {m.id}", getattr(m, field)
        yield f"key of {m.id}", m.key or ""
        yield from _nested_strings(m.entities, f"entities of {m.id}")
    for agent, name in (*changes.registers, *changes.unregisters):
        yield "agent of a scope", agent
        yield "name of a scope", name
    yield from _nested_strings(changes.detail, "detail")


def _nested_strings(value: Json, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield f"a name in {where}", name
            yield from _nested_strings(inner, where)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _nested_strings(inner, where)
