"""An MCP client keeps something through one server process and finds it through the next.

python examples/mcp_client.py              a home of its own, gone afterwards
python examples/mcp_client.py --mine       your own store

It needs no key and no model: the client calls the tools that a model would call. `pip install 'eider-memory[mcp]'`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client import Transport
from mcp.client.stdio import stdio_client
from mcp.types import TextContent


def process(home: str | None) -> Transport:
    """What clients have in their settings: the command that starts a server."""
    env = dict(os.environ) if home is None else {**os.environ, "EIDER_HOME": home}
    return stdio_client(
        StdioServerParameters(command=sys.executable, args=["-m", "eider_mcp", "--agent", "example"], env=env)
    )


async def call(client: Client, tool: str, **arguments: Any) -> str:
    """One call of a tool, shown as a model would read it."""
    done = await client.call_tool(tool, arguments)
    text = "\n".join(part.text for part in done.content if isinstance(part, TextContent))
    print(f"\n{'!' if done.is_error else '>'} {tool} {arguments or ''}\n{text}")
    return text


async def main(home: str | None) -> None:
    """Two conversations, each with a server process of its own."""
    async with Client(process(home)) as client:
        print("one process offers", ", ".join(tool.name for tool in (await client.list_tools()).tools))
        await call(client, "remember", text="The ledger is deployed on Fridays.", kind="decision")
    async with Client(process(home)) as client:
        print("\nthe next process finds what it kept")
        await call(client, "recall", query="when do we deploy the ledger?")
        await call(client, "signal_outcome", outcome=1.0)
        await call(
            client, "recall", query="when do we deploy the ledger?", limit=99
        )  # a mistake is answered with the fix
        found = await client.get_prompt("what_do_you_know", {"about": "the ledger"})
        print("\na prompt of the menu begins:", str(getattr(found.messages[0].content, "text", ""))[:60], "…")


if __name__ == "__main__":
    if "--mine" in sys.argv:
        asyncio.run(main(None))
    else:
        with tempfile.TemporaryDirectory(prefix="eider-") as folder:
            asyncio.run(main(folder))
