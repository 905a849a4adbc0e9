"""Runs the checks of a store in the process that holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eider.service.doctor.registry import STORE_CHECKS, StoreContext, load_checks, run_check

if TYPE_CHECKING:
    from eider.service.doctor.report import Finding
    from eider.store.engine import Engine


def examine_store(
    engine: Engine, *, name: str, fix: bool = False, deep: bool = False, show: bool = False
) -> list[Finding]:  # fmt: skip
    """Run all checks of a store and return their findings.

    Args:
        engine: The open store.
        name: What findings call it.
        fix: Mend what can be mended.
        deep: Read everything.
        show: Quote what was said.
    """
    found = load_checks(home=False)
    patient = StoreContext(engine=engine, name=name, now=engine.now(), deep=deep, show=show)
    for check in STORE_CHECKS.values():
        found += run_check(check, patient, subject=name, fix=fix)
    return found


def answer_request(engine: Engine, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Run the checks for a request to the server; return findings and the number of checks."""
    wants = {how: bool(said.get(how)) for how in ("fix", "deep", "show")}
    found = examine_store(engine, name=str(said.get("name") or name), **wants)
    return {"findings": found, "checks": len(STORE_CHECKS)}
