"""A probe that remembers, recalls and forgets a statement through the public interface."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from eider.model.errors import EiderError, PausedError, ReadOnlyStoreError
from eider.service.doctor.report import Finding, error_finding

if TYPE_CHECKING:
    from eider.api.facade import Eider

USER: Final = "eider-doctor"
"""Reserved: whose probes are, for the moment they exist."""
_WORDS: Final = "amber birch cedar dune ember fjord grove heath islet juniper kelp lagoon moss north osier pine".split()


def probe_store(memory: Eider, name: str) -> Iterator[Finding]:
    """Remember a probe, recall it, forget it, and check that it is gone.

    Args:
        memory: The open store.
        name: What the store is called.
    """
    text = f"The doctor of Eider said {' '.join(secrets.choice(_WORDS) for _ in range(6))}."
    try:
        yield from _remember_and_recall(memory, name, text)
    except ReadOnlyStoreError:
        return
    except PausedError:
        message, fix = "writing is paused, so no probe was written", "eider resume, then run eider doctor again"
        yield Finding(kind="canary-paused", severity="info", subject=name, message=message, fix=fix)
    except EiderError as error:
        yield error_finding(error, name, check="canary")


def _remember_and_recall(memory: Eider, name: str, text: str) -> Iterator[Finding]:
    try:
        kept = memory.remember(text, user=USER, kind="context")
        if kept.id.startswith("queued_"):
            yield _failed_probe(name, "the server did not take the probe in time; it waits in the spool")
            return
        if kept.text != text:
            yield _failed_probe(name, "the probe came back changed")
        if kept.id not in {hit.id for hit in memory.recall(text, user=USER)}:
            yield _failed_probe(name, "the probe was stored, and recall does not find it")
    finally:
        receipt = memory.forget_user(USER)
    left = memory.search(user=USER).items
    if left or not all(receipt.checks.values()):
        yield _failed_probe(name, "the probe was forgotten, and something of it is left")


def _failed_probe(name: str, message: str) -> Finding:
    fix = "run eider doctor --fix --deep; if it stays, report it with eider --version"
    return Finding(kind="canary-failed", severity="error", subject=name, message=message, fix=fix)
