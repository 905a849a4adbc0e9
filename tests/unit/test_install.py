"""What an install costs: packages, import time's causes, and what a bare import may load."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires

HEAVY = ("numpy", "duckdb", "lancedb", "pyarrow", "tokenizers", "safetensors", "click", "rich", "pydantic", "asyncio")


def closure(name: str, found: set[str] | None = None) -> set[str]:
    """Packages that installing one brings, without extras."""
    found = set() if found is None else found
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in found:
        return found
    try:
        needed = requires(name) or []
    except PackageNotFoundError:  # for another platform or Python
        return found
    found.add(key)
    for line in needed:
        if "extra ==" not in line:
            closure(re.split(r"[ \[;<>=!~(]", line, maxsplit=1)[0], found)
    return found


def test_the_base_install_is_small() -> None:
    """At most 45 packages, eider included."""
    assert len(closure("eider")) <= 45


def test_import_loads_nothing_heavy() -> None:
    """`import eider` costs milliseconds because what is heavy is loaded when it is first used."""
    code = f"import eider, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_opening_and_writing_does_not_load_the_index() -> None:
    """LanceDB costs more than a second to import, so nothing a first answer needs may import it."""
    code = (
        "import eider, sys, tempfile; m = eider.open(tempfile.mkdtemp() + '/m.eider', user='ada');"
        "m.remember('Tea.'); m.recall('tea'); m.inject('tea?'); m.close(); print('lancedb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")
