"""The façade's verbs that read and write files, and keep a store in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from eider.model.requests import Drain, Export, Import, ImportLines, Publish, Rebuild, Verify

if TYPE_CHECKING:
    from pathlib import Path

    from eider.api.backend import Backend
    from eider.api.facade import Eider
    from eider.model.answers import Drained, Imported, Verified
    from eider.model.requests import ExportFormat


class Filing:
    """What `Eider` offers to move and check a store; it says whose memory is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def export(self, path: str | Path, *, user: str | None = None, format: ExportFormat = "jsonl") -> int:  # noqa: A002
        """Write all of a user to a file or directory; returns the rows written.

        Args:
            path: Where to; what is there is replaced.
            user: Whose.
            format: `jsonl` (a file, gzipped when it ends in .gz) and `parquet` (a directory) lose nothing; `markdown` is a
                directory to read and edit, or one page where the path ends in .md; `pam` is Portable AI Memory 1.0, a
                file that other tools read.

        Returns:
            How many rows were written.

        Raises:
            InputError: The path cannot be written to, or holds something else.
            StoreFullError: The disk is full; what was there is untouched.
        """
        return self._backend.execute(Export(path=str(path), user=self._whose(user), format=format))

    def import_(
        self, path: str | Path, *, user: str | None = None, dry_run: bool = False, trust_key: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Imported:  # fmt: skip
        """Import an export of Eider, or what another tool keeps: see `eider.api.importers.import_from`.

        What is there already is skipped, what was forgotten stays forgotten. One's own export, signed by this home and
        unchanged, keeps its trust. All else counts as imported.

        Args:
            path: What `export` wrote, or a file or directory that an importer knows, such as ChatGPT's data export.
            user: Whose the rows become.
            dry_run: Write nothing, and say what would come.
            trust_key: Public key of another home, whose exports are trusted like one's own: "eider-key-…".
            progress: Called with (rows done, rows in all).

        Returns:
            How many utterances and memories came, were there already, or were refused and why.

        Raises:
            InputError: The file as a whole cannot be read.
            StoreMissingError: Nothing is there.
        """
        from eider.api.import_files import foreign_import

        done = foreign_import(cast("Eider", self), path, self._whose(user), dry_run=dry_run, progress=progress)
        if done is not None:
            return done
        return self._backend.execute(
            Import(path=str(path), user=self._whose(user), dry_run=dry_run, trust_key=trust_key, progress=progress)
        )

    def import_lines(
        self, lines: Sequence[Mapping[str, Any]], *, user: str | None = None, dry_run: bool = False
    ) -> Imported:  # fmt: skip
        """Import chat messages and statements that another tool kept; they count as imported, whatever they claim.

        Args:
            lines: Messages `{"role", "content", "at"}`, and if they have them `session`, `speaker`, `tz`, `metadata`;
                statements `{"text"}`, and if they have them `kind`, `scope`, `valid_from`, `valid_to`, `importance`. A
                `key` names a line in its source, so that it is imported once; a `place` is named in refusals.
            user: Whose the rows become.
            dry_run: Write nothing, and say what would come.

        Returns:
            How many utterances and memories came, were there already, or were refused and why.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(ImportLines(lines=tuple(lines), user=self._whose(user), dry_run=dry_run))

    def drain(self, timeout: float | None = None) -> Drained:
        """Bring the search index up to date and run due jobs, at most for `timeout` seconds.

        Args:
            timeout: Most seconds; None works until nothing waits.

        Returns:
            What was done, and what still waits.

        Raises:
            StoreError: The index or the disk failed.
        """
        return self._backend.execute(Drain(timeout=timeout))

    def verify(self, *, deep: bool = False) -> Verified:
        """Hold the event chain, the row counts and the search index against the truth.

        Args:
            deep: Read every row and every vector, too.

        Returns:
            What was checked and found; true where nothing was found.

        Raises:
            StoreError: The store cannot be read at all.
        """
        return self._backend.execute(Verify(deep=deep))

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Build the search index anew from the truth; returns its rows. `progress` is told (done, total).

        Args:
            progress: Called with (rows done, rows in all).

        Returns:
            How many rows the index holds.

        Raises:
            StoreFullError: The disk is full; the old index is still there.
        """
        return self._backend.execute(Rebuild(progress=progress))

    def publish(self, path: str | Path) -> Path:
        """Copy everything into an immutable snapshot at a path, to be opened with `layers=[path]`; returns the path.

        Args:
            path: Directory of the snapshot; an older snapshot there is replaced.

        Returns:
            The path.

        Raises:
            RefusedError: Something that is no snapshot is at the path.
        """
        return self._backend.execute(Publish(path=str(path)))
