"""Shared by all commands: global options, examples in the help, and opening the memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from zoneinfo import ZoneInfo

import click

from eider.cli.exit_codes import report_queued
from eider.cli.output import announce_start, write_line
from eider.cli.state import State
from eider.model import config
from eider.model.clock import parse_instant
from eider.model.errors import InputError, QueuedError, StoreMissingError

if TYPE_CHECKING:
    from eider.api.facade import Eider

Answer = type | Sequence[str]
"""The value a command answers with, or the keys of what it prints with --json."""


def _store_global_option(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Store a global option in the state; one given after the command overrides one before it."""
    if value is not None and ctx.get_parameter_source(str(param.name)) is not click.core.ParameterSource.DEFAULT:
        if param.name == "store":
            from eider.model.store_paths import refuse_password

            refuse_password(str(value))
        setattr(ctx.ensure_object(State), str(param.name), value)


def GLOBAL_OPTIONS() -> list[click.Option]:  # noqa: N802 (a constant that click wants fresh for each command)
    """Return new instances of the options that every command takes."""
    shared: dict[str, Any] = {"expose_value": False, "callback": _store_global_option}
    return [
        click.Option(["--store"], metavar="NAME|PATH", help="Which store; a path is a store of one's own.", **shared),
        click.Option(["--user"], metavar="NAME", help="Whose memory; by default the set user or the login name.", **shared),
        click.Option(["--json"], is_flag=True, help="Print one JSON object per line.", **shared),
        click.Option(["--as-agent"], is_flag=True, help="What enters was said by an agent, not by the user.", **shared),
        click.Option(["--progress/--no-progress"], default=None, help="Show progress; by default on a terminal.", **shared),
        click.Option(["-v", "--verbose"], is_flag=True, help="Show where an error came from.", **shared),
    ]  # fmt: skip


def global_section(
    ctx: click.Context, formatter: click.HelpFormatter, title: str, params: Sequence[click.Parameter]
) -> None:
    """Write options as a section of the help."""
    records = [r for p in params if (r := p.get_help_record(ctx)) is not None]
    with formatter.section(title):
        formatter.write_dl(records)


class EiderCommand(click.Command):
    """A command with the global options, two examples, and the keys it prints."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), answer: Answer = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples, self.answer = tuple(examples), answer
        self.params = [*self.params, *GLOBAL_OPTIONS()]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then the global ones."""
        names = {o.name for o in GLOBAL_OPTIONS()}
        own = [p for p in self.get_params(ctx) if p.name not in names and isinstance(p, click.Option)]
        global_section(ctx, formatter, "Options", own)
        global_section(ctx, formatter, "Options of every command", [p for p in self.params if p.name in names])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        """Write the keys that --json prints and two example lines."""
        if keys := keys_of(self.answer):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(f"Keys with --json: {', '.join(keys)}.")
        with formatter.section("Examples"):
            formatter.write("".join(f"{'':>{formatter.current_indent}}{line}\n" for line in self.examples))


class EiderGroup(click.Group):
    """Commands about one thing; without one of them they are listed, where that can be done."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read `eider inbox` as `eider inbox list`, options included."""
        named = bool(args) and (not args[0].startswith("-") or args[0] in ctx.help_option_names)
        needs = {
            n: any(isinstance(p, click.Argument) and p.required for p in c.params) for n, c in self.commands.items()
        }
        if not named and (plain := next((n for n in ("list", "show", "status") if needs.get(n) is False), "")):
            args = [plain, *args]
        return super().parse_args(ctx, args)


def keys_of(answer: Answer) -> tuple[str, ...]:
    """Return the field names of a value type, or the given keys."""
    if is_dataclass(answer):
        return tuple(f.name for f in fields(answer))
    return tuple(cast("Sequence[str]", answer))


def command(
    name: str, *, examples: Sequence[str], answer: Answer = (), epilog: str | None = None
) -> Callable[[Callable[..., Any]], EiderCommand]:
    """Declare a command; the first line of its docstring is its summary."""
    return click.command(name, cls=EiderCommand, examples=examples, answer=answer, epilog=epilog)  # pyright: ignore[reportReturnType]


