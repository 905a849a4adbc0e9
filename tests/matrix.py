"""The adapters under the lowest and the newest versions of their frameworks: `make test-matrix`.

Each column is an environment of its own, kept between runs, with what `pyproject.toml` allows at least (`>=1.6` becomes
`==1.6`), or the newest there is. Exits with 1 when a test fails in any of them.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = {
    "langchain": "langchain", "llamaindex": "llamaindex", "pydantic-ai": "pydantic_ai", "anthropic": "anthropic", "mcp": "mcp",
    "openai": "openai",
}  # fmt: skip
"""Extra → what its tests are called after."""
WITH = {
    "langchain": [
        "langchain-classic>=1.0,<2",
        "langchain-tests>=1.1,<2",
        "langgraph-checkpoint-sqlite>=3.1",
        "langmem",
    ],
    "pydantic-ai": ["anthropic>=2,<3"],
    "openai": ["openai-agents"],
}
"""What the tests of an extra need besides it."""
TOOLS = ("pytest>=9", "pytest-asyncio>=1.2", "pytest-timeout>=2.3", "hypothesis", "sybil", "jsonschema", "psutil")
_AT_LEAST = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+(?:\[[a-z,]+\])?)>=(?P<version>[0-9.]+)")


def main() -> int:
    """Run the columns that are asked for, and say how each ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--column", choices=("lowest", "newest"), action="append", help="only this one")
    parser.add_argument("--extra", choices=tuple(EXTRAS), action="append", help="only this adapter")
    asked = parser.parse_args()
    ended: dict[str, int] = {}
    for extra in asked.extra or EXTRAS:
        for column in asked.column or ("lowest", "newest"):
            print(f"== {extra}, {column}", flush=True)
            ended[f"{extra}, {column}"] = tested(extra, column)
    print("\n".join(f"{'passed' if code == 0 else 'FAILED'}  {name}" for name, code in ended.items()))
    return 1 if any(ended.values()) else 0


def required(extra: str, column: str) -> list[str]:
    """The requirements of an extra, each at the least it allows or as they are."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["optional-dependencies"][extra]
    return [lowest(one) for one in wanted] if column == "lowest" else wanted


def lowest(requirement: str) -> str:
    """The same at the first version that is allowed.

    >>> lowest("langchain-core>=1.6,<2"), lowest("mcp>=2,<3")
    ('langchain-core==1.6', 'mcp==2')
    """
    found = _AT_LEAST.match(requirement)
    if found is None:
        raise ValueError(f"{requirement!r} has no least version; write name>=version.")
    return f"{found['name']}=={found['version']}"


def tested(extra: str, column: str) -> int:
    """Make the environment if need be, and run the adapter's tests in it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "eider-matrix")
    place = cache / f"{extra}-{column}-{sys.version_info.major}.{sys.version_info.minor}"
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    upgrade = ["--upgrade"] if column == "newest" else []
    wanted = [*required(extra, column), *WITH.get(extra, ())]
    made = subprocess.run([*pip, *upgrade, "-e", str(ROOT), *TOOLS, *wanted], check=False)
    if made.returncode:
        return made.returncode
    shown = subprocess.run(
        [str(python), "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    names = {re.split(r"[>=<\[]", one)[0] for one in wanted}
    print("  ".join(line for line in shown.stdout.splitlines() if line.split("==")[0] in names), flush=True)
    files = sorted(str(p) for p in (ROOT / "tests" / "adapters").glob(f"test_{EXTRAS[extra]}*.py"))
    return subprocess.run(
        [str(python), "-m", "pytest", "-m", "not slow and not client", *files], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
