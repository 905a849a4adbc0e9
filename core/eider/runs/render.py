"""Texts with references, and what a step of a run may see of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eider.model.errors import StepReferenceError
from eider.model.requests_runs import RenderRun
from eider.model.runs import Content, Rendered, Run, Seen, Step, text_of
from eider.privacy.ingress import Clean
from eider.runs.active import KnownRun
from eider.runs.lifecycle import readable_run
from eider.runs.references import INPUTS, PREVIOUS, Reference, at_path, find, note_of, replace_marks, the_previous
from eider.store.engine import Engine


@dataclass(slots=True)
class Outputs:
    """The outputs of one run that a step which began after `after` others could see."""

    engine: Engine
    run: Run
    steps: Sequence[Step]
    declared: Collection[str] = ()
    saw: list[Seen] = field(default_factory=list[Seen])
    """What was looked up by reference."""
    _contents: dict[str, Content] = field(default_factory=dict[str, Content])

    def find(self, reference: Reference) -> Step | None:
        """Return the step that a reference means; None for the inputs."""
        if reference.name == INPUTS:
            return None
        if reference.name == PREVIOUS:
            if (step := the_previous(self.steps)) is None:
                raise StepReferenceError(reference.written, "names nothing: no step has ended yet", (INPUTS,))
            return step
        return find(reference, self.steps, declared=self.declared)

    def look_up(self, reference: Reference) -> tuple[Step | None, Any]:
        """Return the step that a reference means, and its output or the field of it."""
        step = self.find(reference)
        return step, at_path(self.content(self.run.inputs if step is None else step.digest).value(), reference)

    def text(self, reference: Reference) -> str:
        """Return what a reference names as it stands in a text, and note that it was given."""
        step, value = self.look_up(reference)
        if isinstance(value, bytes):
            media = self.content(step.digest).media if step else ""
            if not media.startswith("text/"):
                raise StepReferenceError(
                    reference.written,
                    f"is {media}, {len(value):,} bytes, which cannot stand in a text; read it with run.output({reference.name!r})",
                )
            value = value.decode("utf-8", "replace")
        note = note_of(reference, step, "reference")
        if note not in self.saw:
            self.saw.append(note)
        return text_of(value)

    def render(self, text: str) -> str:
        """Replace the references of a text; what comes in is never read again."""
        return replace_marks(text, self.text)

    def content(self, digest: str) -> Content:
        """Return a content of the run."""
        if digest not in self._contents:
            self.load([digest])
        return self._contents[digest]

    def load(self, digests: Sequence[str]) -> Mapping[str, Content]:
        """Read contents that will be needed, at once."""
        self._contents |= self.engine.store.steps.contents(digests, user=self.run.user)
        return self._contents


def outputs_of(
    engine: Engine, known: KnownRun, *, after: int | None, declared: Collection[str]
) -> Outputs:  # fmt: skip
    """Return the outputs that a step can see which began when `after` had ended; all there are by default."""
    steps = known.steps if after is None else [s for s in known.steps if s.seq <= after]
    return Outputs(engine, known.run, steps, declared)


def render_run(engine: Engine, accepted: Clean[RenderRun]) -> Rendered:
    """Put what steps gave into a text.

    Raises:
        StepReferenceError: A reference names nothing, or more than one thing.
    """
    request = accepted.request
    known = readable_run(engine, request.id, request.user, request.session)
    outputs = outputs_of(engine, known, after=request.after, declared=request.declared)
    return Rendered(text=outputs.render(request.text), saw=tuple(outputs.saw))
