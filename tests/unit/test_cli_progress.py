"""Progress on stderr: a bar on a terminal that leaves no trace, plain lines on request elsewhere."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr, suppress

import pytest

from eider.cli.progress import progress
from eider.cli.state import State


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of 80 columns."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_a_bar_counts_and_leaves_nothing(terminal: Terminal) -> None:
    """The line is drawn over itself and is erased in the end, also after a failure."""
    with redirect_stderr(terminal), suppress(ZeroDivisionError), progress(State(), "rebuild") as told:
        told(10, 10)
        raise ZeroDivisionError
    drawn = terminal.getvalue()
    assert "rebuild …" in drawn
    assert "10/10" in drawn
    assert drawn.count("\n") == 1
    assert drawn.endswith("\n\x1b[1A\r\x1b[2K")


def test_a_bar_has_colours_by_consent_only(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR leaves the bar and takes the colours."""
    monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stderr(terminal), progress(State(), "rebuild") as told:
        told(10, 10)
    assert "\x1b[32m" not in terminal.getvalue()
    monkeypatch.delenv("NO_COLOR")
    with redirect_stderr(terminal), progress(State(), "rebuild") as told:
        told(10, 10)
    assert "\x1b[32m" in terminal.getvalue()


def test_a_narrow_terminal_gets_no_line_that_wraps(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrapped line could not be erased."""
    monkeypatch.setenv("COLUMNS", "30")
    with redirect_stderr(terminal), progress(State(), "a label of some length") as told:
        told(10, 10)
    drawn = re.sub(r"\x1b\[[?0-9]*[a-zA-Z]", "", terminal.getvalue())
    assert all(len(part) <= 30 for part in re.split(r"[\r\n]", drawn))


def test_without_a_terminal_there_are_lines_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten at most with --progress, none without."""
    with progress(State(progress=True), "rebuild") as told:
        for done in range(101):
            told(done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "rebuild …"
    assert (len(lines), lines[-1]) == (12, "rebuild 100/100")
    with progress(State(), "rebuild") as told:
        told(1, 1)
    assert capsys.readouterr().err == ""
