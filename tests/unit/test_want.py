"""Want of rights and of room: each is a clear error with a fix, and nothing stored is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import eider
from eider.api.facade import Eider
from eider.providers.embedders.hashing import HashEmbedder

NOBODY = 65534


def opened(folder: Path, **more: bool) -> Eider:
    return eider.open(folder, user="ada", embedder=HashEmbedder(width=16), **more)


def said(memory: Eider) -> set[str]:
    return {hit.text for hit in memory.search(limit=100).items}


# ---------------------------------------------------------------------- as another user


def as_nobody(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python without root's rights, who may write everywhere."""
    if os.getuid() == 0:
        code = f"import os; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n{code}"
    preload = """import sys, tempfile, eider, importlib.readers
from eider.providers.embedders.hashing import HashEmbedder
with tempfile.TemporaryDirectory() as place, eider.open(place + "/a.eider", user="ada", embedder=HashEmbedder(width=16)) as warm:
    warm.remember("x y"); warm.recall("x"); warm.search(); warm.verify()  # all that is imported late, while it may be read
"""
    return subprocess.run(
        [sys.executable, "-c", preload + code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "EIDER_HOME": "/nonexistent"},  # a home of root's would not be theirs to read
    )


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A directory that the unprivileged user may reach: pytest's own is closed to it."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        yield place


def test_a_read_only_directory_is_read_and_not_written(foreign: Path) -> None:
    """Recall works; a write says why it cannot, before anything is planned."""
    folder = foreign / "a.eider"
    with opened(folder) as memory:
        memory.remember("Tea is taken at four.")
    for path in (*folder.iterdir(), folder):
        os.chown(path, NOBODY if os.getuid() == 0 else -1, -1)
        path.chmod(0o500 if path.is_dir() else 0o400)
    done = as_nobody(
        """
try:
    open(sys.argv[1] + "/probe", "w")
    raise SystemExit("a plain write was not refused: this test would prove nothing")
except PermissionError:
    pass
memory = eider.open(sys.argv[1], user="ada", embedder=HashEmbedder(width=16))
print(memory.recall("when is tea?")[0].text)
for verb in (lambda: memory.remember("x y"), lambda: memory.forget(memory.search().items[0].id), lambda: memory.rebuild(), lambda: memory.forget_user("ada"), lambda: memory.drain()):
    try:
        verb()
    except eider.EiderError as error:
        print(type(error).__name__)
memory.verify(); memory.close()
""",
        str(folder),
    )
    folder.chmod(0o700)
    assert done.stdout.splitlines()[:2] == ["Tea is taken at four.", "ReadOnlyStoreError"], done.stderr
    assert set(done.stdout.splitlines()[1:]) == {"ReadOnlyStoreError"}, done.stdout
    assert "Traceback" not in done.stderr


def test_a_store_cannot_be_made_where_nobody_may_write(foreign: Path) -> None:
    """The message names the directory."""
    foreign.chmod(0o555)
    done = as_nobody(
        """
try:
    eider.open(sys.argv[1], embedder=HashEmbedder(width=16))
except eider.EiderError as error:
    print(type(error).__name__, error)
""",
        str(foreign / "new.eider"),
    )
    assert done.stdout.startswith("ReadOnlyStoreError"), done.stderr
    assert "new.eider" in done.stdout


def test_anothers_private_store_is_refused(foreign: Path) -> None:
    """Directories are made for their owner alone."""
    if os.getuid():
        pytest.skip("needs root to be somebody else")
    opened(foreign / "a.eider").close()
    assert (foreign / "a.eider").stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o177 for p in (foreign / "a.eider").iterdir()} == {0}
    code = "try:\n    eider.open(sys.argv[1], embedder=HashEmbedder(width=16))\nexcept eider.EiderError as error:\n    print(type(error).__name__, error)"
    done = as_nobody(code, str(foreign / "a.eider"))
    assert "a.eider" in done.stdout, done.stderr


# ---------------------------------------------------------------------- no room

FILL = """
import os, resource, sys
import eider
from eider.providers.embedders.hashing import HashEmbedder
limit, folder = int(sys.argv[1]), sys.argv[2]
memory = eider.open(folder, user="ada", embedder=HashEmbedder(width=16))
memory.record("The first line is short.", key="first")
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
stored = refused = 0
for n in range(400):
    try:
        memory.record(f"{n} " + os.urandom(20_000).hex(), key=f"k{n}")
        stored += 1
    except eider.model.errors.StoreFullError as error:
        assert "free some space" in str(error), error
        refused += 1
        if refused >= 3:
            break
assert refused, "never full"
hits = memory.recall("The first line is short.", limit=3)
assert hits[0].text == "The first line is short.", hits
try:
    memory.forget(hits[0].id)
    print("forgot")
except eider.model.errors.StoreFullError:
    print("could not forget")
print(stored)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
else:
    os.unlink(os.path.join(os.path.dirname(folder), "ballast"))
memory.record("There is room again.", key="again")
assert not memory.verify().findings
memory.close()
print("closed")
"""


def filled(folder: Path, limit: int) -> None:
    """Write until there is no room, make room, go on; then look at what is there."""
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(limit), str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    stored = int(done.stdout.splitlines()[1])
    assert done.stdout.splitlines()[-1] == "closed"
    with opened(folder) as memory:
        assert memory.recall("There is room again.")[0].text == "There is room again."
        texts = said(memory)
        assert len([t for t in texts if len(t) > 1000]) == min(stored, 100 - 1 - ("The first line is short." in texts))
        assert not memory.verify(deep=True).findings


def test_a_full_disk_refuses_the_write_and_loses_nothing(tmp_path: Path) -> None:
    """On a small file system of its own, where one can be mounted."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here; the limit on file sizes is tested below")
    try:
        (place / "ballast").write_bytes(bytes(1_000_000))
        filled(place / "a.eider", 0)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_limit_on_file_sizes_is_a_full_disk(tmp_path: Path) -> None:
    """The same where nothing can be mounted."""
    filled(tmp_path / "a.eider", 2_000_000)
