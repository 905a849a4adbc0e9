"""Entry point of the command line: loads commands by name and turns errors into exit codes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import click

from eider import __version__
from eider.cli.command import GLOBAL_OPTIONS, global_section
from eider.cli.exit_codes import BAD_USAGE, FAILED, FAULT, INTERRUPTED, close_stdout, code_of, fail, in_commands
from eider.cli.output import print_error, write_line
from eider.cli.state import State

SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "Keep": {"record": "record", "remember": "record"},
    "Learn": {"observe": "learn", "add-rules": "learn", "policy": "learn"},
    "Ask": {"recall": "recall", "inject": "recall", "search": "recall", "sql": "recall"},
    "Change": {
        "correct": "revise", "deactivate": "revise", "reinforce": "revise", "pin": "revise",
        "unpin": "revise", "undo": "revise", "consolidate": "retention", "forget": "forget",
        "forget-user": "forget", "inbox": "scopes", "scopes": "scopes",
    },
    "Outcome": {"loop": "loops", "learned": "loops"},
    "Workflows": {"runs": "runs"},
    "Links": {"graph": "graph"},
    "Account": {
        "why": "history", "history": "history", "events": "history", "diff": "history", "health": "history",
        "retention": "retention",
    },
    "Stores": {
        "store": "stores", "config": "settings", "export": "export", "import": "export", "backup": "backup",
        "drain": "maintenance",
        "verify": "maintenance", "rebuild": "maintenance", "embed": "embed", "migrate": "migrate", "doctor": "doctor",
    },
    "Server": {
        "serve": "serve", "stop": "serve", "status": "serve", "jobs": "jobs", "pause": "jobs", "resume": "jobs",
        "log": "log", "service": "service_unit", "token": "token",
    },
    "Agents": {"mcp": "mcp"},
    "Hosts": {"install": "install", "uninstall": "install"},
    "See for yourself": {"demo": "demo", "bench": "bench"},
}  # fmt: skip
"""Section → command → module below `eider.cli`; a module is imported when its command runs or its help is shown."""
_MODULES: Final = {name: module for commands in SECTIONS.values() for name, module in commands.items()}
SUMMARIES: Final[Mapping[str, str]] = {
    "record": "Keep an utterance verbatim.",
    "remember": "Keep a statement.",
    "observe": "Record an exchange and learn what lasts of it.",
    "add-rules": "Keep explicit instructions as rules.",
    "policy": "Print the guidance an agent should obey.",
    "recall": "Rank what is kept for a question.",
    "inject": "Print what belongs into a prompt by itself.",
    "search": "List and filter what is kept.",
    "sql": "Ask your own rows in SQL.",
    "correct": "Replace a memory by what is true now.",
    "deactivate": "End a memory without a successor.",
    "reinforce": "Say that a memory was useful.",
    "pin": "Never let a memory decay.",
    "unpin": "Let a pinned memory decay again.",
    "undo": "Take back the change an event made.",
    "consolidate": "Close memories that have decayed.",
    "retention": "Show what fades, the least worth first.",
    "forget": "Erase a memory or an utterance for good.",
    "forget-user": "Erase all of a user for good.",
    "inbox": "Answer what waits for you: words that may be worth keeping, and memories that may no longer hold.",
    "scopes": "List scopes, and keep them few.",
    "loop": "Open, judge and close loops.",
    "graph": "Show what belongs together, and say what does.",
    "runs": "List, show, export and forget runs of workflows.",
    "learned": "Show what outcomes have taught about a user.",
    "why": "Show what a memory rests on.",
    "history": "Show all versions of a memory.",
    "events": "List what changed, newest first.",
    "diff": "Show what changed between two instants.",
    "health": "Show how a user's memory stands.",
    "store": "List, create, choose, remove and publish stores.",
    "config": "Show and change settings.",
    "export": "Write all of a user to a file.",
    "import": "Import an export of Eider, what another tool keeps, or past conversations of a host.",
    "backup": "Make, list, restore and schedule backups.",
    "drain": "Bring the search index up to date.",
    "verify": "Check a store for damage.",
    "rebuild": "Build the search index anew.",
    "embed": "Look at, exchange and renew the embedder of a store.",
    "migrate": "Move everything of a store into another place.",
    "doctor": "Find what is wrong, and mend it.",
    "serve": "Start the server process that holds the stores for all others.",
    "stop": "End the server process.",
    "status": "Show the server process: who it is, what it holds and does.",
    "jobs": "List, show, retry, purge and run background work.",
    "token": "Make, list and revoke tokens for people who use the server over HTTP.",
    "pause": "Pause background work until it is resumed.",
    "resume": "End a pause.",
    "log": "Show what the server noted: calls and errors, never their content.",
    "service": "Keep the server process always on.",
    "mcp": "Serve the memory to an MCP client on stdin and stdout.",
    "install": "Wire the hosts on this machine to Eider.",
    "uninstall": "Undo what eider install changed.",
    "demo": "Tell a story in a temporary store.",
    "bench": "Measure retrieval on your own store.",
}
"""First line of each command's help, kept here so that `eider --help` imports no command; a test compares them."""
EPILOG: Final = """\
\b
Exit codes:
    0  done; finding nothing is an answer too
    1  checked, and not well: verify has findings, an import refused rows
    2  the command line or a value cannot be used
    3  refused, or no such memory, episode, event or store
    4  the store, a file or a component failed
   70  a fault of Eider itself
  130  interrupted
  141  the reader of the output went away

\b
Environment:
  EIDER_HOME   directory of stores and settings
  EIDER_STORE  store name or path      EIDER_USER  whose memory
  EIDER_ORIGIN agent, tool or document: what enters claims no more
  EIDER_SERVER  off: open stores in this process, share them with nobody
  NO_COLOR     no colours

\b
Shell completion, in ~/.bashrc or ~/.zshrc:
  eval "$(_EIDER_COMPLETE=bash_source eider)"
  eval "$(_EIDER_COMPLETE=zsh_source eider)"
  _EIDER_COMPLETE=fish_source eider > ~/.config/fish/completions/eider.fish

\b
Examples:
  eider remember "Prefers snake_case." --kind preference
  eider observe "No, please write in paragraphs." --agent-output "I suggest bullets."
  eider policy --context "reviewing a pull request"
  eider recall "how should I name this function?"
"""


