"""Real SoupBinTCP connections, captured by a proxy, and what tshark reads in them."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.exchange.captures import Capture, Chunk, Frame, Host, tshark

SERVER = Host("10.0.0.1", 26500)
CLIENT = Host("10.0.0.2", 40_000)
"""Of the first connection; the others have the ports after it."""
SOUP = (
    ["tcp.srcport", "tcp.dstport", "_ws.col.Info"]
    + [
        f"soupbintcp.{name}"
        for name in ("packet_type", "message", "username", "password", "session", "reject_code", "text")
    ]
    + ["ouch.packet_type", "ouch.event_code"]
)


class RecordingProxy:
    """Passes TCP connections on to a server on loopback; `connections` has the chunks of each, in their order."""

    def __init__(self, server_port: int) -> None:
        self.connections: list[list[Chunk]] = []
        self._server_port = server_port
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def listen(self) -> int:
        """Take connections; returns the port."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Wait until all connections are over on both sides."""
        assert self._listener is not None, "listen first"
        self._listener.close()
        await asyncio.gather(*self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        chunks: list[Chunk] = []
        self.connections.append(chunks)
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        await asyncio.gather(
            _pass_on(True, reader, server_writer, chunks), _pass_on(False, server_reader, writer, chunks)
        )
        for end in (writer, server_writer):
            end.close()
            await end.wait_closed()


async def _pass_on(
    from_client: bool, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chunks: list[Chunk]
) -> None:
    data = b"-"
    while data:
        data = await reader.read(1 << 16)
        chunks.append(Chunk(from_client, data, time.monotonic_ns()))
        if data:
            writer.write(data)
            await writer.drain()
        else:
            writer.write_eof()


def read_connections(path: Path, proxy: RecordingProxy) -> list[Frame]:
    """All connections of a proxy, one after the other."""
    capture = Capture()
    for number, chunks in enumerate(proxy.connections):
        capture.connection(Host(CLIENT.address, CLIENT.port + number), SERVER, chunks)
    capture.write(path)
    return tshark(path, [f"tcp.port=={SERVER.port},soupbintcp"], SOUP)


def assert_numbered(frames: Sequence[Frame]) -> None:
    """tshark, which counts from Login Accepted on, has the number that the packet has among those of its connection.

    Its fields hold no number, the summary of a frame has that of the last packet.
    """
    counts: Counter[str] = Counter()
    numbered = 0
    for frame in frames:
        client = frame["tcp.dstport"][0]
        counts[client] += frame.get("soupbintcp.packet_type", []).count("'S'")
        if numbers := re.findall(r"SeqNum = (\d+)", frame["_ws.col.Info"][0]):
            assert int(numbers[-1]) == counts[client]
            numbered += 1
    assert numbered
