"""Whatever was lived, an export brings it back whole, and brings nobody else's."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import eider
from eider.model.errors import EiderError
from eider.model.scope_word import scope_word
from eider.providers.embedders.hashing import HashEmbedder

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=60).filter(
    lambda t: bool(t.strip())
)
_NAME = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), min_size=1, max_size=20).filter(
    lambda t: bool(t.strip())
)
_SPAN = (datetime(1990, 1, 1), datetime(2026, 1, 1))  # noqa: DTZ001 (given their zone below)
_WHEN = st.datetimes(*_SPAN, timezones=st.just(UTC))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAME, inner, max_size=3),
    max_leaves=6,
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), _TEXT, _NAME, _WHEN, st.dictionaries(_NAME, _JSON, max_size=2)),
        st.tuples(st.just("remember"), _TEXT, _NAME, _WHEN, st.integers(1, 5)),
        st.tuples(
            st.sampled_from(["correct", "pin", "reinforce", "forget", "deactivate", "undo"]), st.integers(0, 50), _TEXT
        ),
    ),
    min_size=1,
    max_size=14,
)


def _live(memory: eider.Eider, steps: list[Any]) -> None:
    """Do what the steps say; what is not possible at that point is left out."""
    for verb, *given_ in steps:
        if verb == "record":
            text, session, at, metadata = given_
            memory.record(text, session=session, at=at, metadata=metadata)
        elif verb == "remember":
            text, scope, since, importance = given_
            memory.remember(text, scope=scope_word(scope) or "global", valid_from=since, importance=importance)
        else:
            _change(memory, verb, *given_)


def _change(memory: eider.Eider, verb: str, place: int, text: str) -> None:
    kept = [r.id for r in memory.search(kinds=["fact"]).items]
    past = memory.events()
    try:
        if verb == "undo" and past:
            memory.undo(past[place % len(past)].id)
        elif verb == "correct" and kept:
            memory.correct(kept[place % len(kept)], text)
        elif verb == "forget" and kept:
            memory.forget(kept[place % len(kept)], wait=False)
        elif verb in ("pin", "reinforce", "deactivate") and kept:
            getattr(memory, verb)(kept[place % len(kept)])
    except EiderError:
        return


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


@settings(
    max_examples=settings().max_examples // 3,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a store takes a second: no shrinking
)
@given(steps=_STEPS, form=st.sampled_from(["jsonl", "parquet"]))
def test_export_and_import_are_inverse(steps: list[Any], form: Any) -> None:
    """Lived, exported, imported into an empty store and exported again: the same lines, and nobody else's."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with eider.open(place / "a.eider", user="ada", embedder=HashEmbedder()) as memory:
            memory.remember("wolverine of somebody else", user="bob")
            _live(memory, steps)
            memory.record("wolverine again", user="bob")
            memory.export(place / "plain.jsonl")
            memory.export(place / "export", format=form)
            assert b"wolverine" not in (place / "plain.jsonl").read_bytes()
        with eider.open(place / "b.eider", user="ada", embedder=HashEmbedder()) as memory:
            assert memory.import_(place / "export").refused == ()
            memory.export(place / "again.jsonl")
            twice = memory.import_(place / "export")
            assert (twice.episodes, twice.memories, twice.events) == (0, 0, 0)
            assert memory.verify(deep=True)
        assert _lines(place / "again.jsonl")[1:] == _lines(place / "plain.jsonl")[1:]
