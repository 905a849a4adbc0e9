"""Forgetting many rows at once: one transaction, one rewrite of the file."""

from __future__ import annotations

import time

from eider.model.answers import Receipt
from eider.model.errors import RefusedError
from eider.model.requests import ForgetMany
from eider.model.values import TRUST
from eider.privacy.ingress import Clean
from eider.records.forget import forget_again
from eider.records.proposals import check_may_change
from eider.store.engine import Engine


def forget_many(engine: Engine, accepted: Clean[ForgetMany]) -> Receipt:
    """Erase many memories and utterances with what rests on them alone; of what is unknown nothing is erased."""
    request, start = accepted.request, time.perf_counter()
    reads = engine.store.reads
    wanted = list(dict.fromkeys(request.ids))
    known = {e.id for e in reads.episodes([i for i in wanted if i.startswith("ep_")], user=request.user)}
    known |= {m.id for m in reads.memories([i for i in wanted if not i.startswith("ep_")], user=request.user)}
    ids = tuple(i for i in wanted if i in known)
    if TRUST[accepted.channel.max_trust] < TRUST["user"]:
        check_may_change(accepted.channel, reads.memories([i for i in ids if i in known], user=request.user), "forget")
        theirs = [
            e.id for e in reads.episodes(list(ids), user=request.user) if e.trust > TRUST[accepted.channel.max_trust]
        ]
        if theirs:
            raise RefusedError(
                f"channel {accepted.channel.name!r} may not forget {theirs[0]!r}, which the user said; the user does."
            )
    counts = dict(forget_again(engine, request.user, ids, accepted.channel)) if ids else {}
    if ids and request.wait:
        engine.scrub()
    elif ids:
        engine.scrub_later()
    checks = {"structure": not engine.store.erasure_checks.tables_with(ids)} if request.wait else {}
    return Receipt(
        ids=ids, at=engine.now(), erased=counts, physical="done" if request.wait else "queued", checks=checks,
        outside=("exports, backups and snapshots made earlier", *engine.store.copies.unreached()), seconds=time.perf_counter() - start,
    )  # fmt: skip
