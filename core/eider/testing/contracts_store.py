"""What every backend must do, as tests to inherit: name a subclass `Test…` and give it a `make`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from eider.language.analysis import analyse
from eider.model.changes import ChangeSet, Committed, Erasure, Indexing
from eider.model.clock import SystemClock
from eider.model.errors import ErasedError, InputError, RefusedError, StaleChangeError, UnknownIdError
from eider.model.protocols import Embedder
from eider.model.values import Episode, Memory, Span, Usage
from eider.privacy.redact import redact
from eider.privacy.redaction_check import UnsealedError
from eider.providers.embedders.hashing import HashEmbedder
from eider.providers.token_budget import HeuristicCounter
from eider.store.engine import Engine
from eider.store.protocols import Store

_START: Final = datetime(2026, 5, 1, tzinfo=UTC)
WIDTH: Final = 8


def minute(n: int) -> datetime:
    """The n-th minute of the story."""
    return _START + timedelta(minutes=n)


def episode(id: str, text: str = "The heron is back.", *, user: str = "ada", n: int = 0, **more: Any) -> Episode:  # noqa: A002
    """An utterance that may be committed."""
    fields: dict[str, Any] = {
        "id": id, "text": redact(text), "user": user, "speaker": redact(user), "role": "user",
        "session": redact("s"), "seq": -1, "at": minute(n), "tz": "UTC", "recorded_at": minute(n), "origin": "user",
    }  # fmt: skip
    return Episode(**fields | more)


def memory(id: str, text: str = "Ada likes tea.", *, user: str = "ada", n: int = 0, **more: Any) -> Memory:  # noqa: A002
    """A statement that may be committed."""
    fields: dict[str, Any] = {
        "id": id, "rev": 0, "kind": "fact", "text": redact(text), "user": user, "agent": redact("a"),
        "scope": redact("global"), "origin": "user", "trust": 2, "valid_from": minute(n), "recorded_at": minute(n),
    }  # fmt: skip
    return Memory(**fields | more)


def plan(*rows: Episode | Memory, op: str = "test", n: int = 0, user: str = "ada", **more: Any) -> ChangeSet:
    """A change that writes these rows, with search material for their texts."""
    new = [row for row in rows if isinstance(row, Episode) or not row.rev]
    made = {row.id: Indexing(vector=b"", analysis=analyse(row.text, said_on=None).to_bytes()) for row in new}
    return ChangeSet(
        user=user, op=op, actor="library", at=minute(n), indexing=made,
        episodes=tuple(r for r in rows if isinstance(r, Episode)),
        memories=tuple(r for r in rows if isinstance(r, Memory)), **more,
    )  # fmt: skip


def forgetting(*ids: str, n: int = 50, user: str = "ada", **more: Any) -> Erasure:
    """A plan that erases these ids."""
    return Erasure(
        user=user, actor="library", at=minute(n), episodes=frozenset(i for i in ids if i.startswith("ep_")),
        memories=frozenset(i for i in ids if i.startswith("mem_")), **more,
    )  # fmt: skip


def version(store: Store, id: str, n: int, **changed: Any) -> Committed:  # noqa: A002
    """Write the next version of one of Ada's memories."""
    old = store.reads.memories([id], user="ada")[0]
    clean = {name: redact(getattr(old, name)) for name in ("text", "agent", "scope")}
    new = replace(old, **clean | {"recorded_at": minute(n), "retired_at": None} | changed)
    return store.commits.commit(plan(new, n=n, reads={id: old.rev}))


