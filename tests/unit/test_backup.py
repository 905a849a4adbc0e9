"""A backup is whole or it is not there; a restore brings back what was kept, and nothing that was forgotten since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonl import lines

import eider
from eider.api.facade import Eider
from eider.model import backup_paths
from eider.model.errors import RefusedError, StoreDamagedError
from eider.providers.embedders.hashing import HashEmbedder
from eider.records.backup import create, rotation
from eider.records.backup.manifest import Backup, read
from eider.records.backup.restore import restore
from eider.records.backup.rotation import Keep
from eider.store.files import StoreFiles

pytestmark = pytest.mark.slow  # each check runs in another process
WORD = "quokkas"


def made(memory: Eider) -> Backup:
    """A backup of an open store."""
    return create.make(memory._engine)


def opened(folder: Path) -> Eider:
    """A store as its next server opens it."""
    return eider.open(folder, user="ada", embedder=HashEmbedder())


def exported(memory: Eider, path: Path, user: str) -> list[dict[str, object]]:
    """All of a user, less the instant of the export."""
    memory.export(path, user=user)
    return lines(path)[1:]


def texts(folder: Path) -> set[str]:
    """What a store holds."""
    with opened(folder) as memory:
        return {item.text for item in memory.search(limit=100).items}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "mine.eider"


@pytest.fixture
def forgotten(folder: Path) -> tuple[Path, Backup]:
    """A store that has forgotten something, and a backup from before."""
    with opened(folder) as memory:
        memory.remember("Tea is taken at four.")
        gone = memory.remember(f"There are {WORD} on the island.")
        backup = create.make(memory._engine, export="jsonl")
        memory.forget(gone.id)
        memory.remember("Said after the backup.")
    return folder, backup


def test_a_restored_store_is_the_one_that_was_backed_up(source: Eider, tmp_path: Path) -> None:
    """History, events, counters, tombstones and other users come back; the chain holds."""
    backup = made(source)
    before = {user: exported(source, tmp_path / f"{user}.1.jsonl", user) for user in ("ada", "bob")}
    head = source._engine.store.events.head
    source.close()
    done = restore(backup, tmp_path / "again.eider")
    assert (done.users, done.erased, done.aside) == (2, 0, None)
    with opened(tmp_path / "again.eider") as memory:
        assert memory._engine.store.events.head == head
        assert {u: exported(memory, tmp_path / f"{u}.2.jsonl", u) for u in before} == before
        assert memory.verify()
        assert memory.remember("Life goes on.").id


def test_the_search_index_of_a_restored_store_is_built_behind(source: Eider, tmp_path: Path) -> None:
    """Nobody has to ask for it."""
    backup = made(source)
    source.close()
    restore(backup, tmp_path / "again.eider")
    with opened(tmp_path / "again.eider") as memory:
        memory.drain()
        assert memory.verify(deep=True)
        assert memory.recall("camelCase")


def test_a_backup_holds_lossless_exports(source: Eider, tmp_path: Path) -> None:
    """On request each user's file is what an export of that moment says, in either format."""
    backup = create.make(source._engine, export="jsonl")
    said = {str(u["name"]): u for u in backup.manifest.users}
    assert set(said) == {"ada", "bob"}
    for user, entry in said.items():
        assert lines(backup.path / str(entry["file"]))[1:] == exported(source, tmp_path / f"{user}.jsonl", user)
    columns = create.make(source._engine, export="parquet")
    with opened(tmp_path / "parquet.eider") as memory:
        done = memory.import_(columns.path / next(str(u["file"]) for u in columns.manifest.users if u["name"] == "ada"))
        assert not done.refused
        assert done.memories


def test_a_backup_is_its_owners_alone_and_its_manifest_says_nothing(source: Eider) -> None:
    """Files 0600, directories 0700; the manifest holds names of users and no word of theirs."""
    backup = made(source)
    modes = {(p.is_dir(), oct(p.stat().st_mode & 0o777)) for p in (backup.path, *backup.path.rglob("*"))}
    assert modes == {(True, "0o700"), (False, "0o600")}
    said = (backup.path / backup_paths.MANIFEST).read_text()
    for word in ("camelCase", "Freitag", "Zebra", "Rome"):
        assert word not in said


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("copy/truth-*.duckdb", lambda p: p.write_bytes(p.read_bytes()[:-1] + b"?")),
        ("copy/truth-*.duckdb", lambda p: p.write_bytes(p.read_bytes()[:-100])),
        ("copy/head", lambda p: p.unlink()),
        ("users/1.jsonl", lambda p: p.write_text(p.read_text().replace("Prefers", "Despises"))),
        ("users/2.jsonl", lambda p: p.unlink()),
        ("users/3.jsonl", lambda p: p.write_text("{}")),
    ],
    ids=["altered", "cut", "gone", "text", "user", "added"],
)
def test_damage_is_found_and_named(source: Eider, tmp_path: Path, name: str, change: Callable[[Path], object]) -> None:
    """Whatever was done to a file, verification says which one; such a backup is not restored."""
    backup = create.make(source._engine, export="jsonl")
    assert backup.verified
    if "*" in name:
        name = next(backup.path.glob(name)).relative_to(backup.path).as_posix()
    change(backup.path / name)
    found = create.verify(backup.path)
    assert not found.verified
    assert [said for said in found.findings if name in said]
    assert read(backup.path).findings == found.findings
    with pytest.raises(RefusedError, match=name):
        restore(backup, tmp_path / "again.eider")
    assert not (tmp_path / "again.eider").exists()


