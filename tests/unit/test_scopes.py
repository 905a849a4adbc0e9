"""Scopes: where what is learned applies, that they stay few, and that tidying them up can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scope_stores import MODEL, RULE, Opens, Scripted, answers, counts, crowded, filled, scope_of

import eider
from eider.model.errors import ConfigError, InputError
from eider.model.learned import ScopeStep
from eider.providers.prompts.scope import ScopeAnswer
from eider.providers.prompts.scope_consolidation import ScopeConsolidationAnswer
from eider.providers.prompts.scope_consolidation import ScopeStep as Said
from eider.records.scope_registry import scope_for, scopes_read

# ---------------------------------------------------------------------- where something applies


def test_what_is_said_outright_wins(opens: Opens) -> None:
    """Explicit, then what the context names, then everywhere."""
    memory = opens(scopes=["email"])
    assert scope_of(memory, scope="email", context="project:alpha") == "email"
    assert (
        scope_of(memory, user_reply="Our build always runs the linter first.", context="A PR in project:alpha")
        == "project:alpha"
    )
    assert scope_of(memory, user_reply="Our release notes are always in Danish.", context="Email") == "email"
    assert (
        scope_of(memory, user_reply="Our service logs all times in UTC.", context="answering mail for a client")
        == "global"
    )
    assert scope_of(memory, user_reply="Write in British English everywhere.", context="project:alpha") == "global"


def test_frugal_infers_nothing_and_reads_everywhere(opens: Opens) -> None:
    """However clear the words are; and every scope is considered."""
    memory = opens(scopes=["code-review", "travel"])
    engine = memory._engine
    said = "reviewing the code of a pull request, a code review"
    assert scope_for(engine, "ada", "default", explicit=None, context=said) == ("global", False)
    assert scopes_read(engine, "ada", "default", said) is None
    memory.remember("Ask for tests.", kind="rule", scope="code-review")
    assert "Ask for tests." in memory.policy(context="plan my holiday").text


def test_balanced_infers_from_the_name_and_from_what_is_kept_there(opens: Opens) -> None:
    """Likeness first; what is like nothing is open."""
    memory = opens("balanced", scopes=["code-review", "travel"])
    engine = memory._engine
    filled(memory, ops=["The server room is in the basement.", "Restart the nginx server after deploying."])
    for context, scope in (
        ("review the code of this change", "code-review"),
        ("travel plans: a trip to Rome", "travel"),
        ("the nginx server needs restarting", "ops"),
        ("what is for dinner", "global"),
    ):
        assert scope_for(engine, "ada", "default", explicit=None, context=context)[0] == scope, context
    assert scopes_read(engine, "ada", "default", "review the code of this change") == ("code-review",)
    assert scopes_read(engine, "ada", "default", "what is for dinner") is None


def test_what_is_everywhere_is_always_in(opens: Opens) -> None:
    """In the list, and in every policy whatever the scope; of another scope nothing is."""
    memory = opens("balanced", scopes=["code-review", "travel"])
    filled(memory, code_review=["Ask for tests."], travel=["Book aisle seats."])
    memory.remember("Be brief.", kind="rule")
    assert next(iter(counts(memory))) == "global"
    text = memory.policy(context="review the code of this change").text
    assert "Be brief." in text
    assert "Ask for tests." in text
    assert "aisle" not in text
    assert "Be brief." in memory.policy(scopes=["unheard-of"]).text
    assert counts(opens())["global"] == 1


def test_the_more_specific_wins_and_both_stay(opens: Opens) -> None:
    """One line says both; neither is closed."""
    memory = opens()
    memory.observe(user_reply="Our release notes are always in Danish.")
    memory.observe(user_reply="Our release notes are always in English.", context="project:alpha")
    assert counts(memory) == {"global": 1, "project:alpha": 1}
    text = memory.policy(scopes=["project:alpha"]).text
    assert "English" in text
    assert "Danish" not in text or "alpha" in text


def test_a_model_is_asked_where_likeness_leaves_it_open(opens: Opens) -> None:
    """Balanced: when open; eager: always; never where the context names it; and its failure costs nothing."""
    says = ScopeAnswer(reasoning="", scope=2, new="", confidence=0.9)
    model = Scripted(scope=says)
    memory = opens("balanced", model, scopes=["code-review", "travel"])
    assert scope_of(memory, context="what is for dinner") == "travel"
    assert model.asked.count("scope") == 1
    assert (
        scope_of(memory, user_reply="Our build always runs the linter first.", context="review the code of this change")
        == "code-review"
    )
    assert (
        scope_of(memory, user_reply="Our release notes are always in Danish.", context="project:alpha")
        == "project:alpha"
    )
    assert model.asked.count("scope") == 1
    silent = opens("balanced", Scripted(), scopes=["code-review", "travel"])
    assert scope_of(silent, user_reply="We always squash our commits before a merge.", context="some lunch") == "global"


def test_a_model_names_only_what_it_may(opens: Opens) -> None:
    """A number it was not shown, or a new name where none are allowed, is no scope."""
    wrong = ({"scope": 9, "new": ""}, {"scope": -1, "new": "cooking"}, {"scope": 1, "new": "", "confidence": 0.1})
    for direction, said in zip(
        (
            "Our service logs all times in UTC.",
            "Our tickets always need an owner.",
            "Our release notes are always in Danish.",
        ),
        wrong,
        strict=True,
    ):
        answer = ScopeAnswer(**{"reasoning": "", "confidence": 0.9, **said})
        memory = opens("balanced", Scripted(scope=answer), scopes=["code-review", "travel"])
        assert scope_of(memory, user_reply=direction, context="some lunch") == "global"
    answer = ScopeAnswer(reasoning="", scope=-1, new="Cooking", confidence=0.9)
    memory = opens("balanced", Scripted(scope=answer), scopes=["travel"], dynamic_scopes=True)
    assert (
        scope_of(memory, user_reply="The staging database is called heron.", context="some lunch with friends")
        == "cooking"
    )


# ---------------------------------------------------------------------- new names


def test_new_names_are_registered_once_and_near_ones_collapse(opens: Opens) -> None:
    """For this user and agent; they are there after the store was closed."""
    memory = opens(dynamic_scopes=True)
    assert scope_of(memory, scope="Code_Review") == "code-review"
    assert scope_of(memory, user_reply="Our build always runs the linter first.", scope="code_reviews") == "code-review"
    assert scope_of(memory, user_reply="Our service logs all times in UTC.", context="travel") == "travel"
    assert scope_of(memory, user_reply="Our release notes are always in Danish.", scope="travelling") == "travel"
    assert scope_of(memory, user_reply="Our tickets always need an owner.", scope="project:alpha1") == "project:alpha1"
    assert (
        scope_of(memory, user_reply="We decided to use Postgres for the ledger.", scope="project:alpha2")
        == "project:alpha2"
    )
    again = opens(dynamic_scopes=True)
    found = {s.name: (s.known, s.agents) for s in again.scopes()}
    assert found.pop("global") == ("always", ())
    assert set(found.values()) == {("registered", ("default",))}
    assert set(found) == {"code-review", "travel", "project:alpha1", "project:alpha2"}
    assert scope_of(again, user_reply="The staging database is called heron.", context="Code reviews") == "code-review"


def test_without_dynamic_scopes_nothing_is_registered(opens: Opens) -> None:
    """What was passed is taken as it is."""
    memory = opens()
    assert scope_of(memory, scope="Code_Review") == "Code_Review"
    assert scope_of(memory, user_reply="Our build always runs the linter first.", context="cooking") == "global"
    assert {s.name: s.known for s in memory.scopes()} == {"global": "always", "Code_Review": "used"}


def test_a_registered_name_goes_with_what_it_came_from(opens: Opens) -> None:
    """Undo takes it out; forgetting the last memory erases it everywhere; others keep theirs."""
    memory = opens(dynamic_scopes=True)
    memory.observe(user_reply=RULE, scope="zanzibar", user="bob")
    done = memory.observe(user_reply=RULE, scope="zanzibar")
    assert counts(memory)["zanzibar"] == 1
    memory.undo(memory.events()[0].id)
    assert counts(memory) == {"global": 0}
    (kept,) = memory.observe(user_reply="Our build always runs the linter first.", scope="quokka").memories
    receipt = memory.forget(kept.id)
    assert all(receipt.checks.values())
    assert counts(memory) == {"global": 0}
    assert memory.sql("select count(*) from memories where scope = 'quokka'").rows == [(0,)]
    assert counts(memory, "bob") == {"global": 0, "zanzibar": 1}
    assert done.memories


def test_scopes_are_taken_along(opens: Opens, tmp_path: Path) -> None:
    """An export carries them with the memories; names of others stay where they are."""
    memory = opens(dynamic_scopes=True)
    memory.observe(user_reply=RULE, scope="cooking")
    memory.observe(user_reply=RULE, scope="zanzibar", user="bob")
    memory.export(tmp_path / "out.jsonl")
    with eider.open(tmp_path / "other.eider", user="ada") as other:
        other.import_(tmp_path / "out.jsonl")
        assert counts(other) == {"global": 0, "cooking": 1}


def test_nobody_sees_or_moves_the_scopes_of_others(opens: Opens) -> None:
    """Names, counts, collapsing and consolidating are each user's own."""
    memory = opens("balanced", dynamic_scopes=True)
    memory.observe(user_reply=RULE, scope="code-review", user="bob")
    memory.observe(user_reply=RULE, scope="writing", user="bob")
    assert counts(memory) == {"global": 0}
    assert scope_of(memory, scope="code-reviews") == "code-reviews"
    filled(memory, code_review=["Ask for tests."])
    before = counts(memory, "bob")
    memory.consolidate_scopes(dry_run=False)
    assert counts(memory, "bob") == before == {"global": 0, "code-review": 1, "writing": 1}


