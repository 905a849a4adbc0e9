"""Hooks of host programs, answered by the server: `POST /v1/hooks/<host>` takes what a host says and answers what it reads.

A host's module is named by an entry point of the group `eider.hooks` and has a function `start(around)` that returns a
`Host`. A hook is answered within its patience or with nothing, `{}`, while the work goes on; it is never answered
with an error, for its host could only show that to somebody who did not ask.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from eider.api.facade import Eider
from eider.client import briefing_cache, hook_port
from eider.client.hook_port import HookPort
from eider.model import config
from eider.model.errors import ConfigError, PausedError
from eider.model.values import Origin
from eider.privacy.ingress import Channel
from eider.service.in_process_backend import InProcessBackend, Server

if TYPE_CHECKING:
    from eider.service.http_request import HttpRequest

GROUP: Final = "eider.hooks"
PATIENCE: Final = 0.15
"""Seconds a host waits at most, where its hook does not say."""
LONGEST: Final = 1.2
"""What a hook may ask for: the start of a session on a busy machine."""
_SPARE: Final = 0.01
"""Seconds of a caller's deadline that its way back takes."""
_QUIET: Final = 300.0
"""Seconds in which the same fault of the same place is told once."""
_NONCE: Final = 128
OFF: Final = "off"
"""In the header `Eider-Hooks`: whoever runs this host wants no memory in it."""

FIGURES: Final = ("injected_tokens", "recalled", "learned", "caught_up")
"""What each host counts since the server began."""

Fault = Callable[[str, BaseException], None]


class Host(Protocol):
    """What answers the hooks of one host; it is called by several threads."""

    def answer(self, event: Mapping[str, Any], until: float) -> Mapping[str, Any]:
        """What the host reads; empty for nothing. After the monotonic instant `until` nobody reads it."""
        ...

    def warm(self) -> None:
        """Load what the first answers need; somebody may be about to ask."""
        ...

    def changed(self, folder: Path, verb: str) -> None:
        """A store was written to."""
        ...

    def tidy(self) -> None:
        """Nobody asks for anything now."""
        ...

    def busy(self) -> bool:
        """Return whether writes are waiting."""
        ...

    def stays(self) -> bool:
        """Whether somebody is there whose next event shall find a server, however long nothing was said."""
        ...

    def status(self) -> Mapping[str, Any]:
        """FIGURES, and `sessions`: the latest with theirs."""
        ...

    def close(self, timeout: float) -> None:
        """Write what was heard, as far as there is time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the server gives a host's module."""

    home: Path
    memory: Callable[[str, Origin], Eider]
    """(agent and channel, max_trust) → the store that is set, seen through that channel."""
    fault: Fault
    """Notes what failed, without content."""
    port: Callable[[], tuple[int | None, str]]
    """The hook port that is listened on, and why a reserved one is not."""
    trouble: Callable[[], list[str]] = list
    """What keeps this home from remembering, a line each."""


