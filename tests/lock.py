"""Write `dev.lock` anew: `make lock`. Every package that the tests need, at the newest version that fits all others.

pip-tools resolves it, in an environment of its own; what it is given is what `pyproject.toml` says.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = """\
# What the tests run with: every package at one version, for Python 3.11 on Linux.
# Install:    pip install -r dev.lock && pip install --no-deps -e .
# Make anew:  make lock
"""
APART = ("all", "fastembed", "sentence-transformers")
"""Extras that only name others, and two that no test loads."""
QUIET = (
    "--strip-extras",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
    "--no-annotate",
    "--no-header",
)


def requirements() -> list[str]:
    """What the base, the extras and the development group ask for."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = said["project"]["optional-dependencies"]
    asked = [*said["project"]["dependencies"], *(one for name in extras if name not in APART for one in extras[name])]
    return list(dict.fromkeys([*asked, *said["dependency-groups"]["dev"]]))


def main() -> int:
    """Resolve, and write the file."""
    with tempfile.TemporaryDirectory() as place:
        venv.create(place, with_pip=True)
        python, asked, found = Path(place, "bin", "python"), Path(place, "dev.in"), Path(place, "dev.lock")
        asked.write_text("\n".join(requirements()) + "\n")
        subprocess.run([python, "-m", "pip", "install", "-q", "pip-tools>=7.5"], check=True)
        subprocess.run([python, "-m", "piptools", "compile", "-q", *QUIET, "-o", found, asked], check=True)
        pins = found.read_text().partition("\n# The following packages")[0]
    (ROOT / "dev.lock").write_text(HEAD + pins.rstrip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
