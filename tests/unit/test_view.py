"""What notebooks show: everything escaped, nothing fetched, readable on any background."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import eider
from eider.model.answers import Diff, Health, Injection, Listing, Page, Receipt, Recollection, Version, Why
from eider.model.display import html
from eider.model.errors import InputError, MissingExtraError
from eider.model.values import Episode, Event, Memory
from eider.providers.embedders.hashing import HashEmbedder

mpl.use("Agg")

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
EVIL = "<script>alert('x')</script><img src=x onerror=\"y\"> & \" ' <b>"


def made(text: str = EVIL, **fields: Any) -> Memory:
    plain: dict[str, Any] = {
        "id": text, "rev": 1, "kind": "fact", "text": text, "user": text, "agent": text, "scope": text,
        "origin": "import", "trust": 1, "valid_from": NOW, "recorded_at": NOW, "subject": text, "pinned": True,
    }  # fmt: skip
    return Memory(**{**plain, **fields})


def said(text: str = EVIL) -> Episode:
    return Episode(
        id=text, text=text, user=text, speaker=text, role="other", session=text, seq=0, at=NOW, tz="UTC",
        recorded_at=NOW, origin="document",
    )  # fmt: skip


def hit(item: Memory | Episode, **shares: float) -> Recollection:
    why = Why(shares=shares or {EVIL: 1.5, "words": 0.5, "age": -0.25}, weights="1", notes=(EVIL,))
    memory = item if isinstance(item, Memory) else None
    episode = item if isinstance(item, Episode) else None
    return Recollection(id=item.id, text=item.text, score=1.75, why=why, memory=memory, episode=episode, layer=EVIL)


EVENT = Event(id="evt_1", seq=1, at=NOW, actor=EVIL, op=EVIL, ids=(EVIL,) * 5, reason=EVIL)
OLD = made(valid_to=NOW, superseded_by=EVIL, retired_at=NOW)
ALL: dict[str, Any] = {
    "memory": made(),
    "closed": OLD,
    "erased": made(text="", state="erased"),
    "episode": said(),
    "recollection": hit(made()),
    "recollections": Listing([hit(made()), hit(said())]),
    "nothing": Listing[Recollection](),
    "history": Listing([Version(memory=OLD, event=EVENT), Version(memory=made(), event=None)]),
    "events": Listing([EVENT] * 40),
    "memories": Listing([made()]),
    "page": Page(items=(hit(made()), hit(said())), total=9, offset=2, limit=2),
    "empty page": Page(items=(), total=0, offset=0, limit=2),
    "injection": Injection(text=EVIL, recollections=(hit(made()),), why=EVIL, taint=1, tokens=9),
    "silence": Injection(text="", recollections=(), why=EVIL),
    "health": Health(
        user=EVIL, episodes=3, memories={EVIL: 2}, kinds={EVIL: 2}, scopes={EVIL: 2}, retrievability=(0.0, 0.5, 1.0),
        pending_index=1, embedder=EVIL, degraded=(EVIL,), oldest=NOW, newest=NOW, events=4,
    ),
    "diff": Diff(since=NOW, until=NOW + timedelta(days=1), added=(made(),), closed=(OLD,), changed=((OLD, made()),)),
    "receipt": Receipt(
        ids=(EVIL,) * 7, at=NOW, erased={EVIL: 1}, kept=(EVIL,), checks={EVIL: False, "logic": True}, outside=(EVIL,)
    ),
}  # fmt: skip


class Reader(HTMLParser):
    """Collects tags and text, and checks that what is opened is closed."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("name", ALL)
def test_values_are_shown_without_becoming_markup(name: str) -> None:
    """Whatever a text says, the page holds it as text: only our own tags, no scripts, no addresses, no handlers."""
    shown = ALL[name]._repr_html_()
    page = Reader(shown)
    assert not page.open
    assert {tag for tag, _ in page.tags} <= {"div", "span", "b", "br", "table", "tr", "td", "th", "pre"}
    assert {key for _, attributes in page.tags for key in attributes} <= {"style", "title"}
    assert not re.search(r"https?:|url\(|@import", shown)
    if name not in ("erased", "nothing", "empty page"):
        assert "alert('x')" in "".join(page.text)


@pytest.mark.parametrize("name", ALL)
def test_text_takes_the_notebooks_own_colours(name: str) -> None:
    """Light or dark: no text has a fixed colour, no box a fixed background, apart from marks of middle lightness."""
    fixed = {*html.PALETTE, html._GREY}
    for _, attributes in Reader(ALL[name]._repr_html_()).tags:
        style = attributes.get("style") or ""
        for _, colour in re.findall(r"(?:^|;)(color|background):([^;]+)", style):
            assert colour in {"inherit", "none", *fixed}


def test_fixed_colours_are_told_from_black_and_white() -> None:
    """Contrast of at least 2.4 to both, as a mark needs."""
    for colour in html.PALETTE:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (light + 0.05) >= 2.4
        assert (light + 0.05) / 0.05 >= 2.4


