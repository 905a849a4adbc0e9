"""Benchmark on your own store, without a model: is a row found by a few of its own words?

Two kinds of question per sampled row: its rarest words, and its text with every third word left out. Then
prompts of everyday words that the store has never seen: `inject` should stay silent. Nothing is written:
the store is opened read-only.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eider.cli.bench_runs.metrics import list_metrics, percentiles, share
from eider.language.analysis import words
from eider.language.lexicon import STOP_WORDS
from eider.model.errors import InputError

if TYPE_CHECKING:
    from eider.api.facade import Eider
    from eider.model.answers import Recollection

_PAGE: Final = 1_000
_FEWEST, _MOST = 3, 6
"""Words of a question; what people type into a search box."""
_DEPTH: Final = 10
_STOP: Final = frozenset().union(*STOP_WORDS.values())
UNRELATED_WORDS: Final = (
    "anchovy applause archery asparagus avalanche ballet bamboo barometer bassoon beetroot blizzard bonsai bowling "
    "cactus calligraphy canyon carousel cathedral cello chimney choir cinnamon comet coral cricket crossword curling "
    "daffodil dolphin drought eclipse embroidery falcon fencing ferry fjord flamingo fossil fresco gazelle geyser "
    "glacier gondola gospel guitar hammock harbour harvest hedgehog helium hurdles iceberg igloo ivory jasmine juggling "
    "kayak kettle kimono lagoon lantern lavender lemur lighthouse llama lobster locust magnolia mango marathon marble "
    "meadow meteor mosaic nutmeg oasis oboe opal orchard origami ostrich oyster paprika parrot peninsula pepper pigeon "
    "pottery pumpkin quarry quartz raspberry reef rhubarb rodeo saffron sandals saxophone seagull sonnet squash stadium "
    "sundial tadpole tambourine tango thistle thunder trapeze trombone tulip tundra turnip umpire vanilla velvet "
    "vineyard violin volcano walnut walrus waltz willow windmill wombat yoghurt zebra zeppelin"
).split()
"""Everyday words that few stores hold; those that do hold one are left out for that store."""
_PROMPTS: Final = (
    "tell me about {} and {}", "what is the difference between a {} and a {}", "write a limerick about a {} and a {}",
    "how do I draw a {} next to a {}", "a {} or a {} for a child's birthday?",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with the row that answers it."""

    kind: str
    text: str
    wanted: str


def all_rows(memory: Eider) -> list[Recollection]:
    """All current memories and episodes, newest first."""
    found: list[Recollection] = []
    while True:
        page = memory.search(limit=_PAGE, offset=len(found))
        found += page.items
        if len(found) >= page.total or not page.items:
            return found


def make_questions(rows: Sequence[Recollection], *, sample: int, seed: int) -> list[Question]:
    """Make questions about a seeded sample of rows; rows with too few words are skipped."""
    tokens = {row.id: words(row.text) for row in rows}
    held = Counter(w for found in tokens.values() for w in set(found))
    dice = random.Random(seed)  # noqa: S311 (a sample, no secret)
    order = sorted(rows, key=lambda row: row.id)
    dice.shuffle(order)
    questions: list[Question] = []
    taken = 0
    for row in order:
        content = [w for w in dict.fromkeys(tokens[row.id]) if w not in _STOP and len(w) > 1]
        if len(content) < _FEWEST:
            continue
        rarest = sorted(content, key=lambda w: (held[w], w))[: dice.randint(_FEWEST, _MOST)]
        dice.shuffle(rarest)
        left = [w for place, w in enumerate(row.text.split(), 1) if place % 3]
        questions.append(Question(kind="rarest words", text=" ".join(rarest), wanted=row.id))
        questions.append(Question(kind="two thirds", text=" ".join(left), wanted=row.id))
        taken += 1
        if taken >= sample:
            break
    return questions


def unrelated_prompts(rows: Sequence[Recollection], *, count: int, seed: int) -> list[str]:
    """Make prompts of words that no row contains."""
    held = {w for row in rows for w in words(row.text)}
    unknown = [w for w in UNRELATED_WORDS if w not in held]
    dice = random.Random(seed)  # noqa: S311
    return [dice.choice(_PROMPTS).format(*dice.sample(unknown, 2)) for _ in range(count)] if len(unknown) > 1 else []


def measure(
    memory: Eider,
    *,
    sample: int = 200,
    seed: int = 7,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Any]:
    """Measure recall and latency with questions made from the store's own rows.

    Args:
        memory: Open, read-only where nothing may be written.
        sample: Rows that questions are made of.
        seed: The same seed asks the same of the same store.
        progress: Told (asked, all).

    Raises:
        InputError: The store holds nothing that a question can be made of.
    """
    rows = all_rows(memory)
    questions = make_questions(rows, sample=sample, seed=seed)
    if not questions:
        raise InputError(f"the store holds {len(rows)} row(s), none with {_FEWEST} words of its own; keep more first.")
    prompts = unrelated_prompts(rows, count=min(sample, 100), seed=seed)
    total, ms = len(questions) + len(prompts), list[float]()
    kinds: dict[str, list[dict[str, float]]] = {}
    for place, asked in enumerate(questions):
        start = time.perf_counter()
        found = memory.recall(asked.text, limit=_DEPTH)
        ms.append(1e3 * (time.perf_counter() - start))
        said = next(row.text for row in rows if row.id == asked.wanted)
        twins = {row.id for row in rows if row.text == said}
        ranked = [asked.wanted if one.id in twins else one.id for one in found]
        kinds.setdefault(asked.kind, []).append(list_metrics(ranked, [asked.wanted]))
        progress(place + 1, total)
    silent = [
        _ask_unrelated(memory, text, lambda n=n: progress(len(questions) + n, total))
        for n, text in enumerate(prompts, 1)
    ]
    return {
        "rows": len(rows),
        "questions": len(questions),
        "recall": {
            kind: {k: round(share([f[k] for f in found]), 4) for k in ("R@1", "R@5", "R@10")}
            for kind, found in kinds.items()
        },
        "recall_ms": {k: round(v, 3) for k, v in percentiles(ms).items()},
        "abstention": {"share": round(share(silent), 4) if silent else math.nan, "n": len(silent)},
        "seed": seed,
    }


def _ask_unrelated(memory: Eider, text: str, told: Callable[[], None]) -> bool:
    given = memory.inject(text)
    told()
    return not given
