"""NanoClaw as a target of `eider install`: the image gets Eider, each group a store, the agent inside its hooks.

The image gets the program and a script that starts it beside the agent; the runner, which names what a container runs
whatever the image says, calls that script and mounts a home for each group. Both edits stand between marks. A checkout of
another layout is refused: there the script would never be called.
"""

from __future__ import annotations

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
START: Final = "container/eider-start.sh"
RUNNER: Final = "src/container-runner.ts"
SKILL: Final = ".claude/skills/add-eider/SKILL.md"
_BLOCK: Final = re.compile(
    r"^(?P<indent>[ \t]*)(?:#|//) >>> eider(?: was: (?P<was>[^\n]*))?\n.*?^(?P=indent)(?:#|//) <<< eider\n",
    re.MULTILINE | re.DOTALL,
)
_USER: Final = re.compile(r"^USER[ \t]+(?!root\b)\S+[ \t]*$", re.MULTILINE)
_MOUNTS: Final = re.compile(r"^  // Additional mounts\b[^\n]*\n|^  return mounts;\n", re.MULTILINE)
_RUN: Final = re.compile(
    r"^(?P<indent>[ \t]*)args\.push\('-c', 'exec (?P<command>bun run [^'\\\n]+)'\);\n", re.MULTILINE
)
"""What a container runs; the runner names it, so the image's own entry point is never used."""


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
        """Blocks in two files, the script that is called, and the skill that looks after them."""
        place = self.place(options)
        missing = [name for name in (DOCKERFILE, RUNNER) if not (place / name).is_file()]
        if missing:
            raise RefusedError(f"{str(place)!r} is no checkout of NanoClaw ({missing[0]!r} is missing); run it in one.")
        edits = [_file_edit(place / name, changed, what) for name, changed, what in _FILES]
        for name, content, what, mode in _NEW_FILES:
            path = place / name
            after = asset(content).encode()
            edits.append(
                Edit(path=path, before=files.read(path), after=after, what=what, by_hand=f"remove {name}", mode=mode)
            )
        notes = (
            "rebuild the image with container/build.sh and restart NanoClaw; groups that run now go on without memory.",
        )
        return Plan(edits=edits, notes=notes if any(e.after != e.before for e in edits) else ())

    def text_without_ours(self, path: Path, text: bytes, memo: Mapping[str, Any]) -> bytes | None:
        """The file with what is between our marks taken out, and what stood there put back."""
        del memo
        if path.name in (Path(SKILL).name, Path(START).name):
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
    """Eider in the image, before root is given up."""
    user = next(_USER.finditer(text), None)
    if user is None:
        raise RefusedError(f"{str(path)!r} has no line USER; this version of NanoClaw is not known, see nano/README.")
    return text[: user.start()] + asset("Dockerfile.block") + text[user.start() :]


def _edit_runner(text: str, path: Path) -> str:
    """A home for each group, mounted, and the agent started by Eider's script where the image has it."""
    found = list(_RUN.finditer(text))
    if len(found) != 1:
        raise RefusedError(
            f"{str(path)!r} has no single line args.push('-c', 'exec bun run …'), so it is not known what a container runs; "
            "this version of NanoClaw is not known, see nano/README."
        )
    (run,) = found
    command = run["command"]
    started = f"[ -x /opt/eider/start ] && exec /opt/eider/start {command}; exec {command}"
    line = run.group().rstrip("\n")
    indent = run["indent"]
    block = f"{indent}// >>> eider was: {line}\n{indent}args.push('-c', '{started}');\n{indent}// <<< eider\n"
    text = text[: run.start()] + block + text[run.end() :]
    place = _find_first(_MOUNTS, text, path, "'// Additional mounts' or 'return mounts;'")
    return text[:place] + asset("mounts.block") + text[place:]


def _find_first(pattern: re.Pattern[str], text: str, path: Path, what: str) -> int:
    found = pattern.search(text)
    if found is None:
        raise RefusedError(f"{str(path)!r} has no line {what}; this version of NanoClaw is not known, see nano/README.")
    return found.start()


_FILES: Final = (
    (DOCKERFILE, _edit_dockerfile, "Eider in the image, and the script that starts it"),
    (RUNNER, _edit_runner, "a home for each group, mounted, and the agent started beside Eider"),
)
_NEW_FILES: Final = (
    (START, "start.sh", "what starts Eider beside the agent", 0o755),
    (SKILL, "add-eider/SKILL.md", "the skill /add-eider, which checks and updates this", 0o644),
)
TARGET: Final = NanoClaw()
