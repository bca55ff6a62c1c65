"""The operator's port: commands as lines of JSON over TCP, one answer a line. Served on loopback alone.

A line that is no command gets ``{"ok": false, "error": …}`` and changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

from exchange.commands import CommandError

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
MAX_LINE = 4096
# A caller that has not sent its command by then has gone astray.
READ_TIMEOUT = 10.0
ANSWER_TIMEOUT = 10.0


class ControlServer:
    """Takes commands for ``run``, which returns the answer or raises CommandError."""

    def __init__(self, run: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._run = run
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, port: int) -> int:
        """Take commands from now on; returns the port (chosen by the system for 0). OSError when it cannot."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, port, limit=MAX_LINE)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more; commands that are being read are dropped."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._server is not None:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio runs connection handlers as tasks"
        self._tasks.add(task)
        try:
            while line := await asyncio.wait_for(reader.readline(), READ_TIMEOUT):
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await asyncio.wait_for(writer.drain(), READ_TIMEOUT)
        except (ValueError, TimeoutError, OSError) as error:
            log.warning("control connection dropped: %s", str(error) or "nothing came in time")
        finally:
            self._tasks.discard(task)
            writer.close()

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one line."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict) or not isinstance(request.get("do"), str):
                text = line.decode(errors="replace").strip()
                return {"ok": False, "error": f"{text!r} is no command: give an object with 'do'"}
            return self._run(request)
        except (ValueError, RecursionError) as error:
            # CommandError is a ValueError, as is what json raises.
            return {"ok": False, "error": str(error)}


def answers(ready: dict[str, Any]) -> bool:
    """Whether the exchange of a ready file is there."""
    try:
        with socket.create_connection((LOOPBACK, int(ready["control"]["port"])), ANSWER_TIMEOUT):
            return True
    except (OSError, KeyError, TypeError, ValueError):
        return False


def send_command(port: int, request: dict[str, Any]) -> dict[str, Any]:
    """Send one command to the exchange of this host and return its answer.

    OSError when nobody answers; CommandError when the exchange refuses.
    """
    with socket.create_connection((LOOPBACK, port), ANSWER_TIMEOUT) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        line = connection.makefile("rb").readline()
    if not line:
        raise ConnectionError(f"the exchange at port {port} closed the connection without an answer")
    answer: dict[str, Any] = json.loads(line)
    if not answer.get("ok"):
        raise CommandError(str(answer.get("error")))
    return answer
