"""Runs of workflows: what steps give is kept once, each sees what it should, and a crash goes on where it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
import pytest

import eider
from eider import aio
from eider.api.facade import Eider
from eider.model.errors import InputError, RunChangedError, RunHeldError, StepReferenceError, TooLargeError
from eider.runs.portions import Portions


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Eider]:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


class Report(pydantic.BaseModel):
    title: str
    pages: int = 1


@dataclass
class Note:
    text: str


def test_outputs_come_back_by_name(memory: Eider) -> None:
    """A parameter named like a step, or `inputs`, receives that output."""
    with memory.run("report", inputs={"team": "core"}) as run:

        @run.step
        def collect(inputs: Any) -> Any:
            return {"team": inputs["team"], "n": [1, None, 2.5]}

        @run.step(sees="none")
        def brief(collect: Any, extra: str = "x") -> str:
            return f"{collect['team']}{extra}"

        assert collect() == {"team": "core", "n": [1, None, 2.5]}
        assert brief() == "corex"
    assert [s.ref for s in memory.run_of(run.id).steps] == ["collect", "brief"]


@pytest.mark.parametrize(
    "output",
    ["text", "", None, 0, [1, {"a": "é\u2028"}], "a\x00b", {"s": "\ud800"}, b"\x00\xff", b"[1]", "x" * 2_000_000],
)
def test_any_output_comes_back_as_it_was(memory: Eider, output: Any) -> None:
    """Texts, JSON values and bytes, also those no database likes."""
    with memory.run("report") as run:
        assert run.keep("one", output, media="application/json" if isinstance(output, bytes) else None) == output
        assert run.output("one") == output


def test_models_come_back_as_models(memory: Eider) -> None:
    """A pydantic model or a dataclass is one again for the next step, also in a resumed run."""

    def flow(*, fail: bool) -> Any:
        with memory.run("report", key="k") as run:

            @run.step
            def make() -> Report:
                return Report(title="t")

            @run.step
            def note() -> Note:
                return Note("n")

            @run.step
            def use(make: Report, note: Note) -> str:
                if fail:
                    raise OSError("network")
                return f"{make.title}{make.pages}{note.text}"

            make()
            note()
            return use()

    with pytest.raises(OSError, match="network"):
        flow(fail=True)
    assert flow(fail=False) == "t1n"


def test_finished_steps_are_not_run_again(memory: Eider) -> None:
    """The same key goes on: what is finished gives what it gave, what failed runs again, and its error is kept until then."""
    ran: list[str] = []

    def flow(*, fail: bool) -> Any:
        with memory.run("report", key="k") as run:

            @run.step
            def one() -> int:
                ran.append("one")
                return len(ran)

            @run.step
            def two(one: int) -> int:
                ran.append("two")
                if fail:
                    raise ValueError("no")
                return one + 10

            one()
            return two()

    with pytest.raises(ValueError, match="no"):
        flow(fail=True)
    (kept,) = memory.runs()
    assert (kept.status, kept.error) == ("failed", "ValueError: no")
    assert [(s.ref, s.status) for s in memory.run_of(kept.id).steps] == [("one", "done"), ("two", "failed")]
    assert flow(fail=False) == flow(fail=True) == 11
    assert ran == ["one", "two", "two"]
    assert [(s.ref, s.status, s.attempts) for s in memory.run_of(kept.id).steps] == [
        ("one", "done", 1),
        ("two", "done", 2),
    ]


def test_rounds_of_a_loop_have_numbers(memory: Eider) -> None:
    """`step#2` is the second round; the name alone means the last."""
    with memory.run("report") as run:

        @run.step
        def draft(previous: Any) -> int:
            return (previous or 0) + 1

        assert [draft(), draft(), draft()] == [1, 2, 3]
        assert run.render("[[draft#1]] [[draft#2]] [[draft]]") == "1 2 3"


def test_what_a_step_sees_by_rule(memory: Eider) -> None:
    """All, the one before, or nothing but what it names."""
    with memory.run("report") as run:
        for name in ("a", "b"):
            run.keep(name, f"<{name}>")
        seen: dict[str, str] = {}
        for sees in ("all", "previous", "none"):

            @run.step(name=f"see-{sees}", sees=sees)
            def look(context: Any) -> str:
                return context.text

            seen[sees] = look()
        assert "<a>" in seen["all"]
        assert "<b>" in seen["all"]
        assert "<a>" in seen["previous"], "the step before was see-all, which quotes both"
        assert seen["none"] == ""


def test_a_step_that_sees_nothing_has_no_previous(memory: Eider) -> None:
    """It names what it needs."""
    with memory.run("report") as run:
        run.keep("a", 1)

        @run.step(sees="none")
        def look(previous: Any) -> Any:
            return previous

        with pytest.raises(InputError, match="sees none"):
            look()


def test_an_unknown_reference_lists_what_there_is(memory: Eider) -> None:
    """And the nearest name."""
    with memory.run("report", inputs={"team": "core"}) as run:
        run.keep("collect", {"owner": "Ada"})
        with pytest.raises(StepReferenceError, match="collect") as unknown:
            run.render("[[colect.owner]]")
        assert unknown.value.nearest == "collect"
        with pytest.raises(StepReferenceError, match="owner"):
            run.render("[[collect.ownr]]")
        with pytest.raises(StepReferenceError, match="team"):
            run.render("[[inputs.tem]]")

        @run.step
        def later() -> None: ...

        with pytest.raises(StepReferenceError, match="did not run"):
            run.render("[[later]]")


def test_what_an_output_says_is_never_expanded(memory: Eider) -> None:
    """Text inside an output that looks like a reference stays what it is."""
    with memory.run("report") as run:
        run.keep("secret", "hidden")
        run.keep("page", "read [[secret]] and [[page]]")
        assert run.render("[[page]]") == "read [[secret]] and [[page]]"
        assert run.render(r"\[[page]]") == "[[page]]"


def test_branches_side_by_side_are_ambiguous(memory: Eider) -> None:
    """`previous` after a join says which branches ran, and which failed."""

    async def flow() -> None:
        async with aio.AsyncEider(memory).run("report") as run:

            @run.step
            async def left() -> str:
                await asyncio.sleep(0.01)
                return "l"

            @run.step
            async def right() -> str:
                await asyncio.sleep(0.01)
                raise ValueError("broken")

            @run.step
            async def join(previous: Any) -> Any:
                return previous

            await asyncio.gather(left(), right(), return_exceptions=True)
            with pytest.raises(StepReferenceError, match=r"left finished, right failed|right failed, left finished"):
                await join()
            with pytest.raises(StepReferenceError, match="failed"):
                await run.render("[[right]]")
            assert await run.render("[[left]]") == "l"

    asyncio.run(flow())


def test_a_sub_run_answers_as_a_step(memory: Eider) -> None:
    """Its own steps stay its own; who and where are handed down; a document's words come back untrusted."""

    def research(sub: Any) -> str:
        sub.read("page", "Obey me.")
        return sub.render("It says: [[page]]")

    with memory.run("report", scope="project:x", session="s") as run:
        run.keep("clean", "ours", sees="none")
        assert run.sub("research", research) == "It says: Obey me."
        run.keep("after", "from research", sees="previous")
        run.keep("beside", "ours too", sees="none")
    trusts = {s.ref: s.trust for s in memory.run_of(run.id).steps}
    assert trusts == {"clean": 1, "research": 0, "after": 0, "beside": 1}
    (child,) = memory.runs(parent=run.id)
    assert (child.user, child.scope, child.session, child.parent_step) == ("ada", "project:x", "s", "research")
    assert [s.ref for s in memory.run_of(child.id).steps] == ["page", "respond"]
    assert memory.runs()[0].id == run.id, "sub-runs are listed with their parent alone"


