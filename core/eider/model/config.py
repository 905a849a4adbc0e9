"""Where stores live and what is set: one file, readable by its owner only."""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from eider.model.errors import ConfigError, InputError

SETTINGS: Final[Mapping[str, str]] = {
    "store": "store used when none is named",
    "user": "user whose memory is meant when none is named",
    "agent": "agent name that is noted on what is learned",
    "tz": "time zone of the user, such as Europe/Berlin",
    "embedder": "what embeds new stores: default | hash | onnx | provider:model, such as openai:text-embedding-3-small",
    "encoder": "what looks at the best candidates of a recall again: onnx, or another name as for embedder; none by default",
    "reranker": "what reads the best candidates beside the question: cohere:…, voyage:…, tei; none by default",
    "embedder_key": "key of the embedder's provider, or of several: openai=…,voyage=…",
    "embedder_patience": "seconds a question waits for its vector from a service (0.25); later it is answered by words alone",
    "embedder_url": "where the embedder's provider is, or several: tei=http://127.0.0.1:8080/v1,ollama=…",
    "layers": "published snapshots recalled beneath the store, with commas between; one that is not there is passed over",
    "hook_patience": "how many times longer than 150 ms (400 ms at a session's start) hooks may take; 1, more for a slow machine",
    "server": "auto | off: whether named stores are held by a server process for all others",
    "http_hosts": "hosts whose server may be asked over plain http, with commas between them",
    "ca_file": "certificate of the authority that remote servers are signed by, where it is your own",
    "hook_form": "auto | command | http: how hosts reach the server; auto is command, which starts it again where it is gone",
    "otel": "where the server sends its spans, such as http://localhost:4318",
    "mode": "how far models may be asked, for eider.from_env(): frugal | balanced | eager",
    "model": "model that is asked, for eider.from_env(): provider:model, such as anthropic:claude-haiku-4-5",
    "model_key": "key of the model's provider; a server process sees no key of your shell, so it belongs here",
    "model_url": "where the model's provider is, if not where its library looks",
    "model_tokens": "model tokens each store may spend in a day (1000000), or unlimited",
    "counter": "what counts tokens: heuristic | tiktoken | anthropic:model | openai:model | voyage:model",
    "scope_consolidation_threshold": "memories after which scopes are consolidated by themselves; by default 50",
    "run_retention": "seconds that a run without history is kept after its end, for follow-ups (7200)",
    "backup": "when the server backs up its stores; set it with eider backup schedule",
}
SECRET: Final = frozenset({"embedder_key", "model_key"})
"""Settings that are never shown."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.IGNORECASE)
_FILE: Final = "config.json"
_MOST_PATIENT: Final = 20
SCOPE_THRESHOLD: Final = 50
"""Memories after which scopes are consolidated by themselves, where none are set."""


def home() -> Path:
    """Directory of everything Eider keeps: `EIDER_HOME`, else the platform's data directory."""
    if named := os.environ.get("EIDER_HOME"):
        return Path(named).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "eider"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "eider"
    return Path(os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))) / "eider"


def store_path(name: str) -> Path:
    """Directory of a named store.

    Raises:
        InputError: The name could leave the directory of stores, or no file system would take it.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        shown = name if len(name) <= 40 else f"{name[:40]}…"  # noqa: PLR2004 (what fits a message)
        raise InputError(
            f"store name {shown!r} cannot be used; take 1 to 64 letters, digits, dots, dashes or underscores, "
            "or pass a path such as './memory.eider'."
        )
    return home() / "stores" / f"{name}.eider"


def is_path(store: str | Path) -> bool:
    """Whether that means a directory of one's own rather than a shared store's name.

    A text that climbs out of the working directory is a path only when it says so by its ending:
    a name that a stranger chose shall not lead to another directory.

    >>> is_path("assistant"), is_path("./memory.eider"), is_path("notes.eider"), is_path("../../etc")
    (False, True, True, False)
    """
    if isinstance(store, str) and ".." in Path(store).parts and not store.endswith(".eider"):
        return False
    return isinstance(store, Path) or os.sep in store or store.endswith(".eider") or store.startswith((".", "~"))


def private(folder: Path) -> Path:
    """The directory, made for its owner alone if it is not there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def read() -> dict[str, str]:
    """Settings of the one config file.

    Raises:
        ConfigError: The file is no settings file.
    """
    path = home() / _FILE
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(path)!r} cannot be read ({error}); mend it or remove it.") from error
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise ConfigError(f"{str(path)!r} is not a JSON object of texts; mend it or remove it.")
    return found


def write(name: str, content: str | None) -> None:
    """Set or (None) unset one setting.

    Raises:
        ConfigError: There is no such setting.
    """
    if name not in SETTINGS:
        raise ConfigError(f"setting {name!r} is unknown; there are {', '.join(map(repr, SETTINGS))}.")
    settings = read()
    settings.pop(name, None)
    if content is not None:
        settings[name] = content
    path = private(home()) / _FILE
    fresh = path.with_name(f"{_FILE}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(settings, file, indent=1, sort_keys=True)
    fresh.replace(path)


def setting(name: str) -> str | None:
    """A setting: from the environment (`EIDER_STORE`, `EIDER_USER` …), else from the file."""
    return os.environ.get(f"EIDER_{name.upper()}") or read().get(name)


def hook_patience() -> float:
    """How many times longer than usual hooks may take.

    Raises:
        ConfigError: The setting is no number from 1 to 20.
    """
    said = setting("hook_patience") or "1"
    try:
        found = float(said)
    except ValueError:
        found = 0.0
    if not 1 <= found <= _MOST_PATIENT:
        raise ConfigError(f"setting 'hook_patience' is {said!r}; set a number from 1 to {_MOST_PATIENT}.")
    return found


def scope_threshold() -> int:
    """Memories after which scopes are consolidated by themselves.

    Raises:
        ConfigError: The setting is no number.
    """
    said = setting("scope_consolidation_threshold")
    if said is None:
        return SCOPE_THRESHOLD
    if not said.strip().isdecimal() or int(said) < 1:
        raise ConfigError(
            f"setting 'scope_consolidation_threshold' is {said!r}; set a whole number from 1 on, such as '{SCOPE_THRESHOLD}'."
        )
    return int(said)


def default_user() -> str:
    """The set user, else the login name, else (in a container without one) the number of the account."""
    if named := setting("user"):
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid-{os.getuid()}"
