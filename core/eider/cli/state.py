"""The global options of the command line, as every command receives them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from eider.model import config
from eider.model.errors import ConfigError
from eider.model.values import ORIGINS, Origin


@dataclass(slots=True)
class State:
    """Values of the global options."""

    store: str | None = None
    user: str | None = None
    json: bool = False
    verbose: bool = False
    progress: bool | None = None
    as_agent: bool = False

    def user_name(self) -> str:
        """Return the user: from the option, EIDER_USER, the settings, else the login name."""
        return self.user or config.default_user()

    def max_trust(self) -> Origin:
        """Return the highest origin that writes may claim: `user` for a person's terminal, `agent` with --as-agent."""
        said = os.environ.get("EIDER_ORIGIN") or "user"
        found: Origin | None = next((origin for origin in ORIGINS if origin == said), None)
        if found is None:
            raise ConfigError(f"EIDER_ORIGIN={said!r} is unknown; use one of {', '.join(map(repr, ORIGINS))}.")
        return "agent" if self.as_agent and found == "user" else found

    def time_zone(self, given: str | None = None) -> str:
        """Return the time zone: from the option, the settings, else this machine's."""
        from eider.model.clock import local_zone

        return given or config.setting("tz") or local_zone()
