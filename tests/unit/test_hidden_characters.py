"""What a reader cannot see reaches no prompt, terminal or page; what is stored stays as it was said."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eider
from eider.api.tools import bind
from eider.model.display.html import render, render_list
from eider.model.visible_text import MARK, _marked, escaped, visible_lines, visible_text
from eider.privacy import recall_marks

if TYPE_CHECKING:
    from collections.abc import Iterator

TAGS = "".join(chr(0xE0000 + ord(c)) for c in "CC mallory")
HIDDEN = {
    "tag characters": TAGS, "zero width": "\u200b\u2060\ufeff", "override": "\u202e", "isolate": "\u2067",
    "terminal command": "\x1b[2J\x1b]0;title\x07", "eight-bit command": "\x9b31m", "filler": "\u3164",
    "selectors": "".join(chr(0xE0100 + n) for n in range(40)), "private use": "\ue000", "bell": "\x07",
}  # fmt: skip
PLAIN = (
    "Use tabs.",
    "👩\u200d💻 ❤\ufe0f 1\ufe0f\u20e3",
    "می\u200cخواهم",
    "葛\U000e0100城",
    "क्\u200dष",
    "naïve café",
    "शर्त",
    "絨鴨",
)


def hides(text: str) -> bool:
    """Whether a text of this file's rows holds anything invisible."""
    return any(unicodedata.category(c) in ("Cc", "Cf", "Co") and c not in "\n\t" for c in text) or any(
        "\U000e0000" <= c <= "\U000e0fff" or c == "\u3164" for c in text
    )


@pytest.fixture(scope="module", params=HIDDEN)
def memory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[eider.Eider]:
    """A store in which every kind of row holds one kind of hidden characters."""
    hidden = HIDDEN[request.param]
    with eider.open(tmp_path_factory.mktemp("hidden") / "m.eider", user="ada") as memory:
        memory.remember(f"Use tabs{hidden} in Go.", kind="rule", pinned=True)
        memory.remember(f"The harbour crane runs on{hidden} heron stage.", scope="project:x")
        memory.record(f"The harbour crane{hidden} was painted green.", session="s")
        memory.observe(
            agent_output=f"Noted{hidden}.", user_reply=f"Always name the crane tests{hidden} after the berth."
        )
        yield memory


def test_no_verb_hands_hidden_characters_to_a_prompt(memory: eider.Eider) -> None:
    """Policy, injection, recalled lines and the model's tools show a mark instead."""
    tools = bind(memory, user="ada")
    texts = [
        memory.policy(context="tabs in Go, crane tests").text, memory.inject("Where does the harbour crane run?").text,
        *(r.line for r in memory.recall("harbour crane tabs", limit=20)),
        *(str(tools.call(name, given)) for name, given in (
            ("recall", {"query": "harbour crane"}), ("search", {}), ("remember", {"text": f"Cranes{TAGS} are tall."}),
        )),
        str(tools.call("correct", {"id": f"mem_{TAGS}", "text": "x"})),
    ]  # fmt: skip
    assert any(MARK in text for text in texts)
    assert not [text for text in texts if hides(text)]


def test_no_page_shows_hidden_characters(memory: eider.Eider, tmp_path: Path) -> None:
    """A notebook's HTML and an export for reading show a mark instead."""
    memory.export(tmp_path / "page.md", format="markdown")
    pages = [(tmp_path / "page.md").read_text(), render(memory.search("")), render(memory.inject("harbour crane"))]
    pages.append(render_list(memory.recall("harbour crane")))
    assert not [page for page in pages if hides(page)]


def test_what_is_stored_stays_as_it_was_said(memory: eider.Eider, request: pytest.FixtureRequest) -> None:
    """Values, exports for programs and recalled items hold the words with all their characters."""
    hidden = HIDDEN[request.node.callspec.params["memory"]]
    assert f"The harbour crane{hidden} was painted green." in [r.text for r in memory.search("", limit=50).items]


@given(st.lists(st.one_of(st.sampled_from([*HIDDEN.values(), *PLAIN]), st.text(max_size=8)), max_size=6).map("".join))
def test_a_shown_text_hides_nothing_whatever_it_was(text: str) -> None:
    """Showing takes out all that is invisible at once: shown again, nothing more goes."""
    for show in (visible_text, visible_lines):
        shown = show(text)
        assert show(shown) == shown
        assert "\x1b" not in shown
        assert not any("\U000e0000" <= c <= "\U000e007f" for c in shown)


@pytest.mark.parametrize("text", PLAIN)
def test_visible_texts_stay_as_they_are(text: str) -> None:
    """Joiners and selectors that scripts and emoji need are no hidden characters."""
    assert visible_text(text) == visible_lines(text) == text


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=[*HIDDEN])
def test_a_mark_stands_where_they_stood(hidden: str) -> None:
    """One mark for each place, however many characters hid there."""
    assert visible_text(f"Use{hidden} tabs") == f"Use{MARK} tabs"
    assert recall_marks.mark([f"Use{hidden} tabs"], ["mem_1"]).splitlines()[1] == f"Use{MARK} tabs"


def test_json_keeps_hidden_characters_as_escape_sequences() -> None:
    """A program reads the very text, and a terminal shows no part of it."""
    text = json.dumps({"text": f"Use{TAGS}\u200b tabs\u202e."}, ensure_ascii=False)
    assert escaped(text).isascii()
    assert json.loads(escaped(text)) == json.loads(text)


def test_a_memory_file_shows_no_hidden_characters(tmp_path: Path) -> None:
    """The model that views a file of the memory tool sees a mark, too."""
    adapter: Any = pytest.importorskip("eider_anthropic")
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        tool = adapter.EiderMemoryTool(memory)
        tool.call({"command": "create", "path": "/memories/notes.md", "file_text": f"Use{TAGS} tabs.\n"})
        shown = str(tool.call({"command": "view", "path": "/memories/notes.md"}))
    assert f"Use{MARK} tabs." in shown
    assert not hides(shown)


@given(st.text(st.characters(categories=["Cf", "Mn", "Lo", "Ll", "Zs", "So", "Co"]), max_size=20))
def test_a_text_is_shown_as_it_is_only_where_nothing_is_hidden_in_it(text: str) -> None:
    """The short way for texts without hidden characters agrees with the long one."""
    flat = " ".join(text.split())
    assert visible_text(text) == " ".join(_marked(flat, "").split())
