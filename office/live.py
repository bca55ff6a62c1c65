"""Watch the management stream as it comes: what the collector hands out on its control socket."""

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from protocols.errors import LengthError
from protocols.management import FRAME, FRAME_LIMIT, Frame, decode

PREFIX: Final = struct.Struct(">Q")
"""In front of every frame: the server's session; 0 for the office's own words."""
_READ_LIMIT: Final = 1 << 20


async def watch(control: Path) -> AsyncIterator[tuple[int, Frame]]:
    """(session, frame) of everything new, the latest of everything first (`office.commands.control_of` finds the
    socket). Ends when the collector does, or drops a watcher that reads too slowly.

    Raises OSError when nothing serves the socket.
    """
    reader, writer = await asyncio.open_unix_connection(control, limit=_READ_LIMIT)
    try:
        async for found in frames(reader):
            yield found
    finally:
        writer.close()


async def frames(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, Frame]]:
    """(session, frame) from a connection to the control socket, to its end. Raises ProtocolError."""
    while True:
        try:
            head = await reader.readexactly(PREFIX.size + FRAME.size)
            (session,) = PREFIX.unpack_from(head)
            length, stream, number, time = FRAME.unpack_from(head, PREFIX.size)
            if length > FRAME_LIMIT:
                raise LengthError(f"a message has at most {FRAME_LIMIT} bytes", 0, length)
            message = decode(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        yield session, Frame(stream, number, time, message)