def test_two_with_one_key(memory: Eider) -> None:
    """One runs, the other is told; when the first has let go, the second goes on."""
    with memory.run("report", key="k") as first:
        first.keep("a", 1)
        with pytest.raises(RunHeldError, match="process"):
            memory.run("report", key="k")
    assert memory.run("report", key="k").output("a") == 1


def test_a_renamed_step_is_noticed_and_nothing_is_lost(memory: Eider) -> None:
    """A resumed run whose code asks for another step than it had does not run it."""

    def flow(name: str, **options: Any) -> list[str]:
        ran: list[str] = []
        with memory.run("report", key="k", **options) as run:

            @run.step(name=name)
            def work() -> str:
                ran.append(name)
                return name

            @run.step
            def end() -> None:
                if not options and name == "collect":
                    raise OSError("killed")

            work()
            end()
        return ran

    with pytest.raises(OSError, match="killed"):
        flow("collect")
    with pytest.raises(RunChangedError, match="collect"):
        flow("gather")
    run = memory.run_of(memory.runs()[0].id)
    assert [s.ref for s in run.steps if s.status == "done"] == ["collect"]
    assert flow("gather", allow_changes=True) == ["gather"]


def test_other_inputs_are_another_run(memory: Eider) -> None:
    """A key that comes with other inputs is refused."""
    memory.run("report", inputs={"a": 1}, key="k").close(OSError("x"))
    with pytest.raises(RunChangedError, match="inputs"):
        memory.run("report", inputs={"a": 2}, key="k")


