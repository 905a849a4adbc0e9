"""What is set for an agent in a store, and the model it may ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from eider.model import config, validation
from eider.model.errors import ConfigError, EiderError
from eider.store.protocols import Store

if TYPE_CHECKING:
    from eider.model.llm import Model, OwnVendor
    from eider.providers.llm_guard import Spent

_AGENT: Final = "agent:"
_SPENT: Final = "spent:"
"""Prefixes of documents."""
_PLAIN: Final = json.dumps(
    {"description": "", "mode": "frugal", "model": None, "scopes": [], "dynamic_scopes": False}, sort_keys=True
)
"""Settings of an agent of which nothing was said."""
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


def _read(agent: str, about: Mapping[str, Any]) -> Settings:
    mode, model = about.get("mode", "frugal"), about.get("model")
    check_mode(mode, f"mode of agent {agent!r}")
    if mode != "frugal" and not model:
        raise ConfigError(f"agent {agent!r} has mode {mode!r} and no model; open it with model='provider:model'.")
    return Settings(
        mode=mode, model=model, description=about.get("description") or "", scopes=tuple(map(validation.scope, about.get("scopes") or ())),
        dynamic_scopes=bool(about.get("dynamic_scopes")),
    )  # fmt: skip


def check_mode(mode: object, what: str = "mode") -> None:
    """Refuse what is no mode.

    Raises:
        ConfigError: It is none of the three.
    """
    if mode not in MODES:
        raise ConfigError(f"{what} is {mode!r}; take one of {', '.join(map(repr, MODES))}.")


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


class StoreTokenBudget:
    """Keeps what models cost in the store, so that a restart does not refill the day."""

    def __init__(self, store: Store, now: Callable[[], datetime], daily: int | None) -> None:
        """Spend from a store's budget: at most `daily` tokens of a day (UTC), None without limit."""
        self._store, self._now, self._daily = store, now, daily

    @property
    def daily(self) -> int | None:
        """Most tokens of a day (UTC)."""
        return self._daily

    def now(self) -> datetime:
        """The store's present."""
        return self._now()

    def spent(self) -> Spent:
        """What today's calls came to, of all models."""
        from eider.providers.llm_guard import Spent

        return sum(self.by_model().values(), Spent())

    def by_model(self) -> dict[str, Spent]:
        """Model → what today's calls came to."""
        return _spent_in(self._store.documents.get(self._name()))

    def note(self, model: str, spent: Spent) -> None:
        """Add what one call came to; counters are not worth an answer, so a store that was closed meanwhile is left alone."""
        from eider.providers.llm_guard import Spent

        def add(known: str | None) -> str:
            both = _spent_in(known)
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
            return json.dumps(counts, sort_keys=True)

        with suppress(EiderError):
            self._store.documents.update(self._name(), add)
            self._store.documents.drop(_SPENT, f"{_SPENT}{(self.now() - _KEPT).date().isoformat()}")

    def _name(self) -> str:
        return f"{_SPENT}{self.now().date().isoformat()}"


def _spent_in(content: str | None) -> dict[str, Spent]:
    from eider.providers.llm_guard import Spent

    return {} if content is None else {model: Spent(**counts) for model, counts in json.loads(content).items()}


class AgentSettings:
    """What is set for the agents of one open store, and the models they ask; each is read and connected once."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        """Read from an open store; `now()` is its present."""
        self._store, self._now = store, now
        self._settings: dict[str, Settings] = {}
        self.models: dict[str, Model] = {}
        """Name → the model, once it was asked."""

    def of(self, agent: str) -> Settings:
        """Return what is set for an agent; one that nobody set up asks no model.

        Raises:
            ConfigError: What is kept cannot be used; a later version may have written it.
        """
        found = self._settings.get(agent)
        if found is None:
            kept = self._store.documents.get(f"{_AGENT}{agent}")
            found = self._settings[agent] = _read(agent, json.loads(kept)) if kept else Settings()
        return found

    def save(self, agent: str, about: Mapping[str, object]) -> None:
        """Keep an agent's settings with the store; what was noted before stays unless something new is said."""
        if self._store.place.read_only:
            return
        text = json.dumps(about, sort_keys=True)
        known = self._store.documents.get(f"{_AGENT}{agent}")
        if text in (known, _PLAIN):
            return
        self._store.documents.update(f"{_AGENT}{agent}", lambda _: text)
        self._settings.pop(agent, None)

    def forget(self) -> None:
        """Read all settings anew when next asked."""
        self._settings.clear()

    def model(self, settings: Settings) -> Model:
        """Return the model an agent asks, connected when it is first needed and shared by all agents that name it.

        Raises:
            ConfigError: There is none, or a setting cannot be used.
            MissingExtraError: What asks it is not installed.
        """
        name = settings.model or ""
        found = self.models.get(name)
        if found is None:
            from eider.providers.llm import connect

            key, url = config.setting("model_key"), config.setting("model_url")
            found = self.models[name] = connect(name, purse=self._budget(), key=key, url=url)
        return found

    def bring(self, vendor: OwnVendor) -> None:
        """Let agents ask a model that this process brings itself, under its name; guarded and counted like any other."""
        from eider.providers.llm_guard import Guarded

        self.models[vendor.name] = Guarded(vendor, vendor.name, purse=self._budget())

    def _budget(self) -> StoreTokenBudget:
        return StoreTokenBudget(self._store, self._now, daily())
