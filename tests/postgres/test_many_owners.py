"""Several processes on one database: each is told what the others wrote."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cluster import Cluster
from homes import until

import eider
from eider.providers.embedders.hashing import HashEmbedder
from eider_postgres.address import read

Two = tuple[eider.Eider, eider.Eider]


@pytest.fixture
def two(address: str) -> Iterator[Two]:
    """Two memories over one store, both with their user loaded."""
    with (
        eider.open(address, user="ada", embedder=HashEmbedder()) as first,
        eider.open(address, user="ada", embedder=HashEmbedder()) as second,
    ):
        first.record("The lighthouse keeper sleeps at noon.")
        for one in (first, second):
            one.recall("lighthouse")
        yield first, second


def test_what_one_writes_another_recalls(two: Two) -> None:
    """Utterances, statements, corrections and what is forgotten; guidance follows as well."""
    first, second = two
    first.record("The ferry leaves from quay four.")
    until(lambda: any("quay four" in r.text for r in second.recall("Where does the ferry leave?")))
    old = first.remember("Ada prefers tea.", kind="preference")
    until(lambda: "tea" in second.policy().text)
    second.correct(old.id, "Ada prefers coffee.")
    until(lambda: "coffee" in first.policy().text and "tea" not in first.policy().text)
    second.forget(first.recall("ferry quay")[0].id)
    until(lambda: not any("quay four" in r.text for r in first.recall("Where does the ferry leave?")))
    second.forget_user("ada")
    until(lambda: first.recall("lighthouse") == [])


def test_writers_in_several_processes_make_one_chain(two: Two) -> None:
    """No number is given twice, places in a session are in order, and the chain holds."""
    faults: list[BaseException] = []

    def write(memory: eider.Eider, name: str) -> None:
        try:
            for n in range(15):
                memory.record(f"{name} says {n}.", session="s")
        except BaseException as error:  # noqa: BLE001 (the main thread looks at it)
            faults.append(error)

    threads = [threading.Thread(target=write, args=(m, n)) for m, n in zip((*two, *two), "abcd", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    seqs = [row[0] for row in two[0].sql("SELECT seq FROM episodes WHERE session = 's' ORDER BY seq")]
    assert seqs == list(range(60))
    assert two[1].verify(deep=True).findings == ()


def test_one_statement_told_to_two_at_once_is_kept_once(two: Two) -> None:
    """Whoever comes second looks again."""
    start = threading.Barrier(2)

    def tell(memory: eider.Eider) -> None:
        for n in range(12):
            start.wait()
            memory.remember(f"The ferry number {n} leaves at nine.")

    threads = [threading.Thread(target=tell, args=(memory,)) for memory in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [r.text for r in two[0].search(status="current", kinds=["fact"], limit=100).items]
    assert sorted(texts) == sorted(f"The ferry number {n} leaves at nine." for n in range(12))


def test_writers_for_one_user_overtake_each_other_and_none_fails(two: Two) -> None:
    """Each plan is made again until it is the first."""
    faults: list[BaseException] = []

    def tell(memory: eider.Eider, name: str) -> None:
        try:
            for n in range(20):
                memory.remember(f"{name} keeps crate {n}.")
        except BaseException as error:  # noqa: BLE001 (the main thread looks at it)
            faults.append(error)

    threads = [threading.Thread(target=tell, args=pair) for pair in zip(two, ("Bo", "Cy"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_two_that_correct_one_memory_at_once_both_count(two: Two) -> None:
    """One comes second, reads again what the first wrote, and is told that it was closed."""
    first, second = two
    old = first.remember("Ada prefers tea.")
    first.correct(old.id, "Ada prefers coffee.")
    with pytest.raises(eider.errors.ClosedMemoryError):
        second.correct(old.id, "Ada prefers water.")


def test_work_of_an_ended_process_is_taken_over_and_of_a_living_one_is_not(
    two: Two, address: str, cluster: Cluster
) -> None:
    """Whoever opens the store asks whether the one that claimed a job still lives."""
    schema, queue = read(address).schema, two[0]._engine.store.job_queue
    now = two[0]._engine.now()
    for payload in ("{}", '{"n": 1}'):
        queue.add("heal", user="", payload=payload, priority=0, batch=None, now=now, due=now)
    claimed = queue.claim("me", now=now, first=())
    assert claimed is not None
    cluster.ask(f"UPDATE {schema}.jobs SET state = 'running', claimed_by = 'gone me' WHERE id <> {claimed.id}")
    two[1]._engine.store.job_queue.take_over(now=now, claims=20, keep=timedelta(days=1))
    states = dict(cluster.ask(f"SELECT id, state FROM {schema}.jobs"))
    assert states.pop(claimed.id) == "running"
    assert set(states.values()) == {"waiting"}


def test_a_hundred_empty_recalls_leave_no_transaction_open(two: Two, cluster: Cluster) -> None:
    """Nothing found is no reason to keep a connection."""
    for n in range(100):
        assert two[0].recall(f"nothing {n}", user=f"nobody-{n}") == []
    sql = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'eider' AND state LIKE 'idle in transaction%%'"
    )
    assert cluster.ask(sql, []) == [(0,)]


def test_a_password_is_shown_nowhere(cluster: Cluster) -> None:
    """Neither in errors nor where a store says where it is; a server that is not there is named without it."""
    secret = "Hunter2-is-secret"
    address = cluster.address().replace("eider@", f"eider:{secret}@")
    with eider.open(address, embedder=HashEmbedder()) as memory:
        assert secret not in repr(memory)
        assert secret not in str(memory._engine.store.place)
        assert secret not in str(memory.health(user="ada"))
    for wrong in (
        address.replace(f":{cluster.port}", ":1"),
        address.replace("schema=", "schema=9"),
        address + "&x=%zz&",
    ):
        with pytest.raises(eider.errors.EiderError) as failed:
            eider.open(wrong, embedder=HashEmbedder())
        shown: BaseException | None = failed.value
        while shown is not None:
            assert secret not in str(shown)
            shown = shown.__cause__ if not shown.__suppress_context__ or shown.__cause__ else None


def test_address_settings_come_from_libpqs_own_files(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service file names host, port and role, a password file the password."""
    service = tmp_path / "services"
    service.write_text(f"[memory]\nhost=127.0.0.1\nport={cluster.port}\nuser=eider\ndbname=eider\n")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    with eider.open("postgresql:///?service=memory&schema=s_service", user="ada", embedder=HashEmbedder()) as memory:
        memory.record("The heron is back.")
        assert "service=memory" in str(memory._engine.store.place)


def test_settings_of_an_agent_hold_in_every_process(two: Two) -> None:
    """One that had read them reads them again when another changes them."""
    first, second = (one._engine.agents for one in two)
    assert second.of("scout").description == ""
    first.save("scout", {"description": "Looks ahead."})
    until(lambda: second.of("scout").description == "Looks ahead.")
    second.save("scout", {"description": "Looks back."})
    until(lambda: first.of("scout").description == "Looks back.")
