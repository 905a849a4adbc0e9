"""What is set for an agent in a store, and the model it may ask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from eider.model import config
from eider.model.errors import ConfigError, EiderError

if TYPE_CHECKING:
    from eider.model.llm import Model, OwnVendor
    from eider.providers.llm_guard import Spent
    from eider.store.engine import Engine

Mode = Literal["frugal", "balanced", "eager"]
MODES: Final = get_args(Mode)
DAILY: Final = 1_000_000
"""Model tokens of a day where none are set: some thousand exchanges. A guess."""
UNLIMITED: Final = "unlimited"
_KEPT: Final = timedelta(days=92)
"""How long what a day's calls came to can be looked at. A guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is set for one agent; kept with the store, so that every process that opens it finds the same."""

    mode: Mode = "frugal"
    model: str | None = None
    description: str = ""
    scopes: tuple[str, ...] = ()
    dynamic_scopes: bool = False


def settings_of(engine: Engine, agent: str) -> Settings:
    """What is set for an agent; one that nobody set up asks no model.

    Raises:
        ConfigError: What is kept cannot be used; a later version may have written it.
    """
    found = engine.agents.get(agent)
    if found is None:
        with engine.store.database.reading() as db:
            kept = db.execute("SELECT content FROM meta WHERE name = ?", [f"agent:{agent}"]).fetchall()
        found = engine.agents[agent] = _read(agent, json.loads(kept[0][0])) if kept else Settings()
    return found


def _read(agent: str, about: Mapping[str, Any]) -> Settings:
    mode, model = about.get("mode", "frugal"), about.get("model")
    check_mode(mode, f"mode of agent {agent!r}")
    if mode != "frugal" and not model:
        raise ConfigError(f"agent {agent!r} has mode {mode!r} and no model; open it with model='provider:model'.")
    return Settings(
        mode=mode, model=model, description=about.get("description") or "", scopes=tuple(about.get("scopes") or ()),
        dynamic_scopes=bool(about.get("dynamic_scopes")),
    )  # fmt: skip


def check_mode(mode: object, what: str = "mode") -> None:
    """Refuse what is no mode.

    Raises:
        ConfigError: It is none of the three.
    """
    if mode not in MODES:
        raise ConfigError(f"{what} is {mode!r}; take one of {', '.join(map(repr, MODES))}.")


def model_of(engine: Engine, settings: Settings) -> Model:
    """The model an agent asks, connected when it is first needed and shared by all agents that name it.

    Raises:
        ConfigError: There is none, or a setting cannot be used.
        MissingExtraError: What asks it is not installed.
    """
    name = settings.model or ""
    found = engine.models.get(name)
    if found is None:
        from eider.providers.llm import connect

        purse = StorePurse(engine, daily())
        key, url = config.setting("model_key"), config.setting("model_url")
        found = engine.models[name] = connect(name, purse=purse, key=key, url=url)
    return found


def bring(engine: Engine, vendor: OwnVendor) -> None:
    """Let agents ask a model that this process brings itself, under its name; guarded and counted like any other."""
    from eider.providers.llm_guard import Guarded

    engine.models[vendor.name] = Guarded(vendor, vendor.name, purse=StorePurse(engine, daily()))


def daily() -> int | None:
    """Model tokens a store may spend in a day, as set; None is no limit.

    Raises:
        ConfigError: The setting is no number.
    """
    said = config.setting("model_tokens")
    return DAILY if said is None else daily_of(said)


def daily_of(said: str) -> int | None:
    """A day's model tokens as somebody writes them; None is no limit.

    Raises:
        ConfigError: It is no number.
    """
    if said.strip().lower() == UNLIMITED:
        return None
    if not (said.strip().isascii() and said.strip().isdecimal()):
        raise ConfigError(f"setting 'model_tokens' is {said!r}; set a number of tokens per day, or {UNLIMITED!r}.")
    return int(said)


class StorePurse:
    """Keeps what models cost in the store, so that a restart does not refill the day."""

    def __init__(self, engine: Engine, daily: int | None) -> None:
        """Spend from a store's budget."""
        self._engine, self._daily = engine, daily

    @property
    def daily(self) -> int | None:
        """Most tokens of a day (UTC)."""
        return self._daily

    def now(self) -> datetime:
        """The store's present."""
        return self._engine.now()

    def spent(self) -> Spent:
        """What today's calls came to, of all models."""
        from eider.providers.llm_guard import Spent

        return sum(self.by_model().values(), Spent())

    def by_model(self) -> dict[str, Spent]:
        """Model → what today's calls came to."""
        from eider.providers.llm_guard import Spent

        with self._engine.store.database.reading() as db:
            kept = db.execute("SELECT content FROM meta WHERE name = ?", [self._name()]).fetchall()
        return {model: Spent(**counts) for model, counts in json.loads(kept[0][0]).items()} if kept else {}

    def note(self, model: str, spent: Spent) -> None:
        """Add what one call came to; counters are not worth an answer, so a store that was closed meanwhile is left alone."""
        from eider.providers.llm_guard import Spent

        with suppress(EiderError), self._engine.store.database.turn():
            both = self.by_model()
            both[model] = both.get(model, Spent()) + spent
            counts = {
                name: {
                    "calls": s.calls,
                    "failures": s.failures,
                    "input_tokens": s.input_tokens,
                    "output_tokens": s.output_tokens,
                }
                for name, s in both.items()
            }
            oldest = f"{_SPENT}{(self.now() - _KEPT).date().isoformat()}"
            with self._engine.store.database.writing() as db:
                db.execute("DELETE FROM meta WHERE name = ? OR (name > ? AND name < ?)", [self._name(), _SPENT, oldest])
                db.execute("INSERT INTO meta VALUES (?, ?)", [self._name(), json.dumps(counts, sort_keys=True)])

    def _name(self) -> str:
        return f"{_SPENT}{self.now().date().isoformat()}"


_SPENT: Final = "spent:"
