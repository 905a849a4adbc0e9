"""basic-memory: a directory of Markdown notes with observations and relations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eider.model.errors import InputError
from eider.records.importers.markdown import front_matter, passages
from eider.records.importers.source import Found, Importer, Skipped, Wanted, statement

_OBSERVATION: Final = re.compile(r"^\[([^\[\]()]+)\]\s+(.+)$")
_RELATION: Final = re.compile(r"^(.*?)\s*\[\[([^\]]+)\]\](?:\s*\(([^)]*)\))?$")
_TAGS: Final = re.compile(r"(?:\s+#[\w/-]+)+(?=\s*(?:\([^()]*\))?$)")
_KINDS: Final = {
    "preference": "preference", "decision": "decision", "rule": "rule", "requirement": "rule", "insight": "insight",
    "lesson": "insight", "context": "context",
}  # fmt: skip
_TASK: Final = (" ", "x", "X", "-")
_LOOKED_AT: Final = 20
"""Files that are looked at before a directory is taken for something else."""


def detect(path: Path) -> bool:
    """Whether its notes have a permalink."""
    for file, _ in zip(_files(path), range(_LOOKED_AT), strict=False):
        try:
            values, _, _ = front_matter(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        if "permalink" in values:
            return True
    return False


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield observations by their category, relations as sentences, and the rest of each note as context."""
    for file in _files(path):
        name = file.name if path.is_file() else str(file.relative_to(path))
        try:
            values, body, lines = front_matter(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            yield name, InputError(f"cannot be read ({type(error).__name__}); save it as UTF-8.")
            continue
        title = str(values.get("title") or file.stem)
        for passage in passages(body, lines + 1):
            yield f"{name} line {passage.line}", passage.skipped() or _read(passage.text, title, wanted)


def _read(text: str, title: str, wanted: Wanted) -> Skipped | dict[str, object]:
    observation = _OBSERVATION.match(text)
    if observation and observation[1] in _TASK:
        return Skipped("tasks")
    if observation:
        said = _TAGS.sub("", observation[2]).strip()
        return statement(
            _with_title(title, said), kind=_KINDS.get(observation[1].strip().lower(), "fact"), scope=wanted.scope
        )
    if relation := _RELATION.match(text):
        word = relation[1].strip().strip("*_").replace("_", " ") or "relates to"
        why = f" ({relation[3]})" if relation[3] else ""
        return statement(f"{title} {word} {relation[2]}{why}", scope=wanted.scope)
    return statement(_with_title(title, text), kind="context", scope=wanted.scope)


def _with_title(title: str, text: str) -> str:
    return text if title.casefold() in text.casefold() else f"{title}: {text}"


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield from [path] if path.suffix == ".md" else []
    else:
        yield from (
            p for p in sorted(path.rglob("*.md")) if not any(part.startswith(".") for part in p.relative_to(path).parts)
        )


IMPORTER: Final = Importer(name="basic-memory", title="basic-memory notes", detect=detect, iterate=iterate)
