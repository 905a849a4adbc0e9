"""Real clients from npm, kept outside the checkout: `$EIDER_CLIENT_CACHE` or `~/.cache/eider-clients`, a folder per version."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

CLAUDE_CODE: Final = "@anthropic-ai/claude-code@2.1.329"
CODEX: Final = "@openai/codex@0.171.0"
NODE: Final = "node@24.21.0"
OPENAPI_TYPES: Final = ("openapi-typescript@7.13.0", "typescript@5.9.3")
MCP_JUDGES: Final = ("@modelcontextprotocol/conformance@0.1.16", "@modelcontextprotocol/inspector@2.12.0")
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_HANDED: Final = re.compile(r"(?i)(home|path|tmpdir|node_extra_ca_certs|ssl_cert_file|(https?|no)_proxy|npm_config_.*)")
"""What npm may know of the machine: how it reaches its registry."""
_AWAY: Final = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONN(REFUSED|RESET)|E(NET|HOST)UNREACH|E(SOCKET)?TIMEDOUT|ERR_SOCKET_TIMEOUT)\b"
)
_PATIENCE: Final = 900.0


class UnreachableError(Exception):
    """npm, or what it fetches from, is not there: nothing that a test could be blamed for."""


def cache() -> Path:
    """Where clients are kept."""
    return Path(os.environ.get("EIDER_CLIENT_CACHE") or Path.home() / ".cache" / "eider-clients")


def npm(*specs: str, path: str = "") -> Path:
    """The folder in which `npm install SPECS` was done; `path` comes before the machine's, for another node.

    Two runs at once install once, and one that was killed leaves nothing that looks installed.
    """
    place = cache() / re.sub(r"[^\w.@-]+", "-", "+".join(sorted(specs))).strip("-@")
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{place}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            making = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
            try:
                _install(making, specs, path)
                making.rename(place)
            finally:
                shutil.rmtree(making, ignore_errors=True)
    return place


def _install(place: Path, specs: tuple[str, ...], path: str) -> None:
    (place / "package.json").write_text('{"name": "clients-under-test", "private": true}\n')
    env = {name: value for name, value in os.environ.items() if _HANDED.fullmatch(name)}
    env["PATH"] = os.pathsep.join(part for part in (path, env.get("PATH", SYSTEM_PATH)) if part)
    told = ["npm", "install", "--no-audit", "--no-fund", "--save-exact", *specs]
    try:
        done = subprocess.run(told, cwd=place, env=env, text=True, capture_output=True, timeout=_PATIENCE, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise UnreachableError(str(error)) from error
    if done.returncode:
        said = f"{' '.join(told)} failed:\n{done.stdout}\n{done.stderr}"
        raise UnreachableError(said) if _AWAY.search(said) else RuntimeError(said)


def claude_binary() -> Path:
    """Claude Code's program; of its platform package, because a postinstall script that links it may be switched off."""
    scope = npm(CLAUDE_CODE) / "node_modules" / "@anthropic-ai"
    found = [folder / "claude" for folder in sorted(scope.glob("claude-code-*")) if (folder / "claude").is_file()]
    if not found:
        raise RuntimeError(f"{scope} holds no program of Claude Code; remove {npm(CLAUDE_CODE)} to fetch it again")
    return found[0]


def codex_binary() -> Path:
    """Codex's program."""
    return npm(CODEX) / "node_modules" / ".bin" / "codex"


def node() -> Path:
    """A Node.js that OpenClaw and MCP's judges run with; the machine's own may be older."""
    return npm(NODE) / "node_modules" / "node" / "bin" / "node"


def mcp_judges() -> Path:
    """MCP's conformance suite and its inspector, each in its folder."""
    return npm(*MCP_JUDGES, path=str(node().parent)) / "node_modules" / "@modelcontextprotocol"
