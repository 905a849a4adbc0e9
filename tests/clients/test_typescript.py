"""A TypeScript client: the example runs in Node against a server, and types are made from the server's own description."""

from __future__ import annotations

import subprocess
import urllib.request
from pathlib import Path

import pytest
from homes import Home

from eider.client.client import server_notes

pytestmark = pytest.mark.client
EXAMPLE = Path(__file__).parents[2] / "examples" / "typescript" / "memory.ts"


@pytest.fixture
def server(home: Home) -> dict[str, str]:
    """A server over HTTP, and what a client is told of it."""
    home.start()
    port = server_notes(str(home.path))["port"]
    return {"EIDER_URL": f"http://127.0.0.1:{port}", "EIDER_TOKEN": (home.path / "run" / "token").read_text()}


def test_the_example_keeps_and_recalls(server: dict[str, str], node_program: Path) -> None:
    """Word for word as it stands in the repository."""
    done = subprocess.run([node_program, EXAMPLE], env=server, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The staging database listens on port 6543.\n")
    assert "Deploys on Tuesdays." in done.stdout


def test_types_are_made_from_the_description(
    server: dict[str, str], node_program: Path, openapi_types: Path, tmp_path: Path
) -> None:
    """The generator understands it, and names each verb with its fields."""
    asked = urllib.request.Request(
        f"{server['EIDER_URL']}/openapi.json", headers={"Authorization": f"Bearer {server['EIDER_TOKEN']}"}
    )
    with urllib.request.urlopen(asked) as answer:
        (tmp_path / "openapi.json").write_bytes(answer.read())
    done = subprocess.run(
        [node_program, openapi_types, "openapi.json", "-o", "eider.d.ts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "eider.d.ts").read_text()
    assert '"/v1/recall"' in made
    assert "query: string" in made
