"""Reads what the server logged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def recent(home: str | Path, name: str, count: int = 50) -> list[dict[str, Any]]:
    """The last lines of a log, `calls` or `errors`, oldest first, from all its files; every line must be whole."""
    files = [Path(home) / "log" / f"{name}{part}.jsonl" for part in (".2", ".1", "")]
    lines = [line for file in files if file.exists() for line in file.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines][-count:]
