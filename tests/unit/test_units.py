"""What keeps the server always on: the texts of units, held against files that are looked at."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from eider.cli import service_unit
from eider.cli.app import cli
from eider.model.errors import InputError
from eider.service import service_units

DATA = Path(__file__).parents[1] / "data"
COMMAND = ["/opt/adas 100%/python", "-P", "-m", "eider", "serve", "--foreground", "--name", r'my "$5" \ 100%']
ENVIRONMENT = {"EIDER_HOME": "/home/ada/back\\slash & 50% <new>"}


def test_the_unit_of_systemd_is_the_one_that_was_looked_at() -> None:
    """Quotes, percent signs, dollars and backslashes reach the program as they are."""
    assert service_units.systemd_unit(COMMAND, ENVIRONMENT) == (DATA / "eider.service").read_text()


def test_the_agent_of_launchd_is_the_one_that_was_looked_at() -> None:
    """And it reads back as what went in."""
    text = service_units.launchd_agent("org.eider", COMMAND, ENVIRONMENT)
    assert text == (DATA / "org.eider.plist").read_text()
    found = plistlib.loads(text.encode())
    assert (found["ProgramArguments"], found["EnvironmentVariables"]) == (COMMAND, ENVIRONMENT)


def test_systemd_itself_accepts_the_unit(tmp_path: Path) -> None:
    """Its own check finds nothing to say."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("there is no systemd-analyze here")
    program = tmp_path / "my $5 100%" / "python"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    unit = tmp_path / "eider.service"
    unit.write_text(service_units.systemd_unit([str(program), *COMMAND[1:]], ENVIRONMENT))
    (tmp_path / "run").mkdir(mode=0o700)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    done = subprocess.run([tool, "verify", "--user", "--man=no", str(unit)], env=environment, capture_output=True,
                          text=True, timeout=60, check=False)  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "eider" in line]
    assert (done.returncode, said) == (0, []), done.stderr


@pytest.mark.parametrize(
    "make", [service_units.systemd_unit, lambda c, e: service_units.launchd_agent("org.eider", c, e)]
)
def test_a_line_break_cannot_add_a_setting(make: object) -> None:
    """A directory whose name holds one is refused by name."""
    with pytest.raises(InputError, match="control character"):
        make(["/opt/python"], {"EIDER_HOME": "/tmp/a\nExecStartPre=/bin/evil"})  # type: ignore[operator]


def test_a_program_that_systemd_cannot_run_is_refused() -> None:
    """It takes no quotes in a program's name, however they are written."""
    with pytest.raises(InputError, match="quote"):
        service_units.systemd_unit(['/opt/"mine"/python'], {})


def test_homes_have_units_of_their_own() -> None:
    """Two homes never share a unit, however alike their names."""
    names = {service_units.unit_name(home, "/usual") for home in ("/usual", "/a/b", "/a-b", "/c/b", "/ünï")}
    assert len(names) == 5
    assert all(name.isascii() for name in names)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(service_unit.sys, "platform", "linux")
    return tmp_path


def test_a_dry_run_writes_nothing(account: Path) -> None:
    """It prints the whole unit, which names this interpreter and this home."""
    done = CliRunner().invoke(cli, ["service", "install", "--dry-run"])
    assert done.exit_code == 0
    assert f'"{sys.executable}" "-P" "-m" "eider" "serve" "--foreground" "--idle" "never"' in done.stdout
    assert not (account / ".config").exists()


def test_where_nobody_supervises_it_says_so_and_writes_nothing(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container has neither; what to do there is named."""
    monkeypatch.setenv("PATH", str(account))
    done = CliRunner().invoke(cli, ["service", "install"])
    assert done.exit_code == 4
    assert "no systemctl" in done.stderr
    assert "eider serve --foreground" in done.stderr
    assert not (account / ".config").exists()


def test_installing_starts_it_and_uninstalling_leaves_nothing(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands in their order; the file is there before they run and gone before the last one does."""
    tool, log = account / "systemctl", account / "asked"
    tool.write_text(f'#!/bin/sh\necho "$@" "$(ls {account}/.config/systemd/user 2>/dev/null)" >> {log}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{account}:/usr/bin:/bin")
    assert CliRunner().invoke(cli, ["service", "install", "--json"]).exit_code == 0
    (unit,) = (account / ".config" / "systemd" / "user").iterdir()
    assert CliRunner().invoke(cli, ["service", "uninstall"]).exit_code == 0
    name = unit.name
    assert [line.strip() for line in log.read_text().splitlines()] == [
        "--user show-environment", f"--user daemon-reload {name}", f"--user enable --now {name} {name}",
        f"--user show-environment {name}", f"--user disable --now {name} {name}", "--user daemon-reload",
    ]  # fmt: skip
    assert "no unit is installed" in CliRunner().invoke(cli, ["service", "uninstall"]).stdout
