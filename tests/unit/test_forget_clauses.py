"""Forgetting a statement takes its words wherever they are, and nothing else that was said beside them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from quoted import quoted

import eider
from eider.model.errors import ErasedError, StoreFullError, UnknownIdError
from eider.model.values import Span
from eider.records.erasure_plan import BLANK

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE = "I live in Vardø. I drive a tram. Always write dates as ISO. My sister is a vet. We deploy on Tuesdays."


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[eider.Eider]:
    with eider.open(tmp_path / "m.eider", user="kari") as memory:
        yield memory


def said(memory: eider.Eider, *replies: str) -> None:
    """What the user says, each sentence of it that is no question kept as a memory that quotes it."""
    for reply in replies:
        quoted(memory, reply, *re.findall(r"\S[^.?]*\.", reply))
        memory.record("Understood.", role="agent", session="s")


def statements(memory: eider.Eider) -> set[str]:
    """Texts of the memories that hold."""
    return {r.text for r in memory.search("", limit=100).items if r.memory is not None}


def utterances(memory: eider.Eider) -> list[str]:
    """Texts of what was said by the user."""
    items = memory.search("", limit=100).items
    return [r.text for r in items if r.episode is not None and r.episode.role == "user"]


def about(memory: eider.Eider, word: str) -> str:
    """Id of the newest memory that says a word."""
    return next(r.id for r in memory.search("", limit=100).items if r.memory is not None and word in r.text)


def bytes_with(folder: Path, word: str) -> list[Path]:
    """Files whose bytes hold a word."""
    needles = (word.encode(), word.encode("utf-16-le"))
    return [p for p in folder.rglob("*") if p.is_file() and any(n in p.read_bytes() for n in needles)]


def test_what_else_was_said_in_the_message_stays(memory: eider.Eider, tmp_path: Path) -> None:
    """The statement's own words are gone to the last byte; its neighbours, their evidence and their words stay."""
    said(memory, MESSAGE)
    before = statements(memory)
    receipt = memory.forget(about(memory, "Vardø"))
    assert before - statements(memory) == {t for t in before if "Vardø" in t}
    assert [s.end - s.start for s in receipt.parts]
    left = utterances(memory)[0]
    assert BLANK in left
    assert "I drive a tram." in left
    assert len(left) == len(MESSAGE)
    for text in ("tram", "ISO", "vet", "Tuesdays"):
        words = [text_ for _, text_ in memory.why(about(memory, text)).evidence]
        assert any(text in quoted for quoted in words), (text, words)
    assert not memory.recall("Vardø", limit=20) or "Vardø" not in str(memory.recall("Vardø", limit=20))
    assert not bytes_with(tmp_path / "m.eider", "Vardø")
    assert memory.verify(deep=True)


def test_what_was_said_again_is_forgotten_as_well(memory: eider.Eider) -> None:
    """Repetitions go with it: in other messages, beside other things, in the agent's words, and as other memories."""
    said(memory, "I live in Vardø. I drive a tram.", "By the way, I live in Vardø.")
    memory.record("So you live in Vardø. Shall I look up the ferry?", role="agent", session="s")
    memory.remember("The user lives in Vardø.", scope="project:x")
    receipt = memory.forget(about(memory, "Vardø"))
    assert "Vardø" not in str([*statements(memory), *utterances(memory), memory.search("", limit=99)])
    assert any("ferry" in r.text for r in memory.search("", limit=99).items)
    assert len(receipt.again) >= 2
    assert all(receipt.checks.values())


def test_less_is_forgotten_on_demand(memory: eider.Eider) -> None:
    """With only_this, what says the same elsewhere stays."""
    said(memory, "I live in Vardø. I drive a tram.")
    memory.remember("The user lives in Vardø.", scope="project:x")
    said(memory, "We talked about the ferry. You know that I live in Vardø.")
    first = min(r.id for r in memory.search("", limit=99).items if r.memory is not None and "Vardø" in r.text)
    receipt = memory.forget(first, only_this=True)
    assert not receipt.again
    assert "The user lives in Vardø." in statements(memory)


def test_others_that_share_words_stay(memory: eider.Eider) -> None:
    """Another person, another polarity, another time, another thing: none of them is the same statement."""
    others = [
        "My sister lives in Vardø.",
        "I like it in Vardø.",
        "The ferry to Vardø leaves at nine.",
        "I never want to live in Vardø again.",
    ]
    for text in others:
        memory.remember(text)
    gone = memory.remember("I live in Vardø.")
    memory.forget(gone.id)
    assert statements(memory) == set(others)


def test_a_dry_run_lists_the_words_and_erases_nothing(memory: eider.Eider) -> None:
    """What a forget would take is known before, with its words; what it took is the same."""
    said(memory, MESSAGE, "Did I say that I live in Vardø? Now to the ferry.")
    before = (statements(memory), utterances(memory))
    foreseen = memory.forget(about(memory, "Vardø"), dry_run=True)
    assert foreseen.dry_run
    assert (statements(memory), utterances(memory)) == before
    assert any("Vardø" in words for words in foreseen.texts.values())
    done = memory.forget(about(memory, "Vardø"))
    assert (set(done.ids), done.parts, done.again) == (set(foreseen.ids), foreseen.parts, foreseen.again)
    assert not done.texts


