"""Settings that `install` saves: values of the shell's environment, then answers asked on a terminal."""

from __future__ import annotations

import os
from typing import Final

import click

from eider.cli.output import print_line
from eider.cli.state import State
from eider.model import config
from eider.model.errors import EiderError

_SAVED_SETTINGS: Final = ("store", "user", "tz", "mode", "model", "model_url", "hook_form")
"""Settings that a shell may have exported and that a host started elsewhere would miss; never a key."""


def save_environment(state: State) -> None:
    """Save values of the environment that are not in the settings yet."""
    known = config.read()
    for name in _SAVED_SETTINGS:
        said = os.environ.get(f"EIDER_{name.upper()}", "").strip()
        if said and name not in known:
            config.write(name, said)
            if not state.json:
                print_line(
                    f"{name} = {said}, as EIDER_{name.upper()} says; change it with eider config set {name}", dim=True
                )


def ask_settings() -> None:
    """Ask for the store, the user and optionally a model; Enter keeps the present value."""
    known = config.read()
    for name, usual, question in (
        ("store", "default", "Store"),
        ("user", config.default_user(), "Whose memory"),
        ("model", "", "Model that may be asked, as provider:model (empty: none, and nothing needs one)"),
    ):
        given = _ask_setting(question, known.get(name) or usual, name)
        if given and given != known.get(name) and (given != usual or name in known):
            config.write(name, given)
    if config.read().get("model"):
        has = "kept as it is" if known.get("model_key") else "none"
        key = click.prompt(
            f"Its key (not shown; empty: {has})", default="", hide_input=True, show_default=False, err=True
        )
        if key.strip():
            config.write("model_key", key.strip())


def _ask_setting(question: str, usual: str, name: str) -> str:
    def checked(said: str) -> str:
        try:
            return _CHECKS[name](said.strip()) if said.strip() else ""
        except EiderError as error:
            raise click.UsageError(str(error)) from None

    return click.prompt(question, default=usual, value_proc=checked, show_default=bool(usual), err=True)


def _check_store(said: str) -> str:
    from eider.model.store_paths import folder_of

    folder_of(said)
    return said


def _check_user(said: str) -> str:
    from eider.model.validation import user

    return user(said)


def _check_model(said: str) -> str:
    from eider.providers.llm import spec_of

    spec_of(said)
    return said


_CHECKS: Final = {"store": _check_store, "user": _check_user, "model": _check_model}