def test_a_terminal_gets_the_plain_form() -> None:
    """Both forms travel together; the host takes the one it can show."""
    bundle = made()._repr_mimebundle_()
    assert bundle == {"text/html": made()._repr_html_(), "text/plain": repr(made())}


def test_long_texts_are_cut_for_the_eye() -> None:
    """A pasted document does not fill the page."""
    assert len(made(text="x" * 100_000, id="m", user="u", agent="a", scope="s", subject="")._repr_html_()) < 3_000


def test_shares_are_drawn_to_one_scale() -> None:
    """A bar's pieces are the shares of the best line's whole, in per cent."""
    shown = html.recollections([hit(made("a"), words=3.0, meaning=1.0), hit(made("b"), words=2.0)])
    widths = [float(w) for w in re.findall(r"width:([\d.]+)%", shown)]
    assert widths == [75.0, 25.0, 50.0]


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[eider.Eider]:
    clock = eider.FixedClock(NOW)
    folder = tmp_path_factory.mktemp("view") / "a.eider"
    with eider.open(folder, user="ada", embedder=HashEmbedder(), clock=clock) as opened:
        opened.record("Costs $5 and $6.", session="s")
        opened.remember("Prefers tea.", kind="preference")
        gone = opened.remember("Passing.")
        clock.advance(timedelta(days=1))
        opened.forget(gone.id, wait=False)
        yield opened


def test_answers_are_lists_that_show_themselves(memory: eider.Eider) -> None:
    """Recollections, histories and events are plain lists to code and tables to a notebook."""
    found = memory.recall("tea")
    assert isinstance(found, list)
    assert found == list(found)
    assert "Prefers tea." in found._repr_html_()  # pyright: ignore[reportAttributeAccessIssue]
    assert "forget" in memory.events()._repr_html_()  # pyright: ignore[reportAttributeAccessIssue]
    assert "Prefers tea." in memory.history(found[0].id)._repr_html_()  # pyright: ignore[reportAttributeAccessIssue]


def test_decay_is_drawn_from_the_last_use(memory: eider.Eider) -> None:
    """A curve starts at 1 and is 0.9 after the memory's stability."""
    from eider.model.display import plots

    why = memory.why(memory.search(kinds=["preference"]).items[0].id)
    axes = plots.decay([why], days=round(why.usage.stability))
    values = axes.lines[0].get_ydata()
    assert values[0] == pytest.approx(1.0)
    assert values[-1] == pytest.approx(0.9, abs=0.01)
    plt.close(axes.figure)


def test_shares_of_a_score_are_stacked(memory: eider.Eider, tmp_path: Path) -> None:
    """The pieces of a bar end at its score, and a dollar sign is a dollar sign."""
    from eider.model.display import plots

    found = memory.recall("what costs $5?")
    axes = plots.shares(found)
    ends = [sum(bar.get_width() for bar in axes.patches[i :: len(found)]) for i in range(len(found))]
    assert ends == pytest.approx([sum(h.why.shares.values()) for h in found], abs=0.02)
    axes.figure.savefig(tmp_path / "shares.png")
    plt.close(axes.figure)


def test_growth_falls_when_something_is_forgotten(memory: eider.Eider) -> None:
    """Two memories, one forgotten: the line ends at one."""
    from eider.model.display import plots

    axes = plots.growth(memory.events())
    assert [int(line.get_ydata()[-1]) for line in axes.lines] == [1, 1]
    plt.close(axes.figure)


def test_plots_of_nothing_say_so() -> None:
    """An empty plot would look like an answer."""
    from eider.model.display import plots

    for draw in (plots.decay, plots.shares, plots.growth):
        with pytest.raises(InputError):
            draw([])


def test_plots_without_matplotlib_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is the command to run."""
    from eider.model.display import plots

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"eider-memory\[view\]"):
        plots.growth([EVENT])


def test_views_are_loaded_when_something_is_shown() -> None:
    """Opening a memory costs nothing for them."""
    code = "import sys, eider.model.answers, eider.api.verbs; print([m for m in sys.modules if 'eider.model.display' in m or m == 'matplotlib'])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.strip() == "[]"
    )


def test_the_card_of_a_run_escapes_and_tells() -> None:
    """Steps with their sizes, what each saw, and what was cut; nothing of it is markup."""
    with eider.open(":memory:", user="ada") as memory:
        with memory.run("weekly <b>report</b>", inputs={"a": 1}) as run:
            run.keep("collect", "word " * 2_000)

            @run.step(sees="all", instruction="Which word?")
            def brief() -> str:
                return str(run.context(window=900).text)

            brief()
            with suppress(ValueError), run.step("broken"):
                raise ValueError("<script>")
        card = memory.run_of(run.id)._repr_html_()
        context = memory.run_context(run.id, window=900, instruction="Which word?")._repr_html_()
        listed = memory.runs()._repr_html_()
    for shown in (card, context, listed):
        assert "<b>report" not in shown
        assert "<script" not in shown
    for word in ("collect (all)", "2,000", "broken", "ValueError", "passages chosen for the instruction"):
        assert word in card
    assert "tokens" in context
    assert "weekly" in listed
