"""An adapter without its framework says in one line what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT = "import sys; sys.modules[{framework!r}] = None; import {adapter}"


@pytest.mark.parametrize(
    ("adapter", "framework", "extra"),
    [
        ("eider_anthropic", "anthropic", "anthropic"),
        ("eider_pydantic_ai", "pydantic_ai", "pydantic-ai"),
        ("eider_openai", "openai", "openai"),
    ],
)
def test_a_missing_framework_names_the_extra(adapter: str, framework: str, extra: str) -> None:
    """The last line of the fault is the command to run."""
    code = WITHOUT.format(framework=framework, adapter=adapter)
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"pip install 'eider-memory[{extra}]'")


def test_what_an_older_version_cannot_do_names_the_version() -> None:
    """The rest of the adapter works with it."""
    code = (
        "import sys; sys.modules['pydantic_ai.conversation_store'] = None\n"
        "import eider_pydantic_ai\n"
        "print(eider_pydantic_ai.EiderHistory.__name__)\n"
        "from eider_pydantic_ai import EiderConversations"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, timeout=60, check=False)
    assert done.stdout.strip() == "EiderHistory"
    assert done.stderr.splitlines()[-1].endswith("2.68 or newer; run: pip install -U pydantic-ai-slim")
