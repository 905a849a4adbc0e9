"""Evidence recall in every genre, through the product, with plain BM25 on the same rows beside it; no model is asked."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import corpora
import numpy as np
from intervals import interval
from plain_bm25 import PlainBM25

from eider import open as open_store
from eider.api.facade import Eider
from eider.model.clock import FixedClock

SETS: Final = ("locomo", "beam", "documents", "records", "isolated", "chats", "own_isolated", "own_chats")
NAMES: Final = {
    "locomo": "two friends chatting (LoCoMo)", "beam": "assistant chats (BEAM)", "documents": "encyclopaedia (MuSiQue, HotpotQA)",
    "records": "one person's phone (LifeBench)", "isolated": "memories", "chats": "short assistant chats",
    "own_isolated": "own memories", "own_chats": "own chats",
}  # fmt: skip
ASKED_TWICE: Final = 5
"""One question in so many is also asked with "Can you tell me: " before it."""
_FIRST: Final = 10


@dataclass
class Board:
    """What was found for one set of questions."""

    own: list[list[float]] = field(default_factory=list)
    """Per question: share of the relevant among the first 5 and 10, and one over the place of the first."""
    plain: list[list[float]] = field(default_factory=list)
    """The same of plain BM25."""
    agree: list[float] = field(default_factory=list)
    """Share of the first ten that stay when the question becomes a polite request."""
    ms: list[float] = field(default_factory=list)
    types: list[str] = field(default_factory=list)


def measure(
    name: str, told: Callable[[int], None] = lambda _: None, *, address: str | None = None, nominated: bool = False
) -> Board | None:
    """Record every corpus of a set in a store of its own and ask its questions; None where the set is not here.

    Args:
        name: One of `SETS`.
        told: Is told how many questions were asked.
        address: Of a database server, where each store is a new schema that stays; by default in files.
        nominated: As if the user were too large to load: the index nominates what is ranked.
    """
    board = Board()
    for corpus in corpora.FAMILIES[name]():
        plain = PlainBM25([i.text for i in corpus.items])
        with (
            tempfile.TemporaryDirectory(prefix="eider-bench-") as folder,
            open_store(
                f"{address}?schema=g_{secrets.token_hex(6)}" if address else Path(folder) / "a.eider", user="u",
                clock=FixedClock(max(i.at for i in corpus.items)),
            ) as memory,
        ):  # fmt: skip
            kept = filled(memory, corpus.items)
            if nominated:
                engine = memory._engine
                engine.store.index_upkeep.drain()
                engine.store.candidates.count_terms(user="u")
                engine.large.rows = 0
            for n, asked in enumerate(a for a in corpus.asked if a.relevant):
                _ask(board, memory, kept, plain, corpus.items, asked, twice=n % ASKED_TWICE == 0)
                told(len(board.own))
    return board if board.own else None


def filled(memory: Eider, items: Sequence[corpora.Item]) -> dict[str, str]:
    """Keep the rows of a corpus; returns id in the store → id in the corpus."""
    said = [i for i in items if not i.kind]
    stated = [i for i in items if i.kind]
    kept: dict[str, str] = {}
    roles = ("user", "agent", "other")
    rows = [
        {"text": i.text, "role": roles[i.role], "speaker": i.speaker, "session": i.session, "at": i.at, "tz": "UTC"} for i in said
    ]  # fmt: skip
    kept |= {e.id: i.id for e, i in zip(memory.record_many(rows), said, strict=True)} if rows else {}
    for i in stated:
        one = memory.remember(i.text, kind=i.kind, scope=i.scope, valid_from=i.valid_from or i.at, valid_to=i.valid_to)
        kept[one.id] = i.id
    return kept


def _ask(
    board: Board, memory: Eider, kept: Mapping[str, str], plain: PlainBM25, items: Sequence[corpora.Item],
    asked: corpora.Asked, *, twice: bool,
) -> None:  # fmt: skip
    how: dict[str, Any] = {"limit": _FIRST, "now": asked.now, "tz": "UTC", "scopes": asked.scopes}
    start = time.perf_counter()
    found = [kept[one.id] for one in memory.recall(asked.text, **how)]
    board.ms.append(1e3 * (time.perf_counter() - start))
    if twice:
        polite = {kept[one.id] for one in memory.recall(f"Can you tell me: {asked.text}", **how)}
        board.agree.append(len(polite & set(found)) / max(len(found), 1))
    seen = np.array([_visible(i, asked) for i in items])
    base = [items[i].id for i in plain.best(asked.text, seen)]
    for figures, ranked in ((board.own, found), (board.plain, base)):
        first = next((1 / (n + 1) for n, i in enumerate(ranked) if i in asked.relevant), 0.0)
        figures.append([len(asked.relevant & set(ranked[:k])) / len(asked.relevant) for k in (5, 10)] + [first])
    board.types.append(asked.tags[0] if asked.tags else "")


def _visible(item: corpora.Item, asked: corpora.Asked) -> bool:
    if not item.kind:
        return True
    holds = (item.valid_from or item.at) <= asked.now and (item.valid_to is None or asked.now < item.valid_to)
    return holds and (asked.scopes is None or item.scope in asked.scopes)


def lines(boards: Mapping[str, Board], *, types: bool = False) -> Iterator[list[str]]:
    """Rows of the printed table, its head first.

    Args:
        boards: By set.
        types: Whether each type of question gets a row as well.
    """
    yield ["genre", "n", "R@5", "R@10", "95 % CI", "MRR", "BM25 R@5", "BM25 R@10", "can you", "ms"]
    for name, board in boards.items():
        low, high = interval(np.array([row[1] for row in board.own]))
        agree = 100 * np.mean([share >= 0.9 for share in board.agree]) if board.agree else 100.0
        yield [
            NAMES[name], *_figures(board, range(len(board.own)), f"{low:.1f} to {high:.1f}"), f"{agree:.0f} %",
            f"{np.median(board.ms):.1f}",
        ]  # fmt: skip
        for kind in sorted(set(board.types)) if types else ():
            rows = [i for i, each in enumerate(board.types) if each == kind]
            yield [f"  {kind}", *_figures(board, rows, ""), "", ""]


def _figures(board: Board, rows: Sequence[int], ci: str) -> list[str]:
    own, plain = (100 * np.mean([figures[i] for i in rows], axis=0) for figures in (board.own, board.plain))
    return [str(len(rows)), f"{own[0]:.1f}", f"{own[1]:.1f}", ci, f"{own[2]:.1f}", f"{plain[0]:.1f}", f"{plain[1]:.1f}"]
