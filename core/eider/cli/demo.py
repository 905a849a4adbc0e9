"""The `demo` command."""

from __future__ import annotations

from typing import Final

from eider.cli.command import command, pass_state
from eider.cli.output import print_line, terminal_width
from eider.cli.state import State


@command("demo", answer=("step", "ms"), examples=("eider demo", "eider demo --json"))
@pass_state
def demo(state: State) -> None:
    """Tell a story in a temporary store.

    Three conversations are recorded, a fact changes, a draft is objected to, the process dies. A new one recalls,
    obeys what was objected, asks what was true then, undoes and forgets. Your own stores are not touched.
    """
    from eider.cli.demo_story.play import play
    from eider.cli.demo_story.stage import Stage

    play(Stage(print_line, width=terminal_width(), as_json=state.json))


COMMANDS: Final = {"demo": demo}
