"""Where backups of a store lie: below EIDER_HOME, and in the directories that were named for them."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from eider.model import config

MANIFEST: Final = "manifest.json"
_ELSEWHERE: Final = "elsewhere.json"
_SUFFIX: Final = ".eider"


def shelf_name(folder: Path) -> str:
    """The name a store's backups go by: its own; a path's carries a digest, for many paths end alike."""
    named = folder.name.removesuffix(_SUFFIX)
    if folder.parent == config.home().absolute() / "stores":
        return named
    return f"{named}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}"


def shelf(folder: Path) -> Path:
    """The directory of a store's backups; nothing is made."""
    return config.home().absolute() / "backups" / shelf_name(folder)


def private_shelf(folder: Path) -> Path:
    """The same, made for its owner alone."""
    own = shelf(folder)
    config.private(own.parent)
    return config.private(own)


def shelves() -> list[Path]:
    """Every directory that holds, or held, backups of this home, sorted."""
    own = config.home().absolute() / "backups"
    named = sorted(p for p in own.iterdir() if p.is_dir()) if own.is_dir() else []
    return list(dict.fromkeys([*named, *(other for place in named for other in _elsewhere(place))]))


def note_elsewhere(folder: Path, place: Path) -> None:
    """Remember that backups of a store are kept at another place too, so that they are listed and named."""
    own = private_shelf(folder)
    known = _elsewhere(own)
    if place in known or place == own:
        return
    fresh = own / f".{_ELSEWHERE}.{os.getpid()}"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([str(p) for p in (*known, place)], file)
    fresh.replace(own / _ELSEWHERE)


def _elsewhere(place: Path) -> list[Path]:
    with suppress(OSError, ValueError, TypeError):
        return [Path(p) for p in json.loads((place / _ELSEWHERE).read_text())]
    return []


def places(folder: Path) -> list[Path]:
    """The directories that hold backups of one store."""
    own = shelf(folder)
    return [own, *_elsewhere(own)]


def backups(folder: Path) -> list[Path]:
    """Whole backups of one store, oldest first."""
    name = shelf_name(folder)
    found = [p.parent for place in places(folder) if place.is_dir() for p in place.glob(f"[!.]*/{MANIFEST}")]
    return sorted((p for p in found if _store_of(p) == name), key=lambda p: (p.name, str(p)))


def _store_of(path: Path) -> object:
    """Whose backup a directory says it is; a place elsewhere may hold those of several stores."""
    with suppress(OSError, ValueError, AttributeError):
        return json.loads((path / MANIFEST).read_text(encoding="utf-8")).get("store")
    return None
