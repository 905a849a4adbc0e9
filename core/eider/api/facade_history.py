"""The façade's verbs that give account: what there is, how it came to be, what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eider.model.requests_embedder import EmbedderState, SwapAction, SwapEmbedder
from eider.model.requests_reading import DiffOf, Events, HealthOf, History, Sql, WhyOf
from eider.model.values import HasId, id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider.api.backend import Backend
    from eider.model.answers import Diff, EmbedderStatus, Explanation, Health, Version
    from eider.model.requests import When
    from eider.model.table import Table
    from eider.model.values import Event


class Accounts:
    """What `Eider` tells about a memory; it says whose is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def history(self, id: str | HasId, *, user: str | None = None) -> list[Version]:  # noqa: A002
        """All versions of a memory, oldest first.

        Args:
            id: A memory, or its id.
            user: Whose memory; by default the one given to `open`.

        Returns:
            All its versions, the oldest first.

        Raises:
            UnknownIdError: The user has none of that id.
        """
        return self._backend.execute(History(id=id_of(id), user=self._whose(user)))

    def events(self, *, user: str | None = None, limit: int = 50) -> list[Event]:
        """What changed, newest first.

        Args:
            user: Whose memory; by default the one given to `open`.
            limit: Most events.

        Returns:
            What changed, the newest first.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(Events(user=self._whose(user), limit=limit))

    def health(self, *, user: str | None = None) -> Health:
        """How much of what is kept, and what runs with less than it could.

        Args:
            user: Whose memory; by default the one given to `open`.

        Returns:
            Counts of rows by kind and scope, and what runs with less than it could.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(HealthOf(user=self._whose(user)))

    def diff(self, *, since: When, until: When | None = None, user: str | None = None) -> Diff:
        """What was learned, changed and closed between two instants.

        Args:
            since: First instant that counts.
            until: First instant that no longer counts; by default now.
            user: Whose memory; by default the one given to `open`.

        Returns:
            What was learned, changed and closed between them.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(DiffOf(user=self._whose(user), since=since, until=until))

    def why(self, id: str | HasId, *, user: str | None = None) -> Explanation:  # noqa: A002
        """What a memory rests on, and how it came to be as it is.

        Args:
            id: A memory, or its id.
            user: Whose memory; by default the one given to `open`.

        Returns:
            The memory with the words it rests on, its use, and its events.

        Raises:
            UnknownIdError: The user has none of that id.
        """
        return self._backend.execute(WhyOf(id=id_of(id), user=self._whose(user)))

    def sql(
        self, query: str, params: Sequence[str | float | bool | None] = (), *, user: str | None = None, rows: int = 10_000, seconds: float = 10.0, memory: int = 512
    ) -> Table:  # fmt: skip
        """Ask one's own rows in SQL, in a database that holds nothing else and can reach nothing.

        Args:
            query: One statement that reads.
            params: Values for its question marks, or $1, $2, …, in order.
            user: Whose rows.
            rows: Most rows of the answer.
            seconds: Most time; it ends at most a second later.
            memory: Megabytes that rows, query and answer may take together.

        Returns:
            Columns and rows.

        Raises:
            SqlError: The query is wrong, does more than read, or takes too long or too much.
        """
        return self._backend.execute(
            Sql(query=query, params=params, user=self._whose(user), rows=rows, seconds=seconds, memory=memory)
        )

    def embedder(self) -> EmbedderStatus:
        """Whose vectors the store has, and how far an exchange of embedders is.

        Returns:
            Its name, width and how many rows have its vectors.

        Raises:
            StoreError: The store cannot be read.
        """
        return self._backend.execute(EmbedderState())

    def swap_embedder(self, name: str | None = None, *, action: SwapAction = "start") -> EmbedderStatus:
        """Exchange the store's embedder for another one, in the background, while it is read and written.

        Args:
            name: The new one, such as "onnx" or "openai:text-embedding-3-small".
            action: "start" with a name; "resume" or "abort" what is under way; "back" to the old one, or "drop" its
                vectors, once the new one is in use; "reembed" makes all vectors anew by the one in use.

        Returns:
            How far the exchange is.

        Raises:
            RefusedError: That is not possible now; the message says what is.
        """
        return self._backend.execute(SwapEmbedder(name=name, action=action))
