"""The built package as a stranger installs it: wheel and sdist, in a clean environment, from its own files alone."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def build(what: str, source: Path, into: Path) -> Path:
    """Build a wheel or an sdist of a source tree with the build backend that is installed here; returns the file."""
    into.mkdir(exist_ok=True)
    code = f"import hatchling.build as b; print(b.build_{what}({str(into)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=True)
    return into / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel that the sdist gives, and the dependencies of this one; returns its `bin`."""
    place = tmp_path_factory.mktemp("package")
    with tarfile.open(build("sdist", ROOT, place / "dist")) as tar:
        tar.extractall(place / "source", filter="data")
    (source,) = (place / "source").iterdir()
    wheel = build("wheel", source, place / "dist")
    venv.create(place / "clean", with_pip=False, symlinks=True)
    (packages,) = (place / "clean" / "lib").glob("python*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", str(place / "clean" / "bin" / "python")]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", str(wheel)], check=True)
    own = {path.name.split("-")[0] for path in packages.iterdir()}
    libraries = (
        place / "libraries"
    )  # what Eider needs, and no Eider: the editable one here would hide what a wheel lacks
    libraries.mkdir()
    for folder in site.getsitepackages():
        for entry in os.scandir(folder):
            if entry.name.split("-")[0] not in own and "eider" not in entry.name and not entry.name.endswith(".pth"):
                (libraries / entry.name).symlink_to(entry.path)
    (packages / "libraries.pth").write_text(f"{libraries}\n")
    return place / "clean" / "bin"


def run(clean: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "EIDER_SERVER": "off", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [str(clean / words[0]), *words[1:]],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_demo_runs_from_the_built_package(clean: Path, tmp_path: Path) -> None:
    """Models, word lists and migrations are in the wheel; nothing comes from the checkout."""
    told = run(clean, tmp_path, "eider", "demo")
    assert told.returncode == 0, told.stderr
    assert "files that hold it, letter for letter: 1 before, 0 after" in told.stdout
    where = run(clean, tmp_path, "python", "-c", "import eider; print(eider.__file__)")
    assert str(clean.parent) in where.stdout


def test_every_entry_point_of_the_package_loads(clean: Path, tmp_path: Path) -> None:
    """Importers, installers, checks and hooks are found by name in what was installed, plugins of hosts included."""
    code = (
        "from importlib.metadata import distribution\n"
        "for point in distribution('eider-memory').entry_points:\n"
        "    point.load()\n"
        "print(len(distribution('eider-memory').entry_points))\n"
    )
    told = run(clean, tmp_path, "python", "-c", code)
    assert told.returncode == 0, told.stderr
    assert int(told.stdout) > 30
