"""What the plugin costs a turn of the real OpenClaw gateway: its hook's time there, less what the server itself took for it."""

from __future__ import annotations

import json
import re
import socket
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from pathlib import Path

import numpy as np

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS / "clients"), str(_TESTS / "service")]

from homes import Home, until  # noqa: E402 (the tests' own harness)
from hosts import filled_home  # noqa: E402
from openclaw_gateway import OPENCLAW, PLUGIN, Gateway, Machine, merged  # noqa: E402
from ports import free_port  # noqa: E402
from stub_model import StubModel  # noqa: E402

from eider.client.client import socket_path  # noqa: E402

VERSION = OPENCLAW.rpartition("@")[2]
MEMORIES, TURNS, WARM_UP, SESSION = 10_000, 60, 6, 6
"""SESSION is how many turns one has."""
HEAD = ["turn, ms", "the plugin's hook in it, ms", "the server's own time in that, ms", "beyond it p50, ms", "p95, ms"]
_SPENT = re.compile(r'^eider_request_seconds_sum\{route="(policy|inject)"\} (\S+)$', re.MULTILINE)
_TIMED = """
import fs from "node:fs";
import eider from {plugin};

const timed = (act) => async (event, ctx) => {{
  const began = performance.now();
  const found = await act(event, ctx);
  fs.appendFileSync({times}, `${{performance.now() - began}}\\n`);
  return found;
}};
export default {{
  ...eider,
  register: (api) =>
    eider.register(new Proxy(api, {{
      get: (of, name) => (name === "on" ? (hook, act, how) => of.on(hook, hook === "before_prompt_build" ? timed(act) : act, how) : of[name]),
    }})),
}};
"""


def _timing(folder: Path) -> Path:
    """The plugin with a clock around its hook, as a plugin of the same name; the file that it writes to."""
    times = folder / "times"
    folder.mkdir()
    (folder / "openclaw.plugin.json").write_bytes((PLUGIN / "openclaw.plugin.json").read_bytes())
    (folder / "package.json").write_bytes((PLUGIN / "package.json").read_bytes())
    (folder / "index.js").write_text(
        _TIMED.format(plugin=json.dumps((PLUGIN / "index.js").as_uri()), times=json.dumps(str(times)))
    )
    times.touch()
    return times


def _spent(home: Home) -> Mapping[str, float]:
    """Milliseconds that the server has taken for policies and recalls so far, by its own account."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(socket_path(str(home)))
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        said = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    return {route: float(seconds) * 1000 for route, seconds in _SPENT.findall(said)}


def _turns(gateway: Gateway, home: Home, times: Path) -> Generator[tuple[float, float, float]]:
    """Of each warm turn: its time, the hook's, and the server's for what the hook asked; it asks for both at once."""
    for turn in range(WARM_UP + TURNS):
        before, count = _spent(home), len(times.read_text().splitlines())
        began = time.perf_counter()
        gateway.say(
            f"What of the harbour on day {turn}, and who has the key?",
            f"explicit:bench-{turn // SESSION}",
            learns=False,
        )
        lasted = (time.perf_counter() - began) * 1000
        until(lambda count=count: len(times.read_text().splitlines()) > count, "the hook's time")
        hook = float(times.read_text().splitlines()[-1])
        after = _spent(home)
        server = max(after[route] - before.get(route, 0.0) for route in after)
        if turn >= WARM_UP and turn % SESSION:  # the first turn of a session makes it
            yield lasted, hook, server


def parts() -> list[list[str]]:
    """One row, p50 / p95."""
    with (
        filled_home(MEMORIES) as home,
        StubModel({"default": {"text": "Noted."}}) as stub,
        tempfile.TemporaryDirectory(prefix="ob-", ignore_cleanup_errors=True) as folder,
    ):
        times = _timing(Path(folder) / "timed")
        machine = Machine(root=Path(folder), home=home, stub=stub, settings={"deadlineMs": 2_000})
        machine.write(free_port())
        made = json.loads(machine.config.read_text())
        machine.config.write_text(json.dumps(merged(made, {"plugins": {"load": {"paths": [str(times.parent)]}}})))
        with Gateway(machine, keep=True) as gateway:
            found = np.array(list(_turns(gateway, home, times)))
    beyond = found[:, 1] - found[:, 2]
    return [
        [
            *(_cell(found[:, column]) for column in range(3)),
            f"{np.median(beyond):.1f}",
            f"{np.quantile(beyond, 0.95):.1f}",
        ]
    ]


def _cell(values: np.ndarray) -> str:
    return f"{np.median(values):.1f} / {np.quantile(values, 0.95):.1f}"