pass_state: Final = click.make_pass_decorator(State, ensure=True)


@contextmanager
def open_memory(state: State, *, create: bool = False, agent: str | None = None, **how: Any) -> Generator[Eider]:
    """Open the memory that the options name, with the command line's channel and trust.

    Args:
        state: The global options.
        create: Make the store when there is none; only what keeps something does.
        agent: Who learns; by default as set.
        how: More arguments of `eider.open`.

    Raises:
        StoreMissingError: There is no such store and it is not made.
    """
    from eider.api.open import open as open_store
    from eider.model.store_paths import folder_of, is_address

    store = state.store or config.setting("store")
    if not is_address(store):
        folder, store = folder_of(state.store), state.store
        if not create and not is_store(folder) and not _store_made_by_spool(state, folder):
            raise StoreMissingError(folder, "keep something first with eider remember, or name another with --store.")
    agent = agent or config.setting("agent") or "default"
    if not is_address(store) and not config.is_path(store or "") and config.setting("server") != "off":
        announce_start(str(config.home()))
    with (
        open_store(store, user=state.user_name(), agent=agent, **how) as memory,
        memory.channel("cli", state.max_trust()) as seen,
    ):
        try:
            yield seen
        except QueuedError as error:  # kept all the same, which is no failure
            report_queued([error.key], as_json=state.json)
            raise click.exceptions.Exit(0) from None


def parse_time(text: str, tz: str) -> str:
    """Return a time as requests take it; words such as "yesterday" or "last week" are the beginning of what they name.

    Raises:
        InputError: It cannot be read.
    """
    from eider.language.dates import periods_in

    try:
        parse_instant(text, tz=tz)
    except InputError as error:
        words, today = text.strip(), datetime.now(ZoneInfo(tz)).date()
        found = [w for a, b, w in periods_in(words, said_on=today, asked=True) if b - a == len(words)]
        if not found:
            raise InputError(f"{str(error).rstrip('.')}, or words such as 'yesterday' or 'last week'.") from None
        return found[0].start.isoformat()
    return text


def explain_nothing(memory: Eider, scopes: Sequence[str] | None) -> None:
    """Say on stderr why nothing may have been found: there is no such user, or no such scope."""
    if not memory.search("", limit=1).total:
        write_line(f"nothing is kept for user {memory.user!r} here", err=True)
        return
    known = {one.name for one in memory.scopes()}
    for scope in scopes or ():
        if scope not in known:
            write_line(f"there is no scope {scope!r}; eider scopes lists them", err=True)


def resolve_scope(said: str) -> str:
    """Return the scope's stored name; `project` becomes the scope of the working directory."""
    from eider.model.project_scope import project_scope

    return project_scope() if said == "project" else said


def is_store(folder: Path) -> bool:
    """Return whether a directory exists and is not empty."""
    return folder.is_dir() and any(folder.iterdir())


def _store_made_by_spool(state: State, folder: Path) -> bool:
    """Return whether draining the spool creates the store."""
    from eider.api.open import is_shared
    from eider.client import spool
    from eider.client.client import Client, ClientError

    if not is_shared(state.store, shared=None, mine={}) or not spool.waiting_bytes(str(config.home())):
        return False
    client = Client()
    try:
        client.ask("POST", "/v1/server/drain", {})
    except ClientError:
        return False
    finally:
        client.close()
    return is_store(folder)


def text_of(words: Sequence[str]) -> str:
    """Return the words of a text argument joined, or all of stdin for a single dash."""
    return stdin_text() if tuple(words) == ("-",) else " ".join(words)


def stdin_text() -> str:
    """Read stdin as text, without the final line break.

    Raises:
        InputError: It is not UTF-8.
    """
    given = sys.stdin.buffer.read()
    try:
        return given.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise InputError(
            f"stdin is not UTF-8 (byte {error.start}); convert it, for example with iconv -f latin1 -t utf-8."
        ) from None
