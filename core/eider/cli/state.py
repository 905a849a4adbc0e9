"""The global options of the command line, as every command receives them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from eider.model import config
from eider.model.errors import ConfigError
from eider.model.values import ORIGINS, Origin


@dataclass(slots=True)
class State:
    """What the global options say."""

    store: str | None = None
    user: str | None = None
    json: bool = False
    verbose: bool = False
    progress: bool | None = None
    as_agent: bool = False

    def user_name(self) -> str:
        """The user: from the option, EIDER_USER, the settings, else the login name."""
        return self.user or config.default_user()

    def max_trust(self) -> Origin:
        """The most that what enters may claim: a person's terminal is the user, an agent's is the agent."""
        said = os.environ.get("EIDER_ORIGIN") or "user"
        found: Origin | None = next((origin for origin in ORIGINS if origin == said), None)
        if found is None:
            raise ConfigError(f"EIDER_ORIGIN={said!r} is unknown; use one of {', '.join(map(repr, ORIGINS))}.")
        return "agent" if self.as_agent and found == "user" else found

    def time_zone(self, given: str | None = None) -> str:
        """The asker's time zone: from the option, the settings, else this machine's."""
        from eider.model.clock import local_zone

        return given or config.setting("tz") or local_zone()