def test_a_manifest_that_lies_about_its_rows_is_found(source: Eider) -> None:
    """Hashes alone would not tell: copy and exports are counted against what is noted."""
    backup = made(source)
    path = backup.path / backup_paths.MANIFEST
    said = json.loads(path.read_text())
    said["users"][0]["memory"] += 1
    path.write_text(json.dumps(said))
    assert any("rows are not those" in f for f in create.verify(backup.path).findings)
    said["head"] = "0" * 64
    path.write_text(json.dumps(said))
    assert any("last event" in f for f in create.verify(backup.path).findings)
    path.write_text("{")
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        read(backup.path)


def test_a_failed_attempt_leaves_nothing(source: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be verified never gets a name."""

    def fails(command: str, folder: Path, *more: str) -> dict[str, object]:
        raise eider.errors.StoreFullError(folder, "no space left on device")

    monkeypatch.setattr(create.worker, "ask", fails)
    with pytest.raises(eider.errors.StoreFullError):
        made(source)
    assert list(backup_paths.shelf(source._engine.store.place.folder).iterdir()) == []


# ---------------------------------------------------------------------- what was forgotten


@pytest.mark.parametrize("replace", [True, False])
def test_what_was_forgotten_after_the_backup_stays_forgotten(
    forgotten: tuple[Path, Backup], tmp_path: Path, replace: bool
) -> None:
    """It is erased from the restored store before that is put in place, and cannot be brought back there either."""
    folder, backup = forgotten
    target = folder if replace else tmp_path / "again.eider"
    with opened(backup.copy) as before:
        ids = [m.id for m in before.search(WORD).items]
        assert ids, "a control: the backup does hold it"
    done = restore(backup, target, replace=replace)
    assert done.erased == 1
    assert texts(target) == {"Tea is taken at four."}
    with opened(target) as memory:
        assert memory._engine.store.erasure_checks.columns_saying([WORD], user="ada") == []
        assert memory.verify()
        refused = memory.import_(backup.path / "users" / "1.jsonl").refused
        assert any("forgotten" in said for said in refused)
        assert texts_of(memory) == {"Tea is taken at four."}


def texts_of(memory: Eider) -> set[str]:
    """What an open store holds."""
    return {item.text for item in memory.search(limit=100).items}


def test_no_byte_of_what_was_forgotten_is_restored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With compression off the word is found in the backup, and in no file of the restored store."""
    from eider.store.duck.database import Database

    plain = Database._connect

    def uncompressed(self: Database, path: Path) -> object:
        db = plain(self, path)
        db.execute("SET force_compression='uncompressed'")
        return db

    monkeypatch.setattr(Database, "_connect", uncompressed)
    with opened(folder) as memory:
        gone = memory.record(f"There are {WORD} on the island, and a long tail so that it is kept outside of the row.")
        memory.remember("Tea is taken at four.")
        backup = made(memory)
        memory.forget(gone.id)
    assert holds(backup.copy, WORD), "a control: the scan does find it"
    restore(backup, folder, replace=True)
    assert not holds(folder, WORD)


def holds(folder: Path, word: str) -> bool:
    """Whether a file below has these bytes."""
    return any(word.encode() in p.read_bytes() for p in folder.rglob("*") if p.is_file())


def test_a_forgotten_user_stays_forgotten(folder: Path) -> None:
    """With the name, also where nothing but the name was left."""
    with opened(folder) as memory:
        memory.remember("Tea is taken at four.")
        memory.remember("Zebra stripes.", user="bob")
        memory.forget(memory.remember("Said and forgotten.", user="eve").id, user="eve")
        backup = made(memory)
        memory.forget_user("bob")
        memory.forget_user("eve")
    done = restore(backup, folder, replace=True)
    assert (done.users, done.erased) == (1, 1)
    with opened(folder) as memory:
        assert memory._engine.store.reads.users() == ["ada"]
        with memory._engine.store.connection.database.reading() as db:
            assert db.execute("SELECT DISTINCT user_id FROM events WHERE user_id <> ''").fetchall() == [("ada",)]
        assert memory.verify()


def test_a_key_of_what_was_forgotten_writes_nothing_again(folder: Path) -> None:
    """Though the backup knew nothing of it: the tombstones are taken over whole."""
    with opened(folder) as memory:
        memory.remember("Tea is taken at four.")
        backup = made(memory)
        memory.forget(memory.remember("Said after the backup.", key="host:1").id)
    restore(backup, folder, replace=True)
    with opened(folder) as memory, pytest.raises(eider.errors.ErasedError):
        memory.remember("Said after the backup.", key="host:1")


def test_where_it_cannot_be_read_what_was_forgotten_nothing_is_restored_silently(
    forgotten: tuple[Path, Backup],
) -> None:
    """A damaged store cannot tell; going on has to be said."""
    folder, backup = forgotten
    truth = StoreFiles(folder).truth()
    truth.write_bytes(b"broken" * 1000)
    with pytest.raises(RefusedError, match="--ignore-tombstones"):
        restore(backup, folder, replace=True)
    done = restore(backup, folder, replace=True, ignore_tombstones=True)
    assert texts(folder) == {"Tea is taken at four.", f"There are {WORD} on the island."}
    assert (Path(str(done.aside)) / truth.name).read_bytes().startswith(b"broken")


def test_newer_backups_tell_what_a_lost_store_cannot(forgotten: tuple[Path, Backup], tmp_path: Path) -> None:
    """A store that is gone has left its tombstones in the backups made since."""
    folder, backup = forgotten
    with opened(folder) as memory:
        assert made(memory).path.parent == backup.path.parent
    shutil.rmtree(folder)
    done = restore(backup, tmp_path / "again.eider")
    assert (done.asked, done.erased) == (False, 1)
    assert texts(tmp_path / "again.eider") == {"Tea is taken at four."}


def test_a_new_store_of_the_same_name_rotates_only_its_own(folder: Path) -> None:
    """What was made of the one before stays."""
    for text in ("Tea is taken at four.", "Another life."):
        with opened(folder) as memory:
            memory.remember(text)
            made(memory)
            assert rotation.rotate(memory._engine, Keep(daily=1, weekly=0, monthly=0), before_forget=True) == []
        shutil.rmtree(folder)
    assert len(rotation.list_backups(folder)) == 2


def test_another_stores_backup_replaces_nothing(forgotten: tuple[Path, Backup], tmp_path: Path) -> None:
    """Its tombstones would mean nothing there."""
    with opened(tmp_path / "other.eider") as memory:
        memory.remember("Someone else's.")
    with pytest.raises(RefusedError, match="not the store"):
        restore(forgotten[1], tmp_path / "other.eider", replace=True)
    assert texts(tmp_path / "other.eider") == {"Someone else's."}


# ---------------------------------------------------------------------- putting in place


def test_a_store_that_is_there_is_not_touched_unless_it_is_said(forgotten: tuple[Path, Backup]) -> None:
    """And where it is said, it is set aside whole."""
    folder, backup = forgotten
    before = texts(folder)
    with pytest.raises(RefusedError, match="--replace"):
        restore(backup, folder)
    told = restore(backup, folder, replace=True, dry_run=True)
    assert (told.erased, told.aside, told.dry_run) == (1, None, True)
    assert texts(folder) == before
    done = restore(backup, folder, replace=True)
    assert texts(Path(str(done.aside))) == before
    assert texts(folder) == {"Tea is taken at four."}
    assert not [p.name for p in folder.parent.iterdir() if p.name.startswith(".")]


def test_an_open_store_is_not_replaced(forgotten: tuple[Path, Backup], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has it is asked to let go; when they do not, they are named."""
    folder, backup = forgotten
    monkeypatch.setattr("eider.records.backup.restore._PATIENCE", 0.0)
    asked: list[Path] = []
    with opened(folder) as memory:
        with pytest.raises(eider.errors.StoreLockedError):
            restore(backup, folder, replace=True, release=asked.append)
        assert texts_of(memory) == {"Tea is taken at four.", "Said after the backup."}
    assert asked == [folder]


def test_without_the_exchange_of_names_three_renames_do(
    forgotten: tuple[Path, Backup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems cannot swap two directories in one step."""
    folder, backup = forgotten
    monkeypatch.setattr("eider.records.backup.swap_dirs._at_once", lambda *_: False)
    done = restore(backup, folder, replace=True)
    assert texts(folder) == {"Tea is taken at four."}
    assert "Said after the backup." in texts(Path(str(done.aside)))


def test_a_backup_of_an_older_schema_is_migrated(tmp_path: Path) -> None:
    """Every schema there ever was can be restored."""
    import tarfile

    with tarfile.open(Path(__file__).parents[1] / "fixtures" / "schema_1.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    (old,) = [p.parent for p in tmp_path.rglob("CURRENT")]
    from eider.records.backup import worker
    from eider.records.backup.manifest import Manifest, write

    place = tmp_path / "shelf" / "20260101T000000Z"
    place.mkdir(parents=True)
    old.rename(place / "copy")
    said = worker.ask("describe", place)
    assert said["schema"] == 1
    write(place, Manifest(store="old", folder="/gone", made_at="2026-01-01T00:00:00+00:00", eider="0.1.0", **said))
    restore(read(place), tmp_path / "new.eider")
    with eider.open(tmp_path / "new.eider", user="ada", embedder=HashEmbedder(), reembed=True) as memory:
        assert memory.verify()
        assert {u: sum(n.values()) for u, n in _counted(memory).items()}


def _counted(memory: Eider) -> dict[str, dict[str, int]]:

    return memory._engine.store.census.counts()
