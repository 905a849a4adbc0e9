"""Claude's memory tool on an Eider store: files that are versioned, erased for real, and recalled by everything else.

Runs without a key: a scripted network stands in. With ANTHROPIC_API_KEY set, Claude decides itself what to write down.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import anthropic
import httpx2

import eider
from eider_anthropic import EiderMemoryTool, wrap

NOTES = "/memories/ledger.md"
SCRIPT: list[dict[str, Any]] = [
    {"command": "view", "path": "/memories"},
    {"command": "create", "path": NOTES, "file_text": "# Ledger\nDeploys on Fridays.\nRetries: five.\n"},
    {},
    {"command": "view", "path": NOTES},
    {"command": "str_replace", "path": NOTES, "old_str": "Fridays", "new_str": "Mondays"},
    {"command": "view", "path": "/memories/../etc/passwd"},
    {},
]
"""What the stand-in for Claude does, call by call; an empty one ends its turn."""


def network(request: httpx2.Request) -> httpx2.Response:
    """Answers as Anthropic's API would."""
    body = json.loads(request.content)
    for block in body["messages"][-1]["content"]:
        if isinstance(block, dict) and block.get("type") == "tool_result":
            print(f"  {'refused: ' if block.get('is_error') else ''}{str(block['content']).splitlines()[0]}")
    call = SCRIPT.pop(0)
    use = {"type": "tool_use", "id": f"toolu_{len(SCRIPT)}", "name": "memory", "input": call}
    answer = {
        "id": f"msg_{len(SCRIPT)}", "type": "message", "role": "assistant", "model": "none",
        "content": [use] if call else [{"type": "text", "text": "Noted."}], "stop_sequence": None,
        "stop_reason": "tool_use" if call else "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    return httpx2.Response(200, json=answer)


def claude() -> anthropic.Anthropic:
    """A real client where there is a key."""
    if os.environ.get("ANTHROPIC_API_KEY"):
        return anthropic.Anthropic()
    return anthropic.Anthropic(api_key="none", http_client=httpx2.Client(transport=httpx2.MockTransport(network)))


def talk(store: Path, words: str) -> None:
    """One process: open the memory, let Claude work with its files."""
    with eider.open(store, user="ada") as memory, claude() as client:
        print(f"> {words}")
        runner = wrap(client, memory).beta.messages.tool_runner(
            model="claude-haiku-4-5", max_tokens=1000, tools=[EiderMemoryTool(memory)],
            messages=[{"role": "user", "content": words}],
        )  # fmt: skip
        print("".join(block.text for block in runner.until_done().content if block.type == "text"))


with tempfile.TemporaryDirectory() as place:
    path = Path(place) / "memory.eider"
    talk(path, "The ledger deploys on Fridays and retries five times. Write that down.")
    talk(path, "We moved the deploys of the ledger to Mondays.")
    with eider.open(path, user="ada") as memory:
        files = EiderMemoryTool(memory)
        for file in memory.search(kinds=["context"]).items:
            name = file.text.splitlines()[0]
            for number, version in enumerate(files.history(name), 1):
                print(f"version {number} of {version.path}: {' '.join(version.text.split())}")
        print("recalled elsewhere:", " ".join(memory.recall("how many retries?", kinds=["context"])[0].text.split()))
        files.clear_all_memory()
        print("left after deleting:", memory.search(kinds=["context"], status="superseded").total)