# ---------------------------------------------------------------------- keeping them few


def test_a_plan_is_looked_at_carried_out_and_taken_back(opens: Opens) -> None:
    """A preview writes nothing; carrying out is one event; undoing it restores every scope and all answers."""
    memory = opens("balanced")
    crowded(memory)
    before, events = answers(memory), len(memory.events())
    plan = memory.consolidate_scopes()
    assert [(s.op, s.scopes, s.into) for s in plan.steps] == [("merge", ("code-review",), ("code-reviews",))]
    assert (plan.dry_run, plan.event, len(plan.memories)) == (True, None, 2)
    assert (answers(memory), len(memory.events())) == (before, events)
    done = memory.consolidate_scopes(dry_run=False, steps=plan.steps)
    assert {m.scope for m in done.memories} == {"code-reviews"}
    assert counts(memory) == {"global": 0, "code-reviews": 5, "project:alpha1": 1, "project:alpha2": 1}
    assert [e.op for e in memory.events()][:-events] == ["consolidate_scopes"]
    assert done.event is not None
    undone = memory.undo(done.event.id)
    assert answers(memory) == before
    memory.undo(undone.id)
    assert counts(memory)["code-reviews"] == 5
    assert memory.verify().findings == ()


@settings(max_examples=settings().max_examples // 4)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mail", "code-review", "code-reviews", "Code_Review", "emails", "email"]),
            st.integers(0, 9),
        ),
        max_size=8,
    )
)
def test_undoing_a_plan_restores_every_scope(
    tmp_path_factory: pytest.TempPathFactory, kept: list[tuple[str, int]]
) -> None:
    """Whatever was in it."""
    from eider.providers.embedders.hashing import HashEmbedder

    folder = tmp_path_factory.mktemp("p") / "p.eider"
    with eider.open(folder, user="ada", mode="balanced", model=MODEL, embedder=HashEmbedder(width=32)) as memory:
        memory._engine.agents.models[MODEL] = Scripted()
        for scope, n in kept:
            memory.remember(f"Statement {n} holds.", scope=scope)
        before = answers(memory)
        plan = memory.consolidate_scopes(dry_run=False)
        assert sum(counts(memory).values()) == sum(s.memories for s in before["scopes"])
        if plan.event is not None:
            memory.undo(plan.event.id)
        assert answers(memory) == before


