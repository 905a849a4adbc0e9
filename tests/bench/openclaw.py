"""What the plugin costs a turn of the real OpenClaw gateway, beyond what the owner itself takes."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import corpus

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS / "clients"), str(_TESTS / "service")]

from homes import Home  # noqa: E402 (the tests' own harness)
from openclaw_gateway import OPENCLAW, Gateway, Machine  # noqa: E402
from stub_model import StubModel  # noqa: E402

from eider.service.client import Client  # noqa: E402
from eider.service.wire import encode  # noqa: E402

VERSION = OPENCLAW.rpartition("@")[2]
MEMORIES, TURNS, WARM_UP = 1_000, 40, 5
_BUDGETS = {"policy": {"budget": 600}, "inject": {"budget": 400}}


@contextmanager
def _home() -> Generator[tuple[Home, Client]]:
    """A home with a thousand memories, in the embedder that users have."""
    home = Home()
    home.settings(user="ada")
    client = Client(user="ada", home_folder=str(home), timeout=300.0, agent="openclaw", ceiling="agent")
    try:
        items = [{"text": text, "kind": "fact"} for text in corpus.statements(MEMORIES)]
        client.call("remember_many", {"items": encode(items)})
        client.call("drain", {})
        yield home, client
    finally:
        client.close()
        home.close()


def _timed(work: object, *given: object, **named: object) -> float:
    began = time.perf_counter()
    work(*given, **named)  # pyright: ignore[reportCallIssue]
    return (time.perf_counter() - began) * 1000


def _owners(client: Client, prompt: str) -> float:
    """Milliseconds that policy and recall take without OpenClaw: one after the other, as one processor does them."""
    return sum(
        _timed(client.call, verb, {"prompt": prompt, **asked} if verb == "inject" else asked)
        for verb, asked in _BUDGETS.items()
    )


def parts() -> list[list[str]]:
    """Turns with and without the plugin, one after the other, and the owner's own time for the same prompts."""
    plain: list[float] = []
    added: list[float] = []
    owners: list[float] = []
    with ExitStack() as stack:
        home, client = stack.enter_context(_home())
        stub = stack.enter_context(StubModel({"default": {"text": "Noted."}}))
        gateways: list[Gateway] = []
        for name in ("without", "with"):
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ob-", ignore_cleanup_errors=True)))
            machine = Machine(root=root, home=home, stub=stub)
            gateways.append(stack.enter_context(Gateway(machine, with_plugin=name == "with")))
        without, with_it = gateways
        for turn in range(WARM_UP + TURNS):
            prompt = f"What of the harbour on day {turn}?"
            session = f"explicit:bench-{turn // 5}"
            pair = {
                gateway: _timed(gateway.say, prompt, session, learns=False)
                for gateway in ((without, with_it) if turn % 2 else (with_it, without))
            }
            if turn >= WARM_UP and turn % 5:  # the first turn of a session makes it
                plain.append(pair[without])
                added.append(pair[with_it] - pair[without])
                owners.append(_owners(client, prompt))
    beyond = statistics.median(added) - statistics.median(owners)
    quarters = statistics.quantiles(added, n=4)
    return [[
        f"{statistics.median(plain):.0f}", f"{statistics.median(added):.1f}", f"{quarters[0]:.0f} … {quarters[2]:.0f}",
        f"{statistics.median(owners):.1f}", f"{beyond:.1f}",
    ]]  # fmt: skip


HEAD = ["turn without, ms", "added p50, ms", "middle half", "owner's own time, ms", "beyond it, ms"]