class Hooks:
    """The hosts of one server."""

    def __init__(self, home: str, server: Server, fault: Fault, trouble: Callable[[], list[str]] = list) -> None:
        """Import nothing yet."""
        self.home, self._server, self._fault, self._trouble = home, server, fault, trouble
        self.listening: Callable[[], tuple[int | None, str]] = lambda: (None, "")
        self.known: Callable[[], HookPort | None] = lambda: hook_port.read(home)
        self._hosts: dict[str, Host] = {}
        self._loading = threading.Lock()
        self._loaded = threading.Event()
        self._told: dict[tuple[str, str], float] = {}

    def load(self) -> None:
        """Import the modules; the environment they are in may vanish. One that fails is told, the others serve."""
        with self._loading:
            if self._loaded.is_set():
                return
            for point in entry_points(group=GROUP):
                try:
                    self._hosts[point.name] = point.load().start(
                        Around(
                            home=Path(self.home),
                            memory=self._memory,
                            fault=self._note_fault,
                            port=self.port,
                            trouble=self._trouble,
                        )
                    )
                except Exception as error:  # noqa: BLE001 (another package's fault is told, and the server lives on)
                    self._note_fault(point.name, error)
            self._loaded.set()

    def _memory(self, agent: str, max_trust: Origin) -> Eider:
        channel = Channel(name=agent, max_trust=max_trust, agent=agent)
        backend = InProcessBackend(server=self._server, channel=channel, drains=False)
        return Eider(backend, user=config.default_user())

    def port(self) -> tuple[int | None, str]:
        """Where hooks are listened for over HTTP; without, and why not where a port is reserved."""
        return self.listening()

    # ------------------------------------------------------------------ answering

    def patience(self, asked: HttpRequest) -> float | None:
        """Seconds after which a request is answered with nothing; None for what is no hook."""
        if not asked.name.startswith("hooks/"):
            return None
        factor = _factor()
        if "eider-deadline" not in asked.headers:
            return PATIENCE * factor
        return max(0.0, min(LONGEST * factor, asked.until - time.monotonic() - _SPARE))

    def answer(self, asked: HttpRequest) -> Mapping[str, Any]:
        """What a host's hook reads."""
        name = asked.name.removeprefix("hooks/")
        try:
            self.load()
            host = self._hosts.get(name)
            if host is None or asked.headers.get("eider-hooks", "").strip().lower() == OFF:
                return {}
            return host.answer(asked.body, min(asked.until, time.monotonic() + (self.patience(asked) or PATIENCE)))
        except PausedError:
            return {}
        except Exception as error:  # noqa: BLE001 (a host goes on whatever happens to its memory)
            self._note_fault(name, error)
            return {}

    def hello(self, asked: HttpRequest) -> Mapping[str, Any]:
        """Prove that whoever listens here holds the hook token."""
        known, nonce = self.known(), asked.body.get("nonce")
        if known is None or not isinstance(nonce, str) or len(nonce) > _NONCE:
            return {"proof": ""}
        return {"proof": hook_port.proof(known.token, nonce)}

    def _note_fault(self, where: str, error: BaseException) -> None:
        """Note a fault once in a while: a hook that fails does so at every prompt."""
        place, now = (where, type(error).__name__), time.monotonic()
        if now - self._told.get(place, -_QUIET) >= _QUIET:
            self._told[place] = now
            self._fault(f"hooks/{where}", error)

    # ------------------------------------------------------------------ the server's life

    def warm(self) -> None:
        """Import the hosts' modules and have those get ready that are used here."""
        self.load()
        for name, host in list(self._hosts.items()):
            if Path(self.home, "hooks", name).is_dir() or Path(self.home, hook_port.FILE).exists():
                self._safely(name, host.warm)

    def changed(self, folder: Path, verb: str) -> None:
        """Tell the hosts that a store was written to; what they keep for a cold start is gone before a forget ends."""
        if verb in briefing_cache.ERASING:
            briefing_cache.delete_briefings(self.home)
        for name, host in list(self._hosts.items()):
            self._safely(name, lambda host=host: host.changed(folder, verb))

    def tidy(self) -> None:
        """What hosts do while nobody asks."""
        for name, host in list(self._hosts.items()):
            self._safely(name, host.tidy)

    def busy(self) -> bool:
        """Whether any of them has something to write."""
        return any(host.busy() for host in list(self._hosts.values()))

    def stays(self) -> bool:
        """Whether a host has a window open."""
        return any(host.stays() for host in list(self._hosts.values()))

    def status(self) -> dict[str, Any]:
        """Figures of each, and the hook port."""
        port, fault = self.port()
        hosts = {name: dict(host.status()) for name, host in list(self._hosts.items())}
        return {"port": port, "fault": fault, "hosts": hosts}

    def close(self, timeout: float = 15.0) -> None:
        """Let each write what it heard."""
        for name, host in list(self._hosts.items()):
            self._safely(name, lambda host=host: host.close(timeout))

    def _safely(self, name: str, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 (one host's fault is none of the others')
            self._note_fault(name, error)


def _factor() -> float:
    """How much longer than usual hooks may take here; a setting that cannot be used is the doctor's business."""
    try:
        return config.hook_patience()
    except ConfigError:
        return 1.0
