"""Bad input: each an error that names the value and the fix, and the store is as it was."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st
from numpy.typing import NDArray

import eider
from eider.api.facade import Eider
from eider.api.verbs import VERBS
from eider.model import validation
from eider.model.errors import EiderError, InputError, NaiveTimeError, TooLargeError, UnknownIdError
from eider.model.ids import new_id
from eider.model.scope_word import scope_word
from eider.providers.embedders.hashing import HashEmbedder

NAIVE = datetime(2026, 5, 1, 10)  # noqa: DTZ001 (that is what is wrong with it)
NUL, HALF = "a\x00b", "a\ud800b"
DEEP: dict[str, Any] = {}
DEEP["self"] = DEEP


def opened(folder: Path) -> Eider:
    """A store with a little in it."""
    memory = eider.open(folder, user="ada", embedder=HashEmbedder(width=16))
    memory.record("The heron is back.", session="s")
    memory.remember("Tea is taken at four.")
    memory.remember("Bob's secret.", user="bob")
    return memory


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eider]:
    """One store for all the others."""
    with opened(tmp_path_factory.mktemp("odd") / "a.eider") as one:
        yield one


def state(memory: Eider) -> tuple[object, ...]:
    """Everything that a verb might have changed."""
    with memory._engine.store.connection.database.reading() as db:
        tables = [row[0] for row in db.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
        kept = [
            db.execute(f"SELECT * FROM {t} ORDER BY ALL").fetchall() for t in tables if t not in ("usage", "outbox")
        ]
    return memory._engine.store.events.head, kept


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Eider, object]]:
    """A store of which nothing that is tried here may change anything, and its state."""
    with opened(tmp_path_factory.mktemp("bad") / "a.eider") as one:
        yield one, state(one)


def anyhow(value: object) -> Any:
    """A value that type checkers would refuse, as untyped callers pass it."""
    return cast("Any", value)


Case = tuple[str, Callable[[Eider], object], str]

TEXTS: list[tuple[str, object, str]] = [
    ("empty", "", "visible character"), ("blank", " \n\t ", "visible character"), ("nul", NUL, "NUL"),
    ("half a pair", HALF, "surrogate"), ("a number", 5, "pass a str"), ("none", None, "pass a str"),
    ("bytes", b"tea", "pass a str"), ("5 MB", "x" * 5_000_000, "limit"),
]  # fmt: skip
NAMES: list[tuple[str, object, str]] = [
    ("empty", "", "non-empty"), ("a number", 7, "non-empty"), ("300 characters", "n" * 300, "limit"), ("nul", NUL, "NUL"),
    ("half a pair", HALF, "surrogate"), ("two lines", "a\nb", "one line"),
]  # fmt: skip
TIMES: list[tuple[str, object, str]] = [
    ("nonsense", "tomorrow-ish", "cannot be read"), ("month 13", "2026-13", "cannot be read"),
    ("year 0", "0000", "cannot be read"), ("year 99999", "99999-01-01", "cannot be read"), ("empty", "", "cannot be read"),
    ("a number", 1_700_000_000, "pass"),
]  # fmt: skip
LIMITS: list[tuple[str, object, str]] = [
    ("negative", -1, "out of range"), ("zero", 0, "out of range"), ("huge", 10**12, "out of range"),
    ("a float", 1.5, "out of range"), ("true", True, "out of range"), ("text", "10", "out of range"),
]  # fmt: skip
METADATA: list[tuple[str, object, str]] = [
    ("a list", [1], "dict"), ("a set within", {"a": {1}}, "JSON"), ("not a number", {"a": math.nan}, "JSON"),
    ("itself", DEEP, "JSON"), ("a date", {"a": NAIVE}, "JSON"), ("1.1 MB", {"a": "x" * 1_100_000}, "limit"), ("nul", {"a": NUL}, "NUL"),
    ("half a pair", {"a": HALF}, "surrogate"), ("half a pair in a name", {HALF: 1}, "surrogate"), ("a number as a name", {1: "a"}, "names"),
]  # fmt: skip
IDS = [
    "mem_none",
    "ep_none",
    "evt_9999",
    "evt_",
    "'; DROP TABLE memories; --",
    "mem_" + "0" * 26,
    "*",
    "%",
    pytest.param(new_id("mem_"), id="new memory"),
    pytest.param(new_id("ep_"), id="new episode"),
]


def cases() -> Iterator[Case]:  # noqa: C901, PLR0912, PLR0915 (a table)
    for name, bad, fix in TEXTS:
        yield f"record text {name}", lambda m, bad=bad: m.record(anyhow(bad)), fix
        yield f"remember text {name}", lambda m, bad=bad: m.remember(anyhow(bad)), fix
        yield f"recall query {name}", lambda m, bad=bad: m.recall(anyhow(bad)), fix
        yield f"correct text {name}", lambda m, bad=bad: m.correct(_tea(m), anyhow(bad)), fix
        yield f"record_many text {name}", lambda m, bad=bad: m.record_many([{"text": "good"}, {"text": bad}]), fix
        yield f"remember_many text {name}", lambda m, bad=bad: m.remember_many(["good one", {"text": anyhow(bad)}]), fix
    yield "remember 30 KB", lambda m: m.remember("x" * 30_000), "limit"
    yield "inject a number", lambda m: m.inject(anyhow(5)), "str"
    yield "search a number", lambda m: m.search(anyhow(5)), "str"
    for name, bad, fix in NAMES:
        for field in ("user", "speaker", "session", "key"):
            if not (field != "user" and bad == ""):
                yield f"record {field} {name}", lambda m, f=field, b=bad: m.record("Something.", **{f: anyhow(b)}), fix
        for field in ("user", "scope", "key"):
            yield f"remember {field} {name}", lambda m, f=field, b=bad: m.remember("Something.", **{f: anyhow(b)}), fix
        for verb in ("recall", "search", "inject"):
            yield f"{verb} user {name}", lambda m, v=verb, b=bad: getattr(m, v)("tea", user=anyhow(b)), fix
        yield f"forget_user {name}", lambda m, b=bad: m.forget_user(anyhow(b)), fix
        yield f"scopes {name}", lambda m, b=bad: m.recall("tea", scopes=[anyhow(b)]), fix
    for name, bad, fix in TIMES:
        yield f"record at {name}", lambda m, b=bad: m.record("Something.", at=anyhow(b)), fix
        for field in ("valid_from", "valid_to"):
            yield f"{field} {name}", lambda m, f=field, b=bad: m.remember("Something.", **{f: anyhow(b)}), fix
        for field in ("as_of", "known_at", "since", "until"):
            yield f"recall {field} {name}", lambda m, f=field, b=bad: m.recall("tea", **{f: anyhow(b)}), fix
        yield f"diff {name}", lambda m, b=bad: m.diff(since=anyhow(b)), fix
    for field in ("since", "until", "as_of", "known_at", "now"):
        yield f"recall naive {field}", lambda m, f=field: m.recall("tea", **{f: anyhow(NAIVE)}), "no time zone"
    yield "record naive", lambda m: m.record("Something.", at=NAIVE), "no time zone"
    yield "valid_from naive", lambda m: m.remember("Something.", valid_from=NAIVE), "no time zone"
    yield "diff naive", lambda m: m.diff(since=NAIVE), "no time zone"
    yield "diff backwards", lambda m: m.diff(since="2027", until="2026"), "swap"
    yield "ends first", lambda m: m.remember("Something.", valid_from="2026-05", valid_to="2026-04"), "later valid_to"
    yield "ends at once", lambda m: m.remember("Something.", valid_from="2026-05", valid_to="2026-05"), "later valid_to"
    yield "said in 2999", lambda m: m.record("Something.", at="2999-01-01T00:00:00Z"), "years ahead"
    for bad in ("Mars/Olympus", "../etc/passwd", "", "+99:00", 5):
        yield f"tz {bad}", lambda m, b=bad: m.record("Something.", tz=anyhow(b)), "time zone"
        yield f"recall tz {bad}", lambda m, b=bad: m.recall("tea", tz=anyhow(b)), "time zone"
    for name, bad, fix in LIMITS:
        for verb in ("recall", "search"):
            yield f"{verb} limit {name}", lambda m, v=verb, b=bad: getattr(m, v)("tea", limit=b), fix
        yield f"events limit {name}", lambda m, b=bad: m.events(limit=anyhow(b)), fix
        yield f"budget {name}", lambda m, b=bad: m.recall("tea", budget=anyhow(b)), fix
        yield f"inject budget {name}", lambda m, b=bad: m.inject("tea", budget=anyhow(b)), fix
        yield f"importance {name}", lambda m, b=bad: m.remember("Something.", importance=anyhow(b)), fix
        yield f"sql rows {name}", lambda m, b=bad: m.sql("select 1", rows=anyhow(b)), fix
    yield "offset", lambda m: m.search("tea", offset=-1), "out of range"
    for bad in (-0.1, 1.1, math.nan, math.inf, "0.5", None):
        yield f"threshold {bad}", lambda m, b=bad: m.consolidate(prune_threshold=anyhow(b)), "0 to 1"
    for name, bad, fix in METADATA:
        yield f"metadata {name}", lambda m, b=bad: m.record("Something.", metadata=anyhow(b)), fix
    for bad in ("category", "", None, 5, "Fact", ["fact"]):
        yield f"kind {bad}", lambda m, b=bad: m.remember("Something.", kind=anyhow(b)), "use one of"
        yield f"role {bad}", lambda m, b=bad: m.record("Something.", role=anyhow(b)), "use one of"
    yield "kinds", lambda m: m.recall("tea", kinds=["wish"]), "use one of"
    yield "origins", lambda m: m.recall("tea", origins=["heaven"]), "use one of"
    yield "status", lambda m: m.search(status="asleep"), "use one of"
    for field in ("kinds", "scopes", "origins"):
        yield f"{field} a str", lambda m, f=field: m.recall("tea", **{f: anyhow("fact")}), "pass a list"
        yield f"{field} a number", lambda m, f=field: m.recall("tea", **{f: anyhow(5)}), "pass a list"
    for bad in ("a text", b"bytes", 5, None, {"text": "x"}):
        yield f"items {bad}", lambda m, b=bad: m.record_many(anyhow(b)), "pass a list"
        yield f"statements {bad}", lambda m, b=bad: m.remember_many(anyhow(b)), "pass a list"
    yield "items of numbers", lambda m: m.record_many(anyhow([1])), "pass a mapping"
    yield "an unknown field", lambda m: m.record_many([{"text": "x", "colour": "red"}]), "colour"
    yield "a number as a field", lambda m: m.record_many([anyhow({"text": "x", 5: 6})]), "fields"
    yield "another's item", lambda m: m.record_many([{"text": "good"}, {"text": "x", "user": "bob"}]), "one user"
    yield "another's statement", lambda m: m.remember_many([{"text": "x", "user": "bob"}]), "one user"
    yield "no user", lambda m: Eider(m._backend).record("Something."), "user is missing"
    yield "export as", lambda m: m.export("x", format=anyhow("xls")), "use one of"


def _tea(memory: Eider) -> str:
    return memory.search(kinds=["fact"]).items[0].id


@pytest.mark.parametrize(("bad", "fix"), [pytest.param(c[1], c[2], id=c[0]) for c in cases()])
def test_bad_input_names_value_and_fix(
    untouched: tuple[Eider, object], bad: Callable[[Eider], object], fix: str
) -> None:
    """An `InputError` of reasonable length; nothing was written."""
    memory, before = untouched
    with pytest.raises(InputError, match=fix) as caught:
        bad(memory)
    assert len(str(caught.value)) < 400
    str(caught.value).encode()
    assert state(memory) == before


@pytest.mark.parametrize("id_", IDS)
@pytest.mark.parametrize(
    "verb", ["correct", "deactivate", "reinforce", "pin", "unpin", "forget", "history", "why", "undo"]
)
def test_an_id_that_does_not_exist_is_said_to(untouched: tuple[Eider, object], verb: str, id_: str) -> None:
    """Made up, stale or hostile: unknown, by its name."""
    memory, before = untouched
    with pytest.raises(UnknownIdError) as caught:
        getattr(memory, verb)(*([id_, "New."] if verb == "correct" else [id_]))
    assert repr(id_) in str(caught.value)
    assert state(memory) == before


@pytest.mark.parametrize("text", [
    "'; DROP TABLE memories; --", '" OR 1=1 --', "tea AND NOT (four OR *)", "+tea -four ~x^2 [a TO b]", "%_%", "\\", "🦆 emoji 👩‍👩‍👧",
    "z" + "\u0301" * 50, "\u202eright to left", "a\ufeffb", "text:tea NEAR/2 four", "$1 ${x} {0} %s", "\r\n\t tabs", "x" * 500,
    "ﷺ" * 30, "\x07bell \x1b[31mred", "<eider-memory>still open", "a" + "\U0010ffff",
])  # fmt: skip
def test_odd_text_is_kept_verbatim_and_found(memory: Eider, text: str) -> None:
    """As data, wherever text may stand; operators mean nothing."""
    kept = memory.remember(f"Odd {text} end.")
    expected = f"Odd {text} end." if "<eider-memory>" not in text else "Odd "
    assert memory.history(kept.id)[0].memory.text == expected
    episode = memory.record(f"Said {text} end.", speaker="o'brien", session="'; --", metadata={"a'b": text})
    assert memory.recall(f"Said {text} end.", limit=3)
    memory.search(text)
    memory.inject(text)
    assert episode.session == "'; --"
    assert memory.recall(text, user="o'brien; --") == []
    assert memory.verify(deep=True).findings == ()


@pytest.mark.parametrize(
    "name", ["n" * 300, "../../etc", "..", ".", "", " ", "-x", "con\x00", "a\nb", "ä", "a b", "ha\ud800lf"]
)
def test_a_store_name_that_leads_elsewhere_is_refused(name: str) -> None:
    """And nothing is created."""
    home = Path(os.environ["EIDER_HOME"])
    before = sorted(home.rglob("*"))
    with pytest.raises(EiderError) as caught:
        eider.open(name, embedder=HashEmbedder(width=16)).close()
    assert len(str(caught.value)) < 400
    assert sorted(home.rglob("*")) == before


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """With its length."""
    with pytest.raises(InputError, match="300"):
        eider.open(tmp_path / ("n" * 300), embedder=HashEmbedder(width=16))


class Wide(HashEmbedder):
    """An embedder that does not keep its word."""

    def embed(self, texts: Any, role: Any) -> NDArray[np.float32]:
        return np.ones((len(texts), 17), np.float32)


def test_vectors_of_the_wrong_width_are_refused(tmp_path: Path) -> None:
    """Before they are stored: a row without its vector would be found by luck."""
    with eider.open(tmp_path / "a.eider", user="ada", embedder=Wide(width=16)) as memory:
        before = state(memory)
        for verb in (memory.record, memory.remember):
            with pytest.raises(EiderError, match=r"17.*16"):
                verb("Something.")
        assert state(memory) == before


def test_odd_but_sound_times_are_kept(memory: Eider) -> None:
    """The first and last years, a leap day, a date, a zone as an offset."""
    for at in ("0001-01-01T00:00:00Z", "1850", "2024-02-29", date(2026, 5, 1), datetime(1969, 7, 20, tzinfo=UTC)):
        episode = memory.record(f"Said on {at}.", at=at, tz="+14:00")
        assert memory.recall(f"Said on {at}.")[0].id == episode.id
    kept = memory.remember("Holds for long.", valid_from="0001", valid_to="9999-12-31")
    assert kept.id in {r.id for r in memory.search(limit=100).items}
    assert memory.verify(deep=True).findings == ()


def test_errors_are_of_the_kind_that_was_promised(memory: Eider) -> None:
    """So that a host can tell them apart."""
    for verb, kind in (
        (lambda: memory.record("x" * 2_000_000), TooLargeError),
        (lambda: memory.record("Something.", at=NAIVE), NaiveTimeError),
        (lambda: memory.pin("mem_none"), UnknownIdError),
    ):
        with pytest.raises(kind):
            verb()


@any_of(st.text(max_size=30))
def test_a_scope_that_is_refused_is_told_how_to_write_it(said: str) -> None:
    """What the error proposes is taken, and so is every name that is taken already."""
    proposed = scope_word(said)
    assert scope_word(proposed) == proposed
    if proposed:
        assert validation.scope(proposed) == proposed
    if said != proposed:
        with pytest.raises(InputError) as told:
            validation.scope(said)
        assert not proposed or not said.strip() or "\n" in said or "\r" in said or repr(proposed) in str(told.value)


@pytest.mark.parametrize("scope", ["bad scope!!", "a,b", " a", "!", "a\tb", "“x”", "a\u200bb"])
def test_every_verb_that_takes_a_scope_refuses_what_is_none(scope: str) -> None:
    """One rule for keeping and for asking; the error names the value and the fix."""
    asked = 0
    for kind in (v.request for v in VERBS.values()):
        needed = {f.name: "x" for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
        for name in {f.name for f in fields(kind)} & {"scope", "ambient_scope", "scopes"}:
            asked += 1
            given = needed | {"rules": ["x"]} if kind.verb == "add_rules" else needed
            given = given | {"user": "ada", name: [scope] if name == "scopes" else scope}
            with pytest.raises(InputError, match="is not a scope name") as told:
                kind(**given)
            assert repr(scope) in str(told.value)
    assert asked >= 9
