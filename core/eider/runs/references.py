"""References to outputs of a run: `[[step]]`, `[[step.field.0]]`, `[[step#2]]`, `[[inputs.x]]`. Pure: no store.

One rule for all forms: a parameter of a step's function, a mark in a text, and `previous` are looked up here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from eider.model.errors import StepReferenceError
from eider.model.runs import Seen, Step

INPUTS: Final = "inputs"
PREVIOUS: Final = "previous"
_MARK: Final = re.compile(r"(\\?)\[\[([^\[\]\n]+)\]\]")
_PART: Final = re.compile(r'\.(?:"((?:[^"\\]|\\.)*)"|([^."]+))')
_HEAD: Final = re.compile(r"\s*([^#.|\"\\]+?)\s*(?:#(\d+))?\s*((?:\..*)?)", re.DOTALL)
_SHOWN: Final = 12
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reference:
    """A name, a round of a loop where one is meant, and the way to a field."""

    name: str
    number: int | None = None
    path: tuple[str, ...] = ()
    written: str = ""

    @property
    def field(self) -> str:
        """The way to the field, as it was written."""
        return ".".join(self.path)


def parse(written: str) -> Reference:
    """Read a reference without its brackets.

    Raises:
        StepReferenceError: It is none.

    >>> parse('collect#2.owner.0')
    Reference(name='collect', number=2, path=('owner', '0'), written='collect#2.owner.0')
    """
    found = _HEAD.fullmatch(written)
    if found is None:
        raise StepReferenceError(
            written,
            r"is no reference; write [[step]], [[step.field.0]] or [[step#2]], or \[[ for the brackets themselves",
        )
    path, at, rest = [], 0, found[3].rstrip()
    while at < len(rest):
        part = _PART.match(rest, at)
        if part is None:
            raise StepReferenceError(written, 'has an empty field; write [[step.field]], or [[step."odd.name"]]')
        path.append(part[2].strip() if part[1] is None else json.loads(f'"{part[1]}"'))
        at = part.end()
    return Reference(found[1], None if found[2] is None else int(found[2]), tuple(path), written)


def replace_marks(text: str, value: Callable[[Reference], str]) -> str:
    r"""Replace each `[[…]]` once; what comes in is never read again. `\[[` stands for the brackets themselves.

    >>> replace_marks(r"Hi [[a]], \[[b]]", lambda r: "[[c]]")
    'Hi [[c]], [[b]]'
    """
    return _MARK.sub(lambda m: m[0][1:] if m[1] else value(parse(m[2])), text)


def find(reference: Reference, steps: Sequence[Step], *, declared: Collection[str] = ()) -> Step:
    """Return the step that a reference means: the last round of a loop unless one is named.

    Args:
        reference: What is looked for.
        steps: All that ended before, in the order of completion.
        declared: Steps that the workflow has, whether they ran or not.

    Raises:
        StepReferenceError: There is none, it failed or did not run, or several are meant.
    """
    rounds = [s for s in steps if s.name == reference.name]
    if not rounds:
        raise _unknown(reference, steps, declared)
    if reference.number is not None:
        step = next((s for s in rounds if s.number == reference.number), None)
        if step is None:
            numbers = ", ".join(f"#{s.number}" for s in sorted(rounds, key=lambda s: s.number))
            raise StepReferenceError(reference.written, f"did not end; of {reference.name!r} there is {numbers}")
        return _check_finished(step, reference)
    last = rounds[-1]
    beside = [s for s in rounds[:-1] if s.seq > last.after]
    if beside:
        states = ", ".join(f"#{s.number} {_state(s)}" for s in sorted((*beside, last), key=lambda s: s.number))
        raise StepReferenceError(
            reference.written,
            f"is ambiguous: {reference.name!r} ran side by side ({states}); say which, such as [[{reference.name}#{last.number}]]",
        )
    return _check_finished(last, reference)


def previous(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that nothing finished followed: one in a row of steps, several where branches ran side by side.

    Failed ones count where they ran beside a finished one; a failure that the run went on from is passed over.
    """
    done = [s for s in steps if s.status == "done"]
    followed = max((o.after for o in done), default=0)
    last = [s for s in done if s.seq > followed]
    beside = [f for f in steps if f.status == "failed" and any(f.after < s.seq and s.after < f.seq for s in last)]
    return sorted((*last, *beside), key=lambda s: s.seq)


def the_previous(steps: Sequence[Step]) -> Step | None:
    """Return the one step before; None where nothing ran yet.

    Raises:
        StepReferenceError: Branches ran side by side, so it is not one.
    """
    found = previous(steps)
    if len(found) > 1:
        states = ", ".join(f"{s.ref} {_state(s)}" for s in found)
        raise StepReferenceError(
            PREVIOUS, f"is ambiguous: branches ran side by side ({states}); name the step that is meant"
        )
    return found[0] if found else None


def at_path(value: Any, reference: Reference) -> Any:
    """Return the field of an output that a reference names.

    Raises:
        StepReferenceError: There is no such field.
    """
    for place, part in enumerate(reference.path):
        above = ".".join((reference.name, *reference.path[:place]))
        if isinstance(value, Mapping):
            if part not in value:
                names = list(value)
                raise StepReferenceError(
                    reference.written, f"names no field: {above} has no {part!r}", names[:_SHOWN], _nearest(part, names)
                )
            value = value[part]
        elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
            if not part.isdecimal() or int(part) >= len(value):
                raise StepReferenceError(reference.written, f"names no entry: {above} has {len(value)}, counted from 0")
            value = value[int(part)]
        else:
            raise StepReferenceError(
                reference.written, f"names no field: {above} is {type(value).__name__} and has none"
            )
    return value


def note_of(reference: Reference, step: Step | None, why: str) -> Seen:
    """Return the note that a step was given what a reference names."""
    return Seen(step=INPUTS if step is None else step.ref, why=why, field=reference.field)


def _check_finished(step: Step, reference: Reference) -> Step:
    if step.status == "failed":
        raise StepReferenceError(reference.written, f"failed and has no output ({step.error[:200]})")
    return step


def _state(step: Step) -> str:
    return "finished" if step.status == "done" else "failed"


def _unknown(reference: Reference, steps: Sequence[Step], declared: Collection[str]) -> StepReferenceError:
    there = list(dict.fromkeys((INPUTS, *(s.name for s in steps))))
    if reference.name in declared:
        return StepReferenceError(
            reference.written,
            f"did not run before this: {reference.name!r} is a step of this workflow whose branch was not taken, or comes later",
            there[:_SHOWN],
        )
    names = list(dict.fromkeys((*there, *declared)))
    return StepReferenceError(reference.written, "names no step", there[:_SHOWN], _nearest(reference.name, names))


def _nearest(name: str, names: Sequence[str]) -> str | None:
    found = get_close_matches(name, names, n=1, cutoff=0.5)
    return found[0] if found else None
