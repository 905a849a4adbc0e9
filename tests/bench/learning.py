"""How fast learning and guiding are, by the number of a user's memories; no model is asked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import corpus
import measure

import eider
from eider.api.facade import Eider
from eider.learn.exchange import exchange_of, notice
from eider.model.requests_learning import Observe
from eider.privacy.ingress import accept
from eider.understand.reader import read_reply

SIZES = (1_000, 10_000, 100_000)
KINDS = ("rule", "preference", "decision", "fact", "insight")
CONTEXT = "reviewing the release plan of the harbour service"
SILENT = (
    "ok, thanks",
    "Looks good to me.",
    "Can you show me the second part again?",
    "Hm, let me think about it.",
    "yes",
)
OUTPUT = "Here is the plan in five bullet points, with dates for each of them."


@contextmanager
def filled(count: int) -> Iterator[Eider]:
    """An open store whose user has so many memories of all kinds, and has been asked once."""
    with tempfile.TemporaryDirectory() as folder, eider.open(Path(folder, "memory.eider"), user="ada") as memory:
        stated = corpus.statements(count)
        memory.remember_many([{"text": t, "kind": KINDS[n % len(KINDS)]} for n, t in enumerate(stated)])
        memory.recall("warm")
        memory.observe(user_reply="My desk is by the window.")
        yield memory


def rows() -> Iterator[list[str]]:
    """Observing with a signal, without one, and recording beside it; the policy cold and cached."""
    replies = [reply for word in _words(60) if read_reply(reply := f"No, always name the {word} first.", OUTPUT)][:40]
    for size in SIZES:
        with filled(size) as memory:
            learned = measure.each(lambda r: memory.observe(agent_output=OUTPUT, user_reply=str(r)), replies)
            silent = measure.each(lambda r: memory.observe(user_reply=str(r)), SILENT * 6)
            record = measure.each(lambda r: memory.record(str(r)), SILENT * 6)
            memory.policy(context=CONTEXT)
            cold = measure.each(lambda _: _cold(memory), range(15))
            cached = measure.each(lambda _: memory.policy(context=CONTEXT), range(100))
            yield [f"{size:,}", str(learned), str(silent), str(record), str(cold), str(cached)]


def thinking_row() -> list[str]:
    """What deciding that nothing lasting was said costs, without recording: detection alone."""
    with filled(1_000) as memory:
        engine = memory._engine
        channel = memory._backend.channel  # type: ignore[attr-defined]
        asked = [accept(Observe(user="ada", user_reply=r, agent_output=OUTPUT), channel, engine.now()) for r in SILENT]
        made = [exchange_of(engine, one) for one in asked]
        made = [exchange for exchange in made if not notice(exchange).drafts]
        times = measure.each(notice, made * 100)  # type: ignore[arg-type]
        return [f"{times.p50:.3f} / {times.p95:.3f}"]


def _cold(memory: Eider) -> None:
    memory._engine.policies.clear()
    memory.policy(context=CONTEXT)


def _words(count: int) -> list[str]:
    words, _ = corpus.vocabulary()
    return [word for word in words if word.isascii() and word.isalpha() and word.islower() and len(word) > 5][:count]
