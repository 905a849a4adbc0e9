"""Names of scopes: which are one, which stay apart, and that tidying them settles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eider.model.learned import ScopeStep
from eider.records.scope_names import (
    allowed,
    is_short,
    known_or_tidy,
    merges,
    named_in,
    same_meaning,
    spelled_alike,
    tidy,
    words_in,
)

MODEL = "openai:small"
RULE = "Always answer in short sentences."
names = st.one_of(
    st.sampled_from(["code-review", "Code Reviews", "email", "e-mail", "global", "q1 report", "q2 report", "team-a"]),
    st.text(alphabet="abcdeLMN12 -_:/é", max_size=14),
    st.builds(
        "{}:{}".format, st.sampled_from(["project", "role"]), st.text(alphabet="abc12-_", min_size=1, max_size=8)
    ),
)
projects = st.text(alphabet="abcxyz0123456789._-", min_size=1, max_size=12).filter(lambda n: n == tidy(n).strip())


# ---------------------------------------------------------------------- names


@given(names, st.lists(names, max_size=6))
def test_collapsing_a_collapsed_name_changes_nothing(name: str, known: list[str]) -> None:
    """What a name stands for stands for itself."""
    once = known_or_tidy(name, known)
    assert known_or_tidy(once, known) == once
    assert once in known or once == tidy(name) or once == "global"


@given(st.lists(names, max_size=8))
def test_collapsing_a_list_twice_is_collapsing_it_once(given_names: list[str]) -> None:
    """Registering them again registers nothing new."""

    def registered(some: list[str]) -> list[str]:
        known: list[str] = []
        for name in some:
            if (one := known_or_tidy(name, known)) not in known:
                known.append(one)
        return known

    first = registered(given_names)
    assert registered(first) == first
    assert registered([*first, *given_names]) == first


@given(projects, projects, st.sampled_from(["project:", "role:", "client-", "projects/"]))
def test_names_of_different_things_are_never_joined(one: str, other: str, kind: str) -> None:
    """However little they differ, and whatever an embedder says of them."""
    if tidy(kind + one) == tidy(kind + other):
        return
    a, b = kind + one, kind + other
    assert known_or_tidy(a, [b], lambda *_: 1.0) == tidy(a)
    assert merges({a: 3, b: 5}, (), lambda *_: 1.0) == ()
    assert not allowed(ScopeStep(op="merge", scopes=(a,), into=(b,)), {a, b}, ())


@given(st.dictionaries(names, st.integers(0, 9), max_size=8))
def test_merges_touch_each_name_once_and_never_what_is_everywhere(sizes: dict[str, int]) -> None:
    """A plan can be carried out in any order."""
    gone = [s for step in merges(sizes) for s in step.scopes]
    into = [n for step in merges(sizes) for n in step.into]
    assert len(gone) == len(set(gone))
    assert not set(gone) & set(into)
    assert "global" not in (*gone, *into)


@pytest.mark.parametrize(
    ("one", "other"),
    [("code-review", "code_review"), ("code review", "code reviews"), ("Email", "email"), ("email", "e-mail"),
     ("front end", "frontend"), ("marketing", "marekting"), ("documentation", "documentatoin"), ("doc", "docs")],
)  # fmt: skip
def test_spellings_of_one_name_are_one(one: str, other: str) -> None:
    """Case, separators, plurals and slips."""
    assert spelled_alike(one, other)
    assert spelled_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("project:alpha1", "project:alpha2"), ("project:alpha", "project:alphas"), ("role:dev", "role:devs"), ("q1", "q2"),
     ("python2", "python3"), ("team-a", "team-b"), ("test", "text"), ("mail", "main"), ("personal", "personnel"),
     ("client-marta", "client-maria"), ("docs/api", "docs/apis"), ("global", "globals"), ("new", "news")],
)  # fmt: skip
def test_other_names_stay_apart(one: str, other: str) -> None:
    """A digit, a proper name or a short word makes the difference."""
    assert not spelled_alike(one, other)
    assert known_or_tidy(one, [other]) == one


def test_opposites_are_not_the_same_for_being_alike() -> None:
    """Embedders take them for likeness; and what is narrower is not the same."""
    for pair in (("inbound", "outbound"), ("internal", "external"), ("formal", "informal"), ("review", "code-review")):
        assert not same_meaning(*pair, lambda *_: 1.0)
    assert same_meaning("travel", "trip", lambda *_: 0.7)


@given(st.text(max_size=40))
def test_tidying_twice_is_tidying_once(name: str) -> None:
    """A tidy name is tidy, and a short one is lower case."""
    assert tidy(tidy(name)) == tidy(name)
    assert not is_short(name) or name == name.lower()


def test_a_context_that_names_two_scopes_names_none() -> None:
    """Nothing is filed by guessing."""
    assert named_in("merge project:alpha into project:beta", []) is None
    assert named_in("see https://project:80/x", []) is None
    assert named_in("Code  Review", ["code-review"]) == "code-review"
    assert named_in("reviewing in project:github.com/ada/engine.", []) == "project:github.com/ada/engine"
    assert named_in("a review of the code", ["code-review"]) is None


def test_a_project_is_named_without_the_digest_of_its_place() -> None:
    """People say `project:api`; where two places have that name, it means neither."""
    here, there = "project:api-3f0c92ab", "project:api-0a1b2c3d"
    assert named_in("Reviewing in project:api today", [here]) == here
    assert named_in("Reviewing in project:api today", [here, there]) == "project:api"
    assert named_in(f"Reviewing in {there} today", [here, there]) == there
    assert words_in("project:mine-notes-3f0c92ab", "my notes: mine")
