"""Whatever is said, it is kept and can be asked for: what is read out of a text beside its words may fail alone."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eider
from eider.language import analysis
from eider.language.dates import mentions
from eider.model.errors import EiderError
from eider.model.reading_faults import counted, read_or
from eider.providers.embedders.hashing import HashEmbedder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS: dict[str, tuple[str, ...]] = {
    "time": (
        "April 5-April 12", "last", "next", "this", "on", "the", "31st", "of February", "Monday", "-", "to", "until", "from", "Feb 30",
        "2023", "12:61", "week 54", "Q5", "in 99999999999 days", "ago", "every", "nächsten", "Montag", "bis", "am 32.", "Mai", "vor",
        "lundi dernier", "du 3 au", "jusqu'à", "le 31 février", "el próximo", "lunes", "hasta", "hace", "el 40 de mayo", "上周", "五月",
        "三十二号", "之前", "到", "5/7/2023-", "1e9", "years", "0th", "٣", "half past",
    ),
    "claim": (
        "I", "my", "we", "always", "never", "prefer", "live in", "am called", "no,", "actually", "not", "but", "forget that", "remember",
        "ich", "wohne", "mein", "nie", "immer", "je", "m'appelle", "toujours", "yo", "prefiero", "nunca", "我", "喜欢", "不要", "记住",
        "the user", "'s", '"', "“", "(", "[", "`", "```", "> ", "- ", "1. ", "From:", "===", "?", "!", ".", ":", ";", ",", "…", "\n",
    ),
    "noise": (
        "\u200b", "\u202e", "😀", "👩\u200d💻", "\x1b[2J", "ß", "İ", "ﬁ", "a\u0301" * 9, "𝔘𝔫𝔦", "שלום", "مرحبا", "ไทย", "\ud7a3", "NaN",
        "-0", "1" * 60, "x" * 200, "https://a.b/c?d=e", "C:\\a", "{}", "<b>", "%s", "\\", "'; DROP TABLE", "NEAR(", "\t",
    ),
}  # fmt: skip
LEAST = 5_000
"""Messages that are kept of all exchanges."""
SHARE = 1 if os.environ.get("EIDER_NIGHTLY") else 4
"""Of the real messages every fourth in every run, all at night."""
NOISE = st.lists(st.sampled_from([w for words in WORDS.values() for w in words]) | st.text(max_size=6), max_size=14)
TEXTS = st.tuples(NOISE, st.sampled_from([" ", "", "\n"])).map(lambda drawn: drawn[1].join(drawn[0])).filter(str.strip)


@pytest.fixture(scope="module")
def memory() -> Iterator[eider.Eider]:
    with eider.open(":memory:", user="ada", embedder=HashEmbedder(width=16)) as memory:
        yield memory


def say(memory: eider.Eider, text: str, answer: str = "Understood.") -> list[tuple[str, Exception]]:
    """Send a text through every door; what was raised that is no answer of Eider's."""
    raw: list[tuple[str, Exception]] = []
    for door in (
        lambda: memory.record(text, session="s"), lambda: memory.observe(agent_output=answer, user_reply=text),
        lambda: memory.recall(text, limit=3), lambda: memory.inject(text), lambda: memory.policy(context=text),
        lambda: memory.remember(text[:1_000]),
    ):  # fmt: skip
        try:
            door()
        except EiderError:
            continue
        except Exception as error:  # noqa: BLE001 (this is what is looked for)
            raw.append((text, error))
    return raw


@given(TEXTS, TEXTS)
def test_grammar_shaped_noise_raises_nothing_raw(memory: eider.Eider, text: str, answer: str) -> None:
    """Words of dates, claims, quotations and markup in five languages, in any order, with any joints."""
    assert not say(memory, text, answer)


def exchanges_in(shared: Path) -> list[tuple[str, str]]:
    """Replies that people wrote, and what the agents had said before."""
    lines = [json.loads(line) for line in (shared / "learning" / "exchanges.jsonl").read_text("utf-8").splitlines()]
    return [(str(one["user_reply"]), str(one["agent_output"])) for one in lines if str(one["user_reply"]).strip()]


@pytest.fixture
def exchanges(shared: Path) -> list[tuple[str, str]]:
    return exchanges_in(shared)[::SHARE]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_real_messages_raise_nothing_raw(memory: eider.Eider, exchanges: list[tuple[str, str]]) -> None:
    """What people and agents wrote to each other, 5,000 messages at night: all is kept, and nothing fails behind."""
    before, raw, kept = counted.total(), list[tuple[str, Exception]](), 0
    for place, (reply, answer) in enumerate(exchanges):
        user = f"user {place // 40}"
        try:
            kept += len(memory.observe(agent_output=answer, user_reply=reply, user=user).episodes)
            if place % 20 == 0:
                memory.recall(reply, user=user, limit=3)
                memory.inject(reply, user=user)
                memory.policy(context=reply, user=user)
        except EiderError:
            continue
        except Exception as error:  # noqa: BLE001 (this is what is looked for)
            raw.append((reply, error))
    assert not raw
    assert kept >= LEAST // SHARE
    assert counted.total() == before, dict(counted)


@pytest.mark.parametrize("part", ["_windows", "_traits", "terms"])
def test_a_fault_of_a_reading_keeps_the_words(memory: eider.Eider, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """The utterance is stored, listed and counted as a fault."""

    def broken(*_: Any, **__: Any) -> Any:
        raise StopIteration

    monkeypatch.setattr(analysis, part, broken)
    before = counted.total()
    kept = memory.record(f"April 5-April 12, said with a broken {part}.", session=part)
    assert memory.search("", session=part).items[0].id == kept.id
    assert counted.total() > before


@pytest.mark.parametrize("part", ["notice", "reconcile"])
def test_a_fault_of_learning_keeps_what_was_said(
    memory: eider.Eider, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """The exchange is recorded, nothing is learned of it, and the fault is counted."""

    def broken(*_: Any, **__: Any) -> Any:
        raise IndexError

    monkeypatch.setattr(f"eider.learn.observe.{part}", broken)
    before = counted.total()
    done = memory.observe(agent_output="How do you sign?", user_reply="Always sign as Dr. Moe.", user=part)
    assert (len(done.episodes), done.memories) == (2, ())
    assert counted.total() > before


def test_a_batch_is_kept_whole_though_one_text_cannot_be_read(memory: eider.Eider) -> None:
    """What nobody could date is kept with its neighbours."""
    texts = ["Before.", "April 5-April 12", "After."]
    assert [e.text for e in memory.record_many([{"text": t, "session": "batch"} for t in texts])] == texts


def test_a_fault_is_counted_under_its_name() -> None:
    """And what is asked to stop, stops."""

    def broken() -> int:
        raise KeyError("x")

    before = counted["figures"]
    assert read_or("figures", broken, 7) == 7
    assert counted["figures"] == before + 1

    def interrupted() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_or("figures", interrupted, 7)


@given(TEXTS)
def test_dates_are_read_or_left(text: str) -> None:
    """No fault at all in the grammar of dates: a caught one would show here."""
    from datetime import date

    before = counted["dates"]
    mentions(text, said_on=date(2024, 2, 29))
    assert counted["dates"] == before