def test_metadata_and_learned_copies_lose_the_words_too(memory: eider.Eider, tmp_path: Path) -> None:
    """A host's copy of the message beside the utterance, and the utterance of a host's own recording, are blanked."""
    text = "I drive a tram. My locker code is 7788 quagga."
    memory.record(text, metadata={"message": {"content": text, "n": 1}}, key="k")
    gone = memory.remember("My locker code is 7788 quagga.")
    memory.forget(gone.id)
    kept = next(r.episode for r in memory.search("", limit=9).items if r.episode is not None)
    assert kept is not None
    assert "quagga" not in json.dumps(dict(kept.metadata), default=dict)
    assert "I drive a tram." in kept.text
    assert not bytes_with(tmp_path / "m.eider", "quagga")


def test_a_message_of_which_nothing_is_left_goes_whole(memory: eider.Eider) -> None:
    """No empty utterance remains."""
    said(memory, "I live in Vardø.")
    receipt = memory.forget(about(memory, "Vardø"))
    assert any(i.startswith("ep_") for i in receipt.ids)
    assert not utterances(memory)


def test_the_same_message_does_not_come_back_by_a_retry(memory: eider.Eider) -> None:
    """The host that sends it again under its key is told that it was forgotten."""
    message = "I live in Vardø. I drive a tram."
    memory.observe(agent_output="Hi.", user_reply=message, key="turn-1")
    memory.forget(about(memory, "Vardø"))
    with pytest.raises(ErasedError):
        memory.observe(agent_output="Hi.", user_reply=message, key="turn-1")


def test_a_backup_of_before_comes_back_without_the_words(tmp_path: Path) -> None:
    """Restoring does not bring back the clause either."""
    from eider.records.forget import forget_again

    with eider.open(tmp_path / "m.eider", user="kari") as memory:
        said(memory, MESSAGE)
    shutil.copytree(tmp_path / "m.eider", tmp_path / "old.eider")
    with eider.open(tmp_path / "m.eider", user="kari") as memory:
        gone = memory.forget(about(memory, "Vardø")).ids
    with eider.open(tmp_path / "old.eider", user="kari") as old:
        engine: Any = old._engine
        forget_again(engine, "kari", gone, engine_channel())
        assert "Vardø" not in utterances(old)[0]
        assert "I drive a tram." in utterances(old)[0]


def engine_channel() -> Any:
    """The channel of a restore."""
    from eider.privacy.ingress import Channel

    return Channel(name="restore")


# ---------------------------------------------------------------------- when the disk does not play along


def test_a_damaged_index_costs_no_receipt_and_leaves_no_bytes(tmp_path: Path) -> None:
    """The index is derived: it is dropped, the rows and their bytes go, and a rebuild answers again."""
    with eider.open(tmp_path / "m.eider", user="kari") as memory:
        ids = [memory.record(f"quagga{i} zebra").id for i in range(40)]
        memory.rebuild()
    for one in (tmp_path / "m.eider").glob("index/rows.lance/_versions"):
        shutil.rmtree(one)
    with eider.open(tmp_path / "m.eider", user="kari") as memory:
        receipt = memory.forget(ids[3])
        assert all(receipt.checks.values())
        assert receipt.physical == "done"
        assert not [p for p in bytes_with(tmp_path / "m.eider", "quagga3 ") if "owner.lock" not in p.name]
        memory.rebuild()
        assert memory.recall("quagga7")


def test_a_full_disk_costs_no_receipt_and_a_retry_finishes(
    memory: eider.Eider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are gone and told so; the bytes wait for room, and the second call gives the receipt of their going."""
    gone = memory.remember("The quagga code is 7788.")
    memory.remember("The zebra is fine.")
    copies = memory._engine.store.copies
    real = type(copies).rewrite

    def full(_: object) -> None:
        raise StoreFullError(tmp_path, "no space left on device")

    monkeypatch.setattr(type(copies), "rewrite", full)
    receipt = memory.forget(gone.id)
    assert (receipt.physical, receipt.ids, receipt.checks) == ("queued", (gone.id,), {"structure": True})
    monkeypatch.setattr(type(copies), "rewrite", real)
    again = memory.forget(gone.id)
    assert again.physical == "done"
    assert not again.erased
    assert not bytes_with(tmp_path / "m.eider", "quagga")


def test_nobody_elses_forgotten_id_gives_a_receipt(memory: eider.Eider) -> None:
    """An id that was never there, or of another user, is unknown whatever waits for the disk."""
    gone = memory.remember("The quagga code is 7788.")
    memory.forget(gone.id, wait=False)
    for id_, user in ((gone.id, "eve"), ("mem_never", "kari")):
        with pytest.raises(UnknownIdError):
            memory.forget(id_, user=user)


def test_spans_of_the_receipt_are_those_of_the_utterance(memory: eider.Eider) -> None:
    """Each part names its utterance and its place there."""
    said(memory, MESSAGE)
    episode = next(r.id for r in memory.search("", limit=9).items if r.episode is not None and r.episode.role == "user")
    foreseen = memory.forget(about(memory, "vet"), dry_run=True)
    start = MESSAGE.index("My sister")
    assert any(s.episode == episode and s.start == start for s in foreseen.parts)
    assert all(isinstance(s, Span) for s in foreseen.parts)
