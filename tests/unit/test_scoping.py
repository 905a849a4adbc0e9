"""One project has one scope, wherever and however it is checked out."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import eider
from eider import project_scope
from eider.model import validation
from eider.model.project_scope import normalised
from eider.records.scope_names import holds_everywhere, holds_here, tidy

SPELLINGS = [
    "git@code.example.org:ada/engine.git", "ssh://git@code.example.org:22/ada/engine", "https://code.example.org/Ada/engine.git",
    "https://ada:token@code.example.org/ada/engine/", "git://code.example.org/ada/engine.git",
]  # fmt: skip


def git(folder: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("url", SPELLINGS)
def test_spellings_of_a_remote_mean_the_same(url: str) -> None:
    """Scheme, login, port, case and suffix do not matter, and no login leaks into the scope."""
    assert normalised(url) == "code.example.org/ada/engine"


def test_worktrees_and_subfolders_share_the_scope(tmp_path: Path) -> None:
    """What one worktree learned the other finds."""
    main = tmp_path / "main"
    main.mkdir()
    git(main, "init", "-q")
    git(main, "commit", "-q", "--allow-empty", "-m", "x")
    git(main, "remote", "add", "origin", SPELLINGS[0])
    git(main, "worktree", "add", "-q", str(tmp_path / "other"))
    (main / "src").mkdir()
    wanted = "project:code.example.org/ada/engine"
    assert {project_scope(p) for p in (main, main / "src", tmp_path / "other")} == {wanted}


def test_a_folder_that_is_no_repository_names_the_project(tmp_path: Path) -> None:
    """Readably, and with a digest of its place."""
    plain = tmp_path / "My Notes"
    plain.mkdir()
    assert re.fullmatch(r"project:my-notes-[0-9a-f]{8}", project_scope(plain))


@pytest.mark.parametrize(
    "name", ["客户门户", "かな", "한글", "проект", "مشروع", "हिन्दी", "æøå", "🚀", "mine-prosjekt-漢字"]
)
def test_names_in_any_script_are_readable_in_the_scope(tmp_path: Path, name: str) -> None:
    """Letters of other scripts stay, in the name of a directory and in a remote."""
    assert name in project_scope(tmp_path / name)
    assert normalised(f"git@code.example.org:{name}/{name}.git") == f"code.example.org/{name}/{name}"


def test_two_ways_to_write_an_accent_are_one_name(tmp_path: Path) -> None:
    """File systems differ in which they give back."""
    for text in ("forår", "한글", "がか", "dépôt"):
        composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
        assert composed != decomposed
        assert project_scope(tmp_path / composed) == project_scope(tmp_path / decomposed)
        assert normalised(f"https://h.example/{composed}") == normalised(f"https://h.example/{decomposed}")


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda name: name not in {".", ".."}
)
PLACES = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: unicodedata.normalize("NFC", "/".join(parts)))


@given(one=PLACES, other=PLACES)
@example(one="mine prosjekt 漢字", other="mine prosjekt 漢語")
@example(one="fjordline/api", other="nordkraft/api")
@example(one="a b", other="a-b")
@example(one="🚀", other="客")
def test_different_places_have_different_scopes(one: str, other: str) -> None:
    """Whatever they are called; and each scope is a name the store takes, and registers as it is."""
    scopes = [project_scope(f"/nowhere/{place}") for place in (one, other)]
    assert (scopes[0] == scopes[1]) == (one == other)
    for scope in scopes:
        assert validation.name(scope, "scope") == scope
        assert tidy(scope) == scope


@given(one=PLACES, other=PLACES)
@example(one="a b", other="a-b")
@example(one="a" * 300, other="a" * 301)
def test_different_remotes_have_different_scopes(one: str, other: str) -> None:
    """But for case, slashes and suffix, which mean nothing in an address."""
    scopes = ["project:" + normalised(f"https://code.example.org/x{place}/x") for place in (one, other)]
    assert (scopes[0] == scopes[1]) == (_address(one) == _address(other))
    for scope in scopes:
        assert validation.name(scope, "scope") == scope
        assert tidy(scope) == scope


def _address(place: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", place).lower())


def test_repositories_of_one_name_are_told_apart_by_their_place(tmp_path: Path) -> None:
    """Each with its worktrees, subfolders and links to it."""
    scopes: list[str] = []
    for customer in ("fjordline", "nordkraft"):
        main = tmp_path / customer / "api"
        main.mkdir(parents=True)
        git(main, "init", "-q")
        git(main, "commit", "-q", "--allow-empty", "-m", "x")
        git(main, "worktree", "add", "-q", str(tmp_path / customer / "other"))
        (main / "src").mkdir()
        (tmp_path / f"link-{customer}").symlink_to(main)
        places = (main, main / "src", tmp_path / customer / "other", tmp_path / f"link-{customer}")
        same = {project_scope(p) for p in places}
        assert len(same) == 1
        scopes += same
    assert scopes[0] != scopes[1]


def test_submodules_without_a_remote_are_projects_of_their_own(tmp_path: Path) -> None:
    """Their repositories lie side by side in that of the whole."""
    for name in ("one", "two"):
        (tmp_path / ".git" / "modules" / name).mkdir(parents=True)
        (tmp_path / name).mkdir()
        (tmp_path / name / ".git").write_text(f"gitdir: ../.git/modules/{name}\n")
    one, two = project_scope(tmp_path / "one"), project_scope(tmp_path / "two")
    assert one.startswith("project:one-")
    assert two.startswith("project:two-")


def test_a_relative_remote_is_read_from_its_repository(tmp_path: Path) -> None:
    """`../origin` is another place in another folder."""
    for customer in ("fjordline", "nordkraft"):
        (tmp_path / customer / "api").mkdir(parents=True)
        git(tmp_path / customer / "api", "init", "-q")
        git(tmp_path / customer / "api", "remote", "add", "origin", "../origin.git")
    assert project_scope(tmp_path / "fjordline" / "api") != project_scope(tmp_path / "nordkraft" / "api")


def test_a_clone_on_this_machine_belongs_to_what_it_was_cloned_from(tmp_path: Path) -> None:
    """Of a repository without a remote, or with one; a clone whose original is gone is known by that address."""
    original, clone, second = tmp_path / "engine", tmp_path / "work" / "engine", tmp_path / "again"
    subprocess.run(["git", "init", "-q", str(original)], check=True)
    subprocess.run(["git", "clone", "-q", str(original), str(clone)], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["git", "clone", "-q", str(clone), str(second)], check=True, stderr=subprocess.DEVNULL)
    assert project_scope(original) == project_scope(clone) == project_scope(second)
    subprocess.run(
        ["git", "-C", str(original), "remote", "add", "origin", "https://example.org/ada/engine"], check=True
    )
    assert project_scope(second) == "project:example.org/ada/engine"


@pytest.mark.parametrize("said", [
    "No, always indent with tabs in this codebase.", "No, never push to main in this repository.",
    "No, always write tests with pytest in our Python monorepo.",
])  # fmt: skip
def test_what_is_said_of_the_work_at_hand_stays_there(tmp_path: Path, said: str) -> None:
    """However general a rule sounds: it says itself where it holds."""
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        found = memory.observe(agent_output="Done, as you can see.", user_reply=said, ambient_scope="project:engine")
        assert {one.scope for one in (*found.memories, *found.inbox)} == {"project:engine"}


@pytest.mark.parametrize("text", [
    "In all projects, always indent with tabs.", "Use tabs in every repository.", "Bitte in allen Projekten mit Tabs einrücken.",
    "Dans tous mes projets, utilise des tabulations.", "En todos los proyectos usa tabuladores.", "所有项目都用制表符。",
])  # fmt: skip
def test_what_is_said_for_all_projects_is_not_caught_by_the_scope_of_the_moment(text: str) -> None:
    assert holds_everywhere(text)
    assert not holds_here(text)