def test_frugal_and_fewer_than_two_scopes_are_left_alone(opens: Opens) -> None:
    """The reason is said."""
    memory = opens()
    crowded(memory)
    done = memory.consolidate_scopes(dry_run=False)
    assert not done
    assert "frugal" in done.why
    memory = opens("balanced")
    memory.remember("Bob writes.", user="bob", scope="email")
    lonely = memory.consolidate_scopes(user="bob", dry_run=False)
    assert (bool(lonely), "fewer than two" in lonely.why) == (False, True)


def test_declared_names_stay(opens: Opens) -> None:
    """What is like one goes into it; two that are declared stay two."""
    memory = opens("balanced", scopes=["code-review"])
    crowded(memory)
    assert [s.into for s in memory.consolidate_scopes().steps] == [("code-review",)]
    memory = opens("balanced", scopes=["code-review", "code-reviews"])
    assert memory.consolidate_scopes().steps == ()


def test_a_model_merges_renames_and_splits_within_bounds(opens: Opens) -> None:
    """By the numbers it was shown; projects are never joined, and what is declared is not renamed."""
    order = ["mixed", "misc", "billing", "invoices", "project:alpha1", "project:alpha2"]
    said = [
        Said(reasoning="two kinds of work", op="split", scopes=[1], into=["Cooking", "programming"]),
        Said(reasoning="says nothing", op="rename", scopes=[2], into=["travel"]),
        Said(reasoning="the same", op="merge", scopes=[3, 4], into=["billing"]),
        Said(reasoning="the same", op="merge", scopes=[5, 6], into=["project:alpha1"]),
    ]
    model = Scripted(scope_consolidation=ScopeConsolidationAnswer(reasoning="", steps=said))
    memory = opens("balanced", model)
    filled(memory, mixed=["Bake the bread with rye flour.", "Write Python code with types."], misc=["Book aisle seats."],
           billing=["Bills go out on Mondays.", "Bills are in euros."], invoices=["Round to cents."],
           project__alpha1=["Use tabs."], project__alpha2=["Use spaces."])  # fmt: skip
    shown = sorted((s.name for s in memory.scopes() if s.name != "global"), key=order.index)
    places = {n: [s.name for s in memory.scopes() if s.name != "global"].index(n) + 1 for n in shown}
    for step in said:
        step.scopes = [places[order[n - 1]] for n in step.scopes]
    before = answers(memory)
    done = memory.consolidate_scopes(dry_run=False)
    assert [s.op for s in done.steps] == ["split", "rename", "merge"]
    found = {m.text: m.scope for m in done.memories}
    assert found == {
        "Bake the bread with rye flour.": "cooking", "Write Python code with types.": "programming",
        "Book aisle seats.": "travel", "Round to cents.": "billing",
    }  # fmt: skip
    assert done.event is not None
    memory.undo(done.event.id)
    assert answers(memory) == before