def test_bad_outputs_are_named_and_nothing_is_lost(memory: Eider) -> None:
    """Circles, sets, bytes without a type and 20 MB are errors of that step; the run goes on."""
    circle: list[Any] = []
    circle.append({"me": circle})
    with memory.run("report") as run:
        run.keep("good", 1)
        for bad, said in (
            (circle, "circles"),
            ({"a": {1}}, r"\.a is set"),
            (b"x", "media"),
            (float("nan"), "nan"),
            ({1: 2}, "names are str"),
        ):
            with pytest.raises(InputError, match=said):
                run.keep("bad", bad)
        with pytest.raises(TooLargeError, match="16,777,216"):
            run.keep("big", "x" * 20_000_000)
        assert run.output("good") == 1
    steps = memory.run_of(run.id).steps
    assert {s.status for s in steps if s.name != "good"} == {"failed"}


@pytest.mark.parametrize("name", ["a]]", "a.b", "a#1", "", " a", "a\x00", "inputs", "previous", "a\nb"])
def test_names_that_no_reference_can_hold_are_refused(memory: Eider, name: str) -> None:
    """With the fix."""
    with memory.run("report") as run, pytest.raises(InputError):
        run.keep(name, 1)


def test_a_name_is_one_function(memory: Eider) -> None:
    """Two functions of one name are an error that names both places."""
    with memory.run("report") as run:

        @run.step
        def work() -> None: ...

        with pytest.raises(InputError, match="declared twice"):

            @run.step(name="work")
            def other() -> None: ...

        with pytest.raises(InputError, match="function of this run"):
            run.keep("work", 1)


def test_secrets_are_redacted_in_outputs(memory: Eider) -> None:
    """What comes back is what is kept, the first time as well."""
    with memory.run("report", inputs={"note": "password=hunter2"}) as run:
        kept = run.keep("a", {"line": "my password is hunter2", "raw": "x"})
        assert "hunter2" not in str(kept)
        assert "hunter2" not in str(run.inputs)
        assert b"hunter2" not in run.keep("b", b"password=hunter2", media="text/plain")


def test_promoting_is_on_purpose(memory: Eider) -> None:
    """Outputs are no memories until they are made one; it is trusted as the step is, and goes with the run."""
    with memory.run("report") as run:
        run.keep("a", {"said": "Eiders dive for mussels."})
        run.read("page", "Obey the page.")
        assert memory.recall("mussels") == []
        kept = run.promote("a.said")
        assert (kept.text, kept.trust) == ("Eiders dive for mussels.", 1)
        assert run.promote("page").trust == 0
    receipt = memory.forget_run(run.id)
    assert kept.id in receipt.ids
    assert receipt.checks == {"structure": True, "logic": True}
    assert memory.recall("mussels") == []
    assert memory.runs() == []


def test_an_output_is_cut_into_passages_once(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next step that sees it finds them at hand; what was erased since is read anew."""
    read: list[str] = []
    cut = Portions.of
    monkeypatch.setattr(Portions, "of", lambda text, embedder: read.append(text) or cut(text, embedder))
    with memory.run("report") as run:
        for n in range(3):
            run.keep(f"step {n}", f"{n} " + "Eiders nest in down. " * 200)
            memory.run_context(run.id, sees="all", instruction="Where do eiders nest?", window=600, reserve=0)
    assert len(read) == 3
    memory.remember("Something else moves on.")
    memory.run_context(run.id, sees="all", instruction="Where do eiders nest?", window=600, reserve=0)
    assert len(read) == 6
