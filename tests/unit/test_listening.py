"""How the server listens over TCP."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from eider.service.run import ServerOptions, _listen_tcp


async def test_an_answer_over_tcp_is_sent_at_once(tmp_path: Path) -> None:
    """No part of it waits some 40 ms until the other side has acknowledged the part before."""
    heard: list[int] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        heard.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = _listen_tcp(ServerOptions(home=str(tmp_path)))
    async with await asyncio.start_server(answer, sock=listening):
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert heard == [1]
