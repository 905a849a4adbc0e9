"""Assembles the sources of the documentation site: pages of the repository, and what is generated from the code.

Run by `make docs`. Links between pages of the repository are turned into links of the site; a link that leads nowhere is an
error, so that the site cannot be built with one.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

import eider
from eider.api.facade import Eider
from eider.api.verbs import VERBS
from eider.cli.app import SECTIONS, cli
from eider.model import config, errors
from eider.service import openapi
from eider.service.http_app import status_of

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = {
    **{f"docs/{p.name}": p.name for p in sorted((ROOT / "docs").glob("*.md"))},
    **{f"docs/decisions/{p.name}": f"decisions/{p.name}" for p in sorted((ROOT / "docs/decisions").glob("*.md"))},
    **{f"adapters/{p.parent.name}/README.md": f"guides/{p.parent.name}.md" for p in sorted((ROOT / "adapters").glob("*/README.md"))},
    "claude_hooks/README.md": "guides/claude-code.md", "openclaw_plugin/README.md": "guides/openclaw.md",
    "openclaw_plugin/eider_openclaw/nano/README.md": "guides/nanoclaw.md", "examples/README.md": "examples.md",
    "examples/mcp_with_claude_code.md": "guides/mcp-with-claude-code.md", "README.md": "readme.md",
    "BENCHMARKS.md": "benchmarks.md", "CHANGELOG.md": "changelog.md", "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md", "ARCHITECTURE.md": "architecture.md", "CODE_OF_CONDUCT.md": "code-of-conduct.md",
}  # fmt: skip
"""Page of the repository → page of the site."""
_LINK: Final = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_METHODS: Final = """Made from the docstrings. Every verb is a method of the same name in `eider.aio`, a route of the
[HTTP API](http-api.md) and, where it makes sense, a [command](commands.md).
"""
_CODE: Final = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def main(to: Path) -> int:
    """Write all pages; returns 1 and names them when links lead nowhere."""
    shutil.rmtree(to, ignore_errors=True)
    made = {
        "api.md": api_reference, "commands.md": command_reference, "settings.md": settings_table, "errors.md": error_catalogue,
        "http-api.md": http_api, "guides.md": guides,
    }  # fmt: skip
    broken: list[str] = []
    for source, target in PAGES.items():
        if (ROOT / source).is_file():
            _write(to / target, _relinked(source, target, {*PAGES.values(), *made}, broken))
    for target, make in made.items():
        _write(to / target, make())
    for one in broken:
        print(f"broken link: {one}", file=sys.stderr)
    return 1 if broken else 0


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _relinked(source: str, target: str, pages: set[str], broken: list[str]) -> str:
    """Return a page with its links as they are on the site; files that are not on it are named without a link."""
    text = (ROOT / source).read_text(encoding="utf-8")
    code = [found.span() for found in _CODE.finditer(text)]

    def link(found: re.Match[str]) -> str:
        label, href = found[1], found[2]
        if any(a <= found.start() < b for a, b in code) or re.match(r"[a-z]+:|#", href):
            return found[0]
        path, mark, anchor = href.partition("#")
        inside = os.path.normpath(os.path.join(os.path.dirname(source), path))
        if (ROOT / inside).is_dir() and (ROOT / inside / "README.md").is_file():
            inside += "/README.md"
        here = PAGES.get(inside) or (
            path if os.path.normpath(os.path.join(os.path.dirname(target), path)) in pages else None
        )
        if here is None:
            if not (ROOT / inside).exists():
                broken.append(f"{source}: {href}")
            return f"{label} (`{inside}`)"
        where = os.path.relpath(here, os.path.dirname(target) or ".") if inside in PAGES else path
        return f"[{label}]({where}{mark}{anchor})"

    return _LINK.sub(link, text)


def _section(doc: str) -> str:
    """Return a docstring as Markdown: Args, Returns and Raises become lists."""
    lines, inside = list[str](), False
    for line in doc.split("\n"):
        if re.fullmatch(r"(Args|Returns|Raises|Yields|Attributes|Source):.*", line):
            inside = True
            lines += [
                "",
                f"**{line.partition(':')[0]}**",
                "",
                *([line.partition(":")[2].strip()] if line.partition(":")[2].strip() else []),
            ]
        elif inside and (item := re.fullmatch(r"    ([\w*.]+): (.*)", line)):
            lines.append(f"- `{item[1]}`: {item[2]}")
        else:
            inside = inside and (not line or line.startswith(" "))
            lines.append(
                f"  {line.strip()}" if inside and line.strip() and not line.lstrip().startswith(">>>") else line
            )
    return "\n".join(lines)


def _entry(name: str, thing: Any, level: str = "###") -> str:
    try:
        signature = str(inspect.signature(thing)).replace("(self, ", "(").replace("(self)", "()")
    except (TypeError, ValueError):
        signature = ""
    return f"{level} {name}\n\n```text\n{name.rpartition('.')[2]}{signature}\n```\n\n{_section(inspect.getdoc(thing) or '')}\n"


def api_reference() -> str:
    """Return the public face with its docstrings: opening, the verbs, values, and other names."""
    parts = ["# API reference\n", _METHODS, _entry("eider.open", eider.open, "##")]
    methods = sorted(n for n, _ in inspect.getmembers(Eider, inspect.isfunction) if not n.startswith("_"))
    parts += ["## Methods of a memory\n", *(_entry(name, getattr(Eider, name)) for name in methods)]
    others = [
        n
        for n in eider.__all__
        if n not in ("open", "Eider") and not (inspect.isclass(v := getattr(eider, n)) and issubclass(v, Exception))
    ]
    parts += ["## Values and other names\n", *(_entry(name, getattr(eider, name)) for name in others)]
    return "\n".join(parts)


def command_reference() -> str:
    """Return the help of every command."""
    context = click.Context(cli, info_name="eider")
    parts = ["# Commands\n\nAlso `eider help COMMAND`.\n", f"```text\n{cli.get_help(context)}\n```\n"]
    for section, names in SECTIONS.items():
        parts.append(f"## {section}\n")
        for name in names:
            command = cli.get_command(context, name)
            parts += _commands(command, context, name) if command else ()
    return "\n".join(parts)


def _commands(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield f"### {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            if found is not None:
                yield from _commands(found, context, sub)


def settings_table() -> str:
    """Return all settings with what they mean."""
    rows = [f"| `{name}` | `EIDER_{name.upper()}` | {_cell(what)} |" for name, what in config.SETTINGS.items()]
    head = ["# Settings\n", "`eider config set NAME VALUE` keeps one in `config.json` of the home; the environment comes first.\n",
            "| name | in the environment | meaning |", "|---|---|---|"]  # fmt: skip
    home = "| – | `EIDER_HOME` | directory of stores, settings and logs |"
    return "\n".join([*head, home, *rows, ""])


def error_catalogue() -> str:
    """Return all errors with the reason, the HTTP status and the error above them."""
    kinds = [k for _, k in inspect.getmembers(errors, inspect.isclass) if issubclass(k, errors.EiderError)]
    rows = [f"| `{k.__name__}` | {_cell((inspect.getdoc(k) or '').split(chr(10))[0])} | `{k.__mro__[1].__name__}` | {status_of(k.__new__(k))} |"
            for k in sorted(kinds, key=lambda k: k.__name__)]  # fmt: skip
    return "\n".join(["# Errors\n", "Every message names the value and the fix. All are `EiderError`.\n",
                      "| error | when | is a | HTTP |", "|---|---|---|---|", *rows, ""])  # fmt: skip


def http_api() -> str:
    """Return the routes, from the same document that the server gives."""
    document = openapi.document()
    rows = [f"| `{method.upper()} {path}` | {_cell(str(about.get('summary', '')))} |"
            for path, methods in sorted(document["paths"].items()) for method, about in methods.items()]  # fmt: skip
    said = str(document["info"].get("description", ""))
    return "\n".join(["# HTTP API\n", said, "", f"{len(VERBS)} verbs, and a few routes about the server itself. `GET /openapi.json` has all fields.\n",
                      "| route | what |", "|---|---|", *rows, ""])  # fmt: skip


def guides() -> str:
    """Return the list of guides."""
    rows = []
    for source, target in PAGES.items():
        if target.startswith("guides/"):
            title = (ROOT / source).read_text(encoding="utf-8").split("\n")[0].lstrip("# ")
            rows.append(f"- [{title or target}]({target})")
    return "\n".join(["# Guides\n", *rows, "- [Hosts compared](hosts.md)", "- [Examples](examples.md)", ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
