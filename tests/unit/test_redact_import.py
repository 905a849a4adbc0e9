"""What redaction costs a process that only imports it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CORE = Path(__file__).parents[2] / "core"


def test_importing_is_cheap() -> None:
    """A hook pays for neither regular expressions nor dataclasses until a text looks suspicious."""
    code = (
        f"import sys; package = type(sys)('eider'); package.__path__ = [{str(CORE / 'eider')!r}]; "
        "sys.modules['eider'] = package; before = set(sys.modules); from eider.privacy.redact import redact; "
        "redact('We sail at noon.'); new = set(sys.modules) - before; "
        "print(sorted(new & {'re', 'typing', 'dataclasses', 'inspect', 'json', 'numpy'}))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
