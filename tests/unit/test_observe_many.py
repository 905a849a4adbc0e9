"""Many exchanges at once come to what they come to one by one; only transactions are shared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eider
from eider.model.errors import ErasedError, InputError
from eider.store.sql.commits import SqlCommits

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
REPLIES = (
    "Can you fix the tests?", "Always indent with tabs.", "No, never indent with tabs.", "My phone is a Fairphone.",
    "My phone is a Pixel now.", "I live in Bergen.", "I moved, I live in Oslo now.", "Yes, do that.",
    "We decided to use Postgres for the ledger.", "You can use tabs again.", "thanks, perfect!", "Why does it fail?",
)  # fmt: skip
OUTPUTS = ("", "Done, indented with spaces.", "Shall I always run the tests before I commit?", "I used SQLite.")
EXCHANGE = st.tuples(st.sampled_from(OUTPUTS), st.sampled_from(REPLIES), st.sampled_from("ab"), st.booleans())


def exchanges(said: Sequence[tuple[str, str, str, bool]]) -> list[dict[str, Any]]:
    return [
        {
            "agent_output": output, "user_reply": reply, "session": session, "at": START + timedelta(hours=number),
            "tz": "UTC", "ambient_scope": "project:engine", "key": f"k{number % 7}" if keyed else None,
        }
        for number, (output, reply, session, keyed) in enumerate(said)
    ]  # fmt: skip


def held(memory: eider.Eider) -> tuple[list[Any], list[Any]]:
    """All that a store holds, less its ids and the times of writing."""
    engine = memory._engine
    memories = engine.store.reads.memories(None, user="ada")
    texts = {m.id: m.text for m in memories}
    stated = sorted(
        ((
            m.text, m.kind, m.scope, m.state, m.trust, m.superseded_by and texts[m.superseded_by],
            m.valid_from if m.valid_from < datetime.now(UTC) - timedelta(days=1) else None, m.valid_to is None,
            m.doubt and texts[m.doubt.by], len(m.said_again),
        )
        for m in memories), key=str,
    )  # fmt: skip
    spoken = [h.episode for h in memory.search(limit=500, kinds=["episode"]).items if h.episode is not None]
    return stated, sorted((e.session, e.seq, e.role, e.text, e.at, e.key or "") for e in spoken)


@given(said=st.lists(EXCHANGE, max_size=12))
@settings(max_examples=max(1, settings().max_examples // 4))
def test_many_come_to_what_one_by_one_comes_to(said: list[tuple[str, str, str, bool]]) -> None:
    """The same memories, closed by the same successors at the same time, and the same utterances in their places."""
    items = exchanges(said)
    with TemporaryDirectory() as place:
        with eider.open(Path(place) / "one.eider", user="ada") as memory:
            one = [memory.observe(**item) for item in items]
            expected = held(memory)
        with eider.open(Path(place) / "many.eider", user="ada") as memory:
            many = memory.observe_many(items)
            assert held(memory) == expected
            assert [[m.text for m in x.memories] for x in many] == [[m.text for m in x.memories] for x in one]
            keyed = [item for item in items if item["key"]]
            memory.observe_many(keyed)
            assert held(memory) == expected, "said again under their keys they change nothing"
            assert memory.verify(deep=True)


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Plans in each transaction that several share."""
    sizes: list[int] = []
    whole = SqlCommits.commit_all

    def noted(self: SqlCommits, many: list[Any]) -> Any:
        sizes.append(len(many))
        return whole(self, many)

    monkeypatch.setattr(SqlCommits, "commit_all", noted)
    return sizes


def test_what_teaches_nothing_shares_a_transaction(tmp_path: Path, transactions: list[int]) -> None:
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        memory.observe_many([{"user_reply": f"Can you open file {n}?", "key": f"k{n}"} for n in range(40)])
        assert transactions == [40]
        assert len(memory.events(limit=100)) == 40


def test_utterances_with_keys_share_a_transaction_and_stay_apart(tmp_path: Path, transactions: list[int]) -> None:
    """Each has its event; forgetting one forgets no other, and told again only it is refused."""
    items = [{"text": f"Line number {n}.", "key": f"k{n}", "session": "s"} for n in range(30)]
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        first = memory.record_many(items)
        assert transactions == [30]
        assert [e.seq for e in first] == list(range(30))
        assert memory.record_many([*items, items[0]]) == [*first, first[0]]
        assert len(memory.recall("line number", limit=50)) == 30
        memory.forget(first[7].id)
        assert memory.record_many(items[:7]) == first[:7]
        with pytest.raises(ErasedError):
            memory.record_many(items)
        assert memory.search().total == 29
        assert memory.verify(deep=True)


@pytest.mark.parametrize("role", ["user", "agent", "other"])
def test_an_utterance_can_claim_less_than_its_role_and_never_more(tmp_path: Path, role: Any) -> None:
    """What an agent repeats of a page is believed like the page."""
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        usual = memory.record("It says so.", role=role).origin
        assert memory.record("It says so.", role=role, origin="tool").origin in {"tool", usual}
        assert memory.record("It says so.", role=role, origin="user").origin == usual
        with pytest.raises(InputError, match="origin"):
            memory.record("It says so.", origin="pope")  # type: ignore[arg-type]