class StoreContract(ABC):
    """Inherit it, override `make`, and pytest runs every promise of `eider.store.protocols`."""

    @abstractmethod
    def make(self, tmp_path: Path, embedder: Embedder) -> Store:
        """Open an empty store for vectors of that embedder; its files go to `tmp_path`."""

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        """An engine over an empty store."""
        embedder = HashEmbedder(width=WIDTH)
        store = self.make(tmp_path, embedder)
        engine = Engine(
            store=store, clock=SystemClock(), embedder=embedder, counter=HeuristicCounter(), name="contract"
        )
        yield engine
        engine.close()

    @pytest.fixture
    def store(self, engine: Engine) -> Store:
        """The store behind the engine."""
        return engine.store

    def test_what_was_committed_is_read_at_once(self, store: Store) -> None:
        """Rows come back as they went in, numbered."""
        done = store.commits.commit(plan(episode("ep_new1"), memory("mem_new1")))
        assert store.reads.episodes(["ep_new1"], user="ada") == list(done.episodes)
        assert store.reads.memories(None, user="ada") == list(done.memories)
        seen = done.episodes[0].seq, done.memories[0].rev, done.event.ids
        assert seen == (0, done.event.seq, ("ep_new1", "mem_new1"))
        assert store.reads.users() == ["ada"]

    def test_places_in_a_session_follow_each_other(self, store: Store) -> None:
        """Within a plan and over plans, each session on its own; a place given is kept."""
        first = store.commits.commit(
            plan(episode("ep_new1"), episode("ep_new2"), episode("ep_new3", session=redact("other")))
        )
        assert [e.seq for e in first.episodes] == [0, 1, 0]
        assert store.commits.commit(plan(episode("ep_new4"))).episodes[0].seq == 2
        assert store.commits.commit(plan(episode("ep_new5", seq=9), episode("ep_new6", seq=7))).episodes[0].seq == 9
        assert store.commits.commit(plan(episode("ep_new7"))).episodes[0].seq == 10

    def test_a_plan_is_written_whole_or_not_at_all(self, store: Store) -> None:
        """One bad row, and nothing of the others is there."""
        bad = memory("mem_new2", evidence=(Span(episode="ep_nowhere", start=0, end=1),))
        with pytest.raises(UnknownIdError, match="ep_nowhere"):
            store.commits.commit(plan(episode("ep_new1"), memory("mem_new1"), bad))
        assert (store.reads.episodes(["ep_new1"], user="ada"), store.reads.memories(None, user="ada")) == ([], [])
        assert (store.events.newest(user="ada"), store.reads.users()) == ([], [])
        assert store.commits.commit(plan(episode("ep_new1"))).episodes[0].seq == 0

    def test_a_plan_that_read_an_older_revision_is_refused(self, store: Store) -> None:
        """And says of which memory; so is one about a memory that is not there, or is another's."""
        store.commits.commit(plan(memory("mem_new1")))
        version(store, "mem_new1", 1, pinned=True)
        with pytest.raises(StaleChangeError, match="mem_new1"):
            store.commits.commit(plan(memory("mem_new1", pinned=False), n=2, reads={"mem_new1": 1}))
        for user, id_ in (("ada", "mem_none"), ("bob", "mem_new1")):
            with pytest.raises(StaleChangeError):
                store.commits.commit(plan(memory("mem_new9", user=user), user=user, reads={id_: 2}))
        assert store.reads.memories(["mem_new1"], user="ada")[0].pinned

    def test_the_same_key_writes_once(self, store: Store) -> None:
        """The second time answers like the first; of another user or verb it is another key."""
        first = store.commits.commit(plan(episode("ep_new1"), op="record", key=redact("k")))
        again = store.commits.commit(plan(episode("ep_new2"), op="record", key=redact("k"), n=1))
        assert (again.repeated, again.event, again.episodes) == (True, first.event, first.episodes)
        assert not store.commits.commit(plan(memory("mem_new1"), op="remember", key=redact("k"))).repeated
        other = plan(episode("ep_new3", user="bob"), op="record", key=redact("k"), user="bob")
        assert not store.commits.commit(other).repeated
        assert store.reads.episodes(["ep_new2"], user="ada") == []

    @pytest.mark.parametrize("field", ["text", "scope", "agent", "subject", "key"])
    def test_a_string_that_redaction_has_not_seen_is_refused(self, store: Store, field: str) -> None:
        """A fault in a pipeline never reaches the disk."""
        with pytest.raises(UnsealedError, match=field):
            store.commits.commit(plan(replace(memory("mem_new1"), **{field: "plain"})))
        with pytest.raises(UnsealedError, match="metadata"):
            store.commits.commit(plan(episode("ep_new1", metadata={redact("a"): ["plain"]})))
        assert (store.reads.users(), store.events.newest(user="ada")) == ([], [])

    def test_a_plan_writes_rows_of_its_own_user_only(self, store: Store) -> None:
        """Whoever mixed them up."""
        for row in (episode("ep_new1", user="bob"), memory("mem_new1", user="bob")):
            with pytest.raises(InputError, match="bob"):
                store.commits.commit(plan(row))
        assert store.reads.users() == []

    def test_an_id_is_given_once(self, store: Store) -> None:
        """To one row of a user; nothing of a plan that takes it again is written."""
        store.commits.commit(plan(episode("ep_new1"), memory("mem_new1")))
        for row in (episode("ep_new1"), memory("mem_new1")):
            with pytest.raises(RefusedError):
                store.commits.commit(plan(episode("ep_new2"), row))
        assert store.reads.episodes(["ep_new2"], user="ada") == []
        assert len(store.reads.versions("mem_new1", user="ada")) == 1

    def test_an_id_of_another_user_is_refused_or_is_another_row(self, store: Store) -> None:
        """Whoever takes it changes nothing of whose it was, and reads nothing of theirs."""
        store.commits.commit(plan(episode("ep_new1"), memory("mem_new1")))
        before = store.reads.episodes(["ep_new1"], user="ada"), store.reads.memories(None, user="ada")
        for row in (episode("ep_new1", "Else.", user="bob"), memory("mem_new1", "Else.", user="bob")):
            with suppress(RefusedError):
                store.commits.commit(plan(row, user="bob"))
        assert (store.reads.episodes(["ep_new1"], user="ada"), store.reads.memories(None, user="ada")) == before
        assert {e.text for e in store.reads.episodes(["ep_new1"], user="bob")} <= {"Else."}
        assert {m.text for m in store.reads.memories(None, user="bob")} <= {"Else."}

    def test_a_strangers_id_does_not_exist(self, store: Store) -> None:
        """Neither by name nor in lists, events, payloads, usage or evidence."""
        store.commits.commit(plan(episode("ep_new1"), memory("mem_new1"), usage=(_use("mem_new1", 3.0),)))
        ids = ["ep_new1", "mem_new1"]
        assert store.reads.episodes(ids, user="bob") == []
        for known_at in (None, minute(5)):
            assert (
                store.reads.memories(ids, user="bob", known_at=known_at) == store.reads.memories(None, user="bob") == []
            )
            assert list(store.segments.rows(user="bob", ids=ids, known_at=known_at).ids) == []
        assert store.reads.versions("mem_new1", user="bob") == store.reads.replaced(ids, user="bob") == []
        assert (
            store.events.newest(user="bob")
            == store.events.newest(user="bob", ids=ids)
            == store.events.newest(user="bob", seqs=[1])
            == []
        )
        assert (
            store.events.payload(1, user="bob"),
            store.usage.get(ids, user="bob"),
            store.usage.get(None, user="bob"),
        ) == (
            None,
            {},
            {},
        )
        assert store.statements.twin(memory("mem_new2", user="bob")) is None
        quote = (Span(episode="ep_new1", start=0, end=1),)
        with pytest.raises(UnknownIdError):
            store.commits.commit(plan(memory("mem_new2", user="bob", evidence=quote), user="bob"))

    def test_a_stranger_erases_nothing(self, store: Store) -> None:
        """Not even with the right ids."""
        store.commits.commit(plan(episode("ep_new1"), memory("mem_new1"), usage=(_use("mem_new1", 3.0),)))
        store.commits.erase(forgetting("ep_new1", "mem_new1", user="bob"))
        store.commits.erase(forgetting(user="bob", everything=True))
        store.usage.save([_use("mem_new1", 99.0)], user="bob")
        assert (
            len(store.reads.episodes(["ep_new1"], user="ada"))
            == len(store.reads.memories(["mem_new1"], user="ada"))
            == 1
        )
        assert store.usage.get(None, user="ada")["mem_new1"].stability == 3.0
        assert store.events.payload(1, user="ada") is not None

    def test_versions_are_kept_and_asked_for_by_when_they_were_known(self, store: Store) -> None:
        """Each holds from its recording to the next one's, half open."""
        store.commits.commit(plan(memory("mem_new1")))
        version(store, "mem_new1", 10, pinned=True)
        version(store, "mem_new1", 20, valid_to=minute(20))
        assert [(m.recorded_at, m.retired_at) for m in store.reads.versions("mem_new1", user="ada")] == [
            (minute(0), minute(10)), (minute(10), minute(20)), (minute(20), None)
        ]  # fmt: skip
        seen = {n: store.reads.memories(None, user="ada", known_at=minute(n)) for n in (-1, 0, 9, 10, 19, 20)}
        assert {n: [(m.pinned, m.valid_to is None) for m in found] for n, found in seen.items()} == {
            -1: [], 0: [(False, True)], 9: [(False, True)], 10: [(True, True)], 19: [(True, True)], 20: [(True, False)]
        }  # fmt: skip

    def test_a_new_version_is_no_use(self, store: Store) -> None:
        """A memory that was never used goes on fading from when it was learned."""
        store.commits.commit(plan(memory("mem_new1")))
        version(store, "mem_new1", 10, pinned=True)
        version(store, "mem_new1", 20, pinned=False)
        assert store.usage.get(["mem_new1"], user="ada")["mem_new1"].last_used == minute(0)
        assert store.usage.get(["mem_new1"], user="ada")["mem_new1"].uses == 0

    def test_a_twin_says_the_same_and_still_holds(self, store: Store) -> None:
        """Case, blanks and the full stop aside; of the same scope, kind and trust."""
        store.commits.commit(plan(memory("mem_new1", "Ada likes tea.")))
        found = store.statements.twin(memory("mem_x", "ada  likes TEA"))
        assert found is not None
        assert found.id == "mem_new1"
        others: list[dict[str, Any]] = [{"scope": redact("b")}, {"kind": "rule"}, {"trust": 1}, {"n": -5}]
        for other in others:
            assert store.statements.twin(memory("mem_x", "Ada likes tea.", **other)) is None
        version(store, "mem_new1", 5, valid_to=minute(5))
        assert store.statements.twin(memory("mem_x", "Ada likes tea.", n=9)) is None

    def test_evidence_lies_within_its_utterance_and_bounds_trust(self, store: Store) -> None:
        """What rests on a document is trusted no more than the document."""
        store.commits.commit(plan(episode("ep_new1", "short", origin="document")))
        done = store.commits.commit(plan(memory("mem_new1", evidence=(Span(episode="ep_new1", start=0, end=5),))))
        assert done.memories[0].trust == store.reads.memories(None, user="ada")[0].trust == 0
        for start, end in ((0, 6), (-1, 2), (3, 3)):
            with pytest.raises(InputError, match="ep_new1"):
                store.commits.commit(
                    plan(memory("mem_new2", evidence=(Span(episode="ep_new1", start=start, end=end),)))
                )

    def test_events_come_newest_first(self, store: Store) -> None:
        """By number, by what they touched, and by when."""
        for n in range(4):
            store.commits.commit(plan(episode(f"ep_new{n}", n=n), n=n, op=f"op{n}"))
        store.commits.commit(plan(episode("ep_newb", user="bob"), user="bob"))
        assert [e.op for e in store.events.newest(user="ada")] == ["op3", "op2", "op1", "op0"]
        assert [e.op for e in store.events.newest(user="ada", limit=2)] == ["op3", "op2"]
        assert [e.op for e in store.events.newest(user="ada", ids=["ep_new1", "ep_newb"])] == ["op1"]
        assert [e.op for e in store.events.newest(user="ada", seqs=[1, 3, 5])] == ["op2", "op0"]
        assert [e.op for e in store.events.newest(user="ada", since=minute(1), until=minute(3))] == ["op2", "op1"]

    def test_a_payload_says_what_an_event_replaced(self, store: Store) -> None:
        """Which is what undo goes back to."""
        store.commits.commit(plan(memory("mem_new1")))
        done = version(store, "mem_new1", 1, pinned=True)
        payload = store.events.payload(done.event.seq, user="ada")
        assert payload is not None
        assert payload["memories"] == {"mem_new1": 1}
        assert store.events.payload(999, user="ada") is None

    def test_what_is_erased_is_gone_and_cannot_return(self, store: Store) -> None:
        """Rows, versions, usage, payloads and keys; id and key are refused from then on."""
        first = plan(memory("mem_new1"), op="remember", key=redact("k"))
        store.commits.commit(first)
        store.commits.commit(plan(memory("mem_new2", "Else.")))
        store.commits.erase(forgetting("mem_new1"))
        assert [m.id for m in store.reads.memories(None, user="ada")] == ["mem_new2"]
        assert (store.reads.versions("mem_new1", user="ada"), store.usage.get(None, user="ada")) == ([], {})
        assert list(store.segments.rows(user="ada").ids) == ["mem_new2"]
        assert store.events.payload(1, user="ada") is None
        assert [(e.op, e.erased) for e in store.events.newest(user="ada")] == [
            ("forget", False),
            ("test", False),
            ("remember", True),
        ]
        for again in (first, plan(memory("mem_new1")), plan(memory("mem_new3"), op="remember", key=redact("k"))):
            with pytest.raises(ErasedError):
                store.commits.commit(again)

    def test_within_a_chain_a_tombstone_stays(self, store: Store) -> None:
        """It links its neighbours and says nothing."""
        for n, id_ in enumerate(("mem_new1", "mem_new2", "mem_new3")):
            store.commits.commit(plan(memory(id_, f"Version {id_}.", n=n), n=n))
        version(store, "mem_new1", 4, superseded_by="mem_new2", valid_to=minute(4))
        version(store, "mem_new2", 5, superseded_by="mem_new3", valid_to=minute(5))
        store.commits.erase(forgetting("mem_new2"))
        left = {m.id: m for m in store.reads.memories(None, user="ada")}
        assert (left["mem_new1"].superseded_by, left["mem_new2"].superseded_by) == ("mem_new2", "mem_new3")
        assert (left["mem_new2"].state, left["mem_new2"].text, left["mem_new2"].scope) == ("erased", "", "")
        assert [m.id for m in store.reads.replaced(["mem_new2"], user="ada")] == ["mem_new1"]
        assert sorted(store.segments.rows(user="ada").ids) == ["mem_new1", "mem_new3"]

    def test_what_keeps_other_support_gets_a_new_version(self, store: Store) -> None:
        """Less the erased evidence; a plan that read an older revision is refused."""
        spans = tuple(Span(episode=f"ep_new{n}", start=0, end=3) for n in (1, 2))
        store.commits.commit(plan(episode("ep_new1"), episode("ep_new2")))
        kept = store.commits.commit(plan(memory("mem_new1", evidence=spans))).memories[0]
        trimmed = replace(kept, evidence=spans[1:], recorded_at=minute(50))
        with pytest.raises(StaleChangeError):
            store.commits.erase(forgetting("ep_new1", trimmed=(trimmed,), reads={"mem_new1": kept.rev + 1}))
        store.commits.erase(forgetting("ep_new1", trimmed=(trimmed,), reads={"mem_new1": kept.rev}))
        assert store.reads.memories(["mem_new1"], user="ada")[0].evidence == spans[1:]
        assert store.events.newest(user="ada", ids=["mem_new1"])[0].op == "forget"

    def test_a_forgotten_user_was_never_there(self, store: Store) -> None:
        """Rows, name and history go; others keep theirs, and the name may come back."""
        store.commits.commit(
            plan(episode("ep_new1"), memory("mem_new1"), usage=(_use("mem_new1", 2.0),), key=redact("k"))
        )
        store.commits.commit(plan(episode("ep_newb", user="bob"), user="bob"))
        store.commits.erase(forgetting(everything=True))
        assert (store.reads.users(), store.events.newest(user="ada"), store.usage.get(None, user="ada")) == (
            ["bob"],
            [],
            {},
        )
        assert len(store.events.newest(user="bob")) == 1
        with pytest.raises(ErasedError):
            store.commits.commit(plan(episode("ep_new1")))
        assert store.commits.commit(plan(episode("ep_new2"))).episodes[0].seq == 0

    def test_usage_is_replaced_not_added(self, store: Store) -> None:
        """The newest counters count."""
        store.commits.commit(plan(memory("mem_new1"), usage=(_use("mem_new1", 2.0),)))
        store.usage.save([_use("mem_new1", 5.0)], user="ada")
        assert store.usage.get(["mem_new1", "mem_x"], user="ada") == {"mem_new1": _use("mem_new1", 5.0)}

    def test_rows_carry_usage_and_follow_what_was_known(self, store: Store) -> None:
        """As the ranker needs them."""
        store.commits.commit(plan(episode("ep_new1"), memory("mem_new1")))
        store.usage.save([_use("mem_new1", 7.0)], user="ada")
        found = store.segments.rows(user="ada")
        assert list(found.ids) == ["ep_new1", "mem_new1"]
        assert float(found.stability[1]) == 7.0
        assert list(store.segments.rows(user="ada", ids=["mem_new1"]).ids) == ["mem_new1"]
        assert list(store.segments.rows(user="ada", known_at=minute(-1)).ids) == []

    def test_scopes_are_registered_once_per_user_and_agent(self, store: Store) -> None:
        """They can be taken out again, and go with the last memory that was in them."""
        review, mail = (redact("a"), redact("code-review")), (redact("a"), redact("mail"))
        store.commits.commit(plan(memory("mem_new1", scope=redact("mail")), memory("mem_new2", scope=redact("mail"))))
        done = store.commits.commit(plan(registers=(review, mail)))
        store.commits.commit(plan(registers=(review, (redact("b"), redact("mail")))))
        assert store.scopes.registered(user="ada") == [("a", "code-review"), ("a", "mail"), ("b", "mail")]
        assert store.scopes.registered(user="bob") == []
        payload = store.events.payload(done.event.seq, user="ada")
        assert payload is not None
        assert payload["scopes"] == {"added": [["a", "code-review"], ["a", "mail"]], "removed": []}
        store.commits.commit(plan(unregisters=(review,)))
        store.commits.erase(forgetting("mem_new1"))
        assert store.scopes.registered(user="ada") == [("a", "mail"), ("b", "mail")]
        store.commits.erase(forgetting("mem_new2"))
        assert store.scopes.registered(user="ada") == []

    def test_closing_twice_is_harmless(self, store: Store) -> None:
        """The fixture closes it a third time."""
        store.connection.close()
        store.connection.close()


def _use(id: str, stability: float) -> Usage:  # noqa: A002
    return Usage(id=id, stability=stability, last_used=minute(0), uses=1)
