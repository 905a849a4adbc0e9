"""The façade's verbs that give account: what there is, how it came to be, what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eider.model import verbs

if TYPE_CHECKING:
    from eider.model.answers import Diff, Explanation, Health, Version
    from eider.model.values import Event
    from eider.model.verbs import When
    from eider.records.sql import Table


class Accounts:
    """What `Eider` tells about a memory; it says whose is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        def _ask(self, name: str, request: Any) -> Any: ...

    def history(self, id: str, *, user: str | None = None) -> list[Version]:  # noqa: A002
        """All versions of a memory, oldest first."""
        return self._ask("history", verbs.History(id=id, user=self._whose(user)))

    def events(self, *, user: str | None = None, limit: int = 50) -> list[Event]:
        """What changed, newest first."""
        return self._ask("events", verbs.Events(user=self._whose(user), limit=limit))

    def health(self, *, user: str | None = None) -> Health:
        """How much of what is kept, and what runs with less than it could."""
        return self._ask("health", verbs.HealthOf(user=self._whose(user)))

    def diff(self, *, since: When, until: When | None = None, user: str | None = None) -> Diff:
        """What was learned, changed and closed between two instants."""
        return self._ask("diff", verbs.DiffOf(user=self._whose(user), since=since, until=until))

    def why(self, id: str, *, user: str | None = None) -> Explanation:  # noqa: A002
        """What a memory rests on, and how it came to be as it is."""
        return self._ask("why", verbs.WhyOf(id=id, user=self._whose(user)))

    def sql(self, query: str, *, user: str | None = None, rows: int = 10_000, seconds: float = 10.0) -> Table:
        """Ask one's own rows in SQL, in a database that holds nothing else and can reach nothing."""
        return self._ask("sql", verbs.Sql(query=query, user=self._whose(user), rows=rows, seconds=seconds))