ALIASES: Final = {
    "add": "remember", "find": "search", "list": "search", "ls": "search", "query": "recall", "get": "recall",
    "delete": "forget", "remove": "forget", "rm": "forget", "update": "correct", "edit": "correct",
}  # fmt: skip
"""What other tools call a command, which runs all the same."""


class Commands(click.Group):
    """The commands by section, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return all command names in the order of the help."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the one module."""
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"eider.cli.{_MODULES[cmd_name]}")
        return module.COMMANDS[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for a misspelt name suggest the nearest one."""
        if args[:1] == ["help"]:
            return super().resolve_command(ctx, [*args[1:], "--help"]) if args[1:] else (None, None, _print_help(ctx))
        if args and args[0] not in _MODULES and args[0] in ALIASES:
            args = [ALIASES[args[0]], *args[1:]]
        if args and args[0] not in _MODULES and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], _MODULES, n=1, cutoff=0.7)
            hint = f"did you mean {near[0]!r}?" if near else "see 'eider --help'."
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands by section, then the options."""
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, SUMMARIES[name]) for name in commands])
        global_section(ctx, formatter, "Options (before or after the command)", self.get_params(ctx))

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, complete_var: str | None = None,
        standalone_mode: bool = True, windows_expand_args: bool = True, **extra: Any,
    ) -> Any:  # fmt: skip
        """Run a command and exit with the code of its error."""
        given = list(sys.argv[1:] if args is None else args)
        verbose = bool({"-v", "--verbose"} & set(given))
        try:
            _check_encoding(given)
            code = super().main(
                given, prog_name or "eider", complete_var, standalone_mode=False,
                windows_expand_args=windows_expand_args, **extra,
            )  # fmt: skip
            sys.stdout.flush()
            code = code if isinstance(code, int) else 0
        except Exception as error:  # noqa: BLE001 (every ending gets its code)
            code = report_error(error, verbose=verbose, as_json="--json" in given)
        except KeyboardInterrupt:
            code = report_error(click.Abort(), verbose=verbose)
        except SystemExit:  # click's way to say that stdout was closed
            code = close_stdout()
        if standalone_mode:
            sys.exit(code)
        return code


def _print_help(ctx: click.Context) -> list[str]:
    click.echo(ctx.get_help())
    ctx.exit()


def report_error(error: BaseException, *, verbose: bool, as_json: bool = False) -> int:
    """Print an error on stderr, as one line or as one JSON object, and return its exit code."""
    from eider.model.errors import EiderError

    if isinstance(error, BrokenPipeError):
        return close_stdout()
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return fail("interrupted", INTERRUPTED)
    if isinstance(error, click.ClickException):
        return _report_usage_error(error, as_json=as_json)
    if verbose:
        import traceback

        print_error("".join(traceback.format_exception(error)).rstrip(), prefix="")
    if isinstance(error, EiderError):
        return fail(in_commands(str(error)), code_of(type(error)), kind=type(error).__name__, as_json=as_json)
    if isinstance(error, OSError):
        name = f" {error.filename!r}" if error.filename else ""
        return fail(
            f"{error.strerror or error}{name}; see that the file is there and may be used.", FAILED, as_json=as_json
        )
    again = "" if verbose else "; run it again with -v and report what it prints"
    return fail(f"a fault of Eider itself ({type(error).__name__}: {error}){again}", FAULT, as_json=as_json)


def _report_usage_error(error: click.ClickException, *, as_json: bool) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        write_line(error.format_message(), err=True)
        return BAD_USAGE
    message = " ".join(error.format_message().split())
    if isinstance(error, click.NoSuchOption):
        message += " Put -- before a text that begins with a dash."
    message = message[:1].lower() + message[1:]
    code = BAD_USAGE if isinstance(error, click.UsageError) else FAILED
    context = getattr(error, "ctx", None)
    help_line = f"see '{context.command_path} --help'" if context is not None else ""
    if as_json:
        return fail(f"{message}; {help_line}" if help_line else message, code, kind="UsageError", as_json=True)
    print_error(message)
    if help_line:
        print_error(help_line, prefix="")
    return code


def _check_encoding(args: Sequence[str]) -> None:
    """Raise for arguments that are not UTF-8; they arrive with surrogates, which cannot be stored."""
    for place, arg in enumerate(args, 1):
        try:
            arg.encode()
        except UnicodeEncodeError as error:
            raise click.UsageError(
                f"argument {place} is not valid UTF-8 (at character {error.start}); convert it, for example with iconv."
            ) from None


@click.command(
    cls=Commands, epilog=EPILOG, params=list(GLOBAL_OPTIONS()), context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, "-V", "--version", message="eider %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Persistent memory for AI agents: offline, embedded, in milliseconds."""
    ctx.ensure_object(State)