def test_steps_that_cannot_be_taken_are_refused_by_name(opens: Opens) -> None:
    """Nothing is written."""
    memory = opens("balanced")
    crowded(memory)
    for step in (
        ScopeStep(op="merge", scopes=("nowhere",), into=("code-review",)),
        ScopeStep(op="merge", scopes=("global",), into=("code-review",)),
        ScopeStep(op="rename", scopes=("code-review",), into=("project:alpha1",)),
        ScopeStep(op="split", scopes=("code-review",), into=("one",)),
    ):
        with pytest.raises(InputError, match=step.scopes[0] if step.op == "merge" else step.op):
            memory.consolidate_scopes(dry_run=False, steps=[step])
    assert [e for e in memory.events() if e.op == "consolidate_scopes"] == []
    own = memory.consolidate_scopes(
        dry_run=False, steps=[ScopeStep(op="merge", scopes=("project:alpha2",), into=("project:alpha1",))]
    )
    assert [m.text for m in own.memories] == ["Use spaces."]


def test_scopes_are_consolidated_after_so_many_memories(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a job, once per measure; not in frugal mode; a measure that is none is refused by name."""
    monkeypatch.setenv("EIDER_SCOPE_CONSOLIDATION_THRESHOLD", "3")
    frugal = opens()
    crowded(frugal)
    frugal.observe(user_reply=RULE)
    assert frugal._engine.jobs.counts().get("done", 0) + frugal._engine.jobs.counts()["waiting"] == 0
    memory = opens("balanced")
    memory.observe(user_reply="Our build always runs the linter first.")
    memory.drain()
    assert "code-review" not in counts(memory)
    (event,) = [e for e in memory.events() if e.op == "consolidate_scopes"]
    assert event.actor == "jobs"
    memory.observe(user_reply="Our release notes are always in Danish.")
    kinds = [j.kind for j in memory._engine.jobs.listed()]
    assert kinds.count("consolidate_scopes") == 1
    monkeypatch.setenv("EIDER_SCOPE_CONSOLIDATION_THRESHOLD", "many")
    assert memory.observe(user_reply="We always squash our commits before a merge.").memories
    with pytest.raises(ConfigError, match=r"'many'.*whole number"):
        opens("balanced")


def test_declared_scopes_are_checked_when_a_memory_is_opened(tmp_path: Path) -> None:
    """A text in place of a list is named, not spelled out letter by letter."""
    with pytest.raises(InputError, match="scopes="):
        eider.open(tmp_path / "m.eider", scopes="email")
