"""NanoClaw as a target of `eider install`: the image gets Eider, each group a store, the agent inside its hooks.

Three files of a checkout get a block each, between marks: what the image holds, what its entry point does first, and
what the host mounts. The image's first process becomes `eider serve`, with the former entry point beneath it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as assets
from pathlib import Path
from typing import Any, Final

from eider import __version__
from eider.api.install import files
from eider.api.install.target import Edit, Options, Plan
from eider.model.errors import RefusedError

DOCKERFILE: Final = "container/Dockerfile"
ENTRY: Final = "container/entrypoint.sh"
RUNNER: Final = "src/container-runner.ts"
SKILL: Final = ".claude/skills/add-eider/SKILL.md"
_TINI: Final = re.compile(r"(?:/usr/bin/)?tini")
_BLOCK: Final = re.compile(
    r"^(?P<indent>[ \t]*)(?:#|//) >>> eider(?: was: (?P<was>[^\n]*))?\n.*?^(?P=indent)(?:#|//) <<< eider\n",
    re.MULTILINE | re.DOTALL,
)
_ENTRYPOINT: Final = re.compile(r"^ENTRYPOINT[ \t]+(?P<command>\[[^\n]*\])[ \t]*$", re.MULTILINE)
_USER: Final = re.compile(r"^USER[ \t]+(?!root\b)\S+[ \t]*$", re.MULTILINE)
_STRICT: Final = re.compile(r"^set -e[^\n]*\n", re.MULTILINE)
_READS: Final = re.compile(r"^(?:cat >|exec )", re.MULTILINE)
_MOUNTS: Final = re.compile(r"^  // Additional mounts\b[^\n]*\n|^  return mounts;\n", re.MULTILINE)
_BEFORE: Final = re.compile(r"^const mounts\b|^  const mounts\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NanoClaw:
    """A checkout of NanoClaw; named outright, because only one of its directories can be meant."""

    name: str = "nanoclaw"
    title: str = "NanoClaw"

    def is_present(self) -> bool:
        """Never by itself: a checkout is wired where its owner stands in it."""
        return False

    def place(self, options: Options) -> Path:
        """The checkout.

        Raises:
            RefusedError: The working directory is none, or not meant.
        """
        if options.project is None:
            raise RefusedError("NanoClaw is wired by checkout; run it in one, with --project.")
        return options.project

    def plan(self, options: Options) -> Plan:
        """A block in each of three files, and the skill that looks after them."""
        place = self.place(options)
        missing = [name for name in (DOCKERFILE, ENTRY, RUNNER) if not (place / name).is_file()]
        if missing:
            raise RefusedError(f"{str(place)!r} is no checkout of NanoClaw ({missing[0]!r} is missing); run it in one.")
        edits = [_file_edit(place / name, changed, what) for name, changed, what in _FILES]
        path = place / SKILL
        text = asset("add-eider/SKILL.md").encode()
        edits.append(
            Edit(
                path=path,
                before=files.read(path),
                after=text,
                what="the skill /add-eider, which checks and updates this",
                by_hand="remove the directory .claude/skills/add-eider",
                mode=0o644,
            )
        )
        notes = (
            "rebuild the image with container/build.sh and restart NanoClaw; groups that run now go on without memory.",
        )
        return Plan(edits=edits, notes=notes if any(e.after != e.before for e in edits) else ())

    def text_without_ours(self, path: Path, text: bytes, memo: Mapping[str, Any]) -> bytes | None:
        """The file with what is between our marks taken out, and what stood there put back."""
        del memo
        if path.name == Path(SKILL).name:
            return None
        return _without_blocks(text.decode()).encode()

    def unrecorded_edits(self, options: Options) -> Sequence[Edit]:
        """Blocks that no record knows of."""
        place, found = self.place(options), list[Edit]()
        for name, _, what in _FILES:
            before = files.read(place / name)
            after = None if before is None else _without_blocks(before.decode()).encode()
            if after != before:
                found.append(Edit(path=place / name, before=before, after=after, what=what, by_hand=_BY_HAND))
        return found


_BY_HAND: Final = "take out what stands between '>>> eider' and '<<< eider', and put back the line that 'was:' quotes"


def _file_edit(path: Path, changed: Callable[[str, Path], str], what: str) -> Edit:
    before = files.read(path) or b""
    try:
        text = before.decode()
    except UnicodeDecodeError:
        raise RefusedError(f"{str(path)!r} is not UTF-8; convert it, then run this again.") from None
    if "\r" in text:
        raise RefusedError(f"{str(path)!r} has Windows line ends, which its image cannot run; convert it first.")
    after = changed(_without_blocks(text), path).encode()
    return Edit(path=path, before=before, after=after, what=what, by_hand=_BY_HAND)


def asset(name: str) -> str:
    """A file of this package, with the version of Eider it goes with."""
    found = assets("eider_openclaw").joinpath("nano", *name.split("/"))
    return found.read_text(encoding="utf-8").replace("@VERSION@", __version__)


def _without_blocks(text: str) -> str:
    return _BLOCK.sub(lambda found: f"{found['was']}\n" if found["was"] else "", text)


# ---------------------------------------------------------------------- the three files


def _edit_dockerfile(text: str, path: Path) -> str:
    """Eider in the image, and as its first process."""
    commands = list(_ENTRYPOINT.finditer(text))
    if len(commands) != 1:
        raise RefusedError(f'{str(path)!r} has no single ENTRYPOINT ["…"] of its own; write one, then run this again.')
    (found,) = commands
    try:
        command = [str(word) for word in json.loads(found["command"])]
    except ValueError:
        raise RefusedError(f"{str(path)!r}: {found.group()!r} is no JSON list; write it as one.") from None
    if command and _TINI.fullmatch(command[0]):  # it would not be the first process any more
        command = command[2:] if command[1:2] == ["--"] else command[1:]
    first = json.dumps(["/opt/eider/bin/eider", "serve", "--", *command])
    served = f"# >>> eider was: {found.group()}\nENTRYPOINT {first}\n# <<< eider"
    text = text[: found.start()] + served + text[found.end() :]
    user = next(_USER.finditer(text), None)
    place = found.start() if user is None or user.start() > found.start() else user.start()
    return text[:place] + asset("Dockerfile.block") + text[place:]


def _edit_entrypoint(text: str, path: Path) -> str:
    """The hooks of the agent inside, wired at each start: its settings live in the group's volume."""
    found = _STRICT.search(text)
    place = found.end() if found else _find_first(_READS, text, path, "cat > or exec")
    return text[:place] + asset("entrypoint.block") + text[place:]


def _edit_runner(text: str, path: Path) -> str:
    """A store for each group, mounted."""
    place = _find_first(_MOUNTS, text, path, "'// Additional mounts' or 'return mounts;'")
    return text[:place] + asset("mounts.block") + text[place:]


def _find_first(pattern: re.Pattern[str], text: str, path: Path, what: str) -> int:
    found = pattern.search(text)
    if found is None:
        raise RefusedError(f"{str(path)!r} has no line {what}; this version of NanoClaw is not known, see nano/README.")
    return found.start()


_FILES: Final = (
    (DOCKERFILE, _edit_dockerfile, "Eider in the image, with its server as the first process"),
    (ENTRY, _edit_entrypoint, "the hooks of the agent inside, wired at each start"),
    (RUNNER, _edit_runner, "a store for each group, and the shared one beneath it, mounted"),
)
TARGET: Final = NanoClaw()
