"""Count the private functions of shipped code, and how many of them are used in one place only.

    python tests/lab/one_use.py [-v] [FOLDER …]

A private function that is called once sends a reader away and back. It is worth its name where it hides something
hard; `-v` lists all of them, the shortest first.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = ("core", "adapters", "plugins", "claude_hooks", "openclaw_plugin")


def one_use(path: Path) -> Iterator[tuple[str, int, int, int]]:
    """Yield name, line, lines and uses of each private function of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = Counter[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            used[node.id] += 1
        elif isinstance(node, ast.Attribute):
            used[node.attr] += 1
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = node.name
            if name.startswith("_") and not name.endswith("_"):
                yield name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1, used[name]


def main() -> None:
    """Print the figures; with -v every function that is used once."""
    folders = [Path(a) for a in sys.argv[1:] if not a.startswith("-")] or [ROOT / name for name in SHIPPED]
    found = [
        (lines, path, line, name, uses)
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        for name, line, lines, uses in one_use(path)
    ]
    once = sorted(f for f in found if f[4] == 1)
    print(f"{len(once)} of {len(found)} private functions are used once: {len(once) / max(1, len(found)):.0%}")
    if "-v" in sys.argv:
        for lines, path, line, name, _ in once:
            print(f"{lines:4} {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{line} {name}")


if __name__ == "__main__":
    main()
