"""`python -m office.collector`: receives the management stream of trading servers and keeps it (`office.files`).

Listens on TCP for servers, acknowledges what the device has, and puts a summary beside it, which is also printed at the
end. It may be killed at any moment: the next one goes on with what is on disk. On a unix socket (`--control`) it hands
every frame to whoever watches (`office.live`) and passes on commands (`office.commands`). `control.json` says where
that socket is, for as long as it is there. `hftos office collect` is the same program.
"""

import argparse
import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from office.archive import Archive
from office.commands import COMMANDS, CONTROL_FILE
from office.intake import Intake
from office.listening import address, control_listener, notice
from office.watchers import Watchers, word
from protocols.errors import ProtocolError
from protocols.management import Answer, Command, Connection, ManagementMessage
from protocols.management_files import FileError

_READ_BYTES = 1 << 16
_SYNC_SECONDS = 0.05
_SUMMARY_SECONDS = 1.0
_GREETING_SECONDS = 10.0
_SILENCE_SECONDS = 30.0
"""A server says something each second; one that has not for so long is gone, and its place is free."""
_CLOSE_SECONDS = 2.0
_SERVERS = 64
_SERVERS_OF_ADDRESS = 32
"""So that no machine can take all places."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Collector:
    """The office's end of the management network: an archive, servers and watchers."""

    def __init__(self, directory: Path) -> None:
        self.archive = Archive(directory)
        self._servers: dict[asyncio.StreamWriter, Intake] = {}
        self._watchers = Watchers(self._command)
        self._handlers: set[asyncio.Task[None]] = set()
        self._written = asyncio.Event()
        self._summarised = 0.0

    def on_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A trading server has connected."""
        address = _address(writer)
        same = sum(_address(other) == address for other in self._servers)
        if len(self._servers) < _SERVERS and same < _SERVERS_OF_ADDRESS:
            self.archive.counts["connections"] += 1
            self._servers[writer] = Intake(self.archive)
            self._handle(self.serve_server(reader, writer))
        else:
            self._refuse(writer)

    def on_watcher(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A local watcher has connected."""
        latest = self._watchers.join(writer)
        if latest is None:
            self._refuse(writer)
        else:
            self._handle(self._watchers.serve(reader, writer, latest))

    def _refuse(self, writer: asyncio.StreamWriter) -> None:
        self.archive.counts["refused"] += 1
        writer.close()

    def _handle(self, conversation: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(conversation)
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)

    async def serve_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One trading server's connection, until it ends."""
        intake = self._servers[writer]
        try:
            async with asyncio.timeout(_GREETING_SECONDS) as limit:
                while data := await reader.read(_READ_BYTES):
                    before = intake.session
                    new = intake.feed(data)
                    if not before and intake.session:
                        self._greeted(intake, writer)
                    if intake.session:
                        limit.reschedule(asyncio.get_running_loop().time() + _SILENCE_SECONDS)
                    for frame in new:
                        self._watchers.publish(intake.session, frame)
                    self._written.set()
        except (ConnectionError, TimeoutError):
            pass  # a server that lost power says no goodbye; what came before is kept
        except (ProtocolError, FileError, OSError) as error:
            self.archive.counts["faults"] += 1
            peer = writer.get_extra_info("peername")
            print(f"office: connection of {peer} closed: {error}", file=sys.stderr, flush=True)
        finally:
            self._servers.pop(writer, None)
            writer.close()
            intake.close()
            if intake.session and not any(other.session == intake.session for other in self._servers.values()):
                self._watchers.publish(intake.session, word(Connection(open=0)))

    def _greeted(self, intake: Intake, writer: asyncio.StreamWriter) -> None:
        """A server is known now: an older connection of it is dead, even if nobody has told us."""
        for other, known in list(self._servers.items()):
            if other is not writer and known.session == intake.session:
                other.close()
        self._watchers.publish(intake.session, word(Connection(open=1)))
        self._acknowledge(intake, writer)

    async def sync(self) -> None:
        """Bring what was written to the device, at most every `_SYNC_SECONDS`, and acknowledge it; never ends.

        Raises OSError when the device refuses: what it has is not known then, and only a new start finds out.
        """
        while True:
            await self._written.wait()
            self._written.clear()
            await asyncio.to_thread(self.archive.sync)
            self.archive.rest()
            for writer, intake in list(self._servers.items()):
                self._acknowledge(intake, writer)
            if time.monotonic() - self._summarised >= _SUMMARY_SECONDS:
                self._summarise()
            await asyncio.sleep(_SYNC_SECONDS)  # so much is gathered for the next time

    async def close(self) -> dict[str, Any]:
        """End all connections and finish the files; gives the summary. Raises OSError, with the files closed."""
        for writer in (*self._servers, *self._watchers.writers):
            writer.close()
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=_CLOSE_SECONDS)
        try:
            return self.archive.write_summary()
        finally:
            self.archive.close()

    def _summarise(self) -> None:
        self._summarised = time.monotonic()
        with contextlib.suppress(OSError):  # the one at the end must be
            self.archive.write_summary()

    def _acknowledge(self, intake: Intake, writer: asyncio.StreamWriter) -> None:
        for ack in intake.acks():
            writer.write(word(ack).encode())

    def _command(self, message: ManagementMessage) -> Answer:
        """Pass a command on to all servers."""
        if not isinstance(message, Command) or message.name not in COMMANDS:
            name = message.name if isinstance(message, Command) else message.NAME
            return Answer(servers=0, body=f"{name!r} is no command: must be one of {', '.join(COMMANDS)}".encode())
        servers = [writer for writer, intake in self._servers.items() if intake.session]
        for server in servers:
            server.write(word(message).encode())
        return Answer(servers=len(servers))


def _address(writer: asyncio.StreamWriter) -> str:
    """Where a server connected from."""
    peer = writer.get_extra_info("peername")
    return str(peer[0]) if peer else ""


async def run(host: str, port: int, directory: Path, control: Path | None) -> dict[str, Any]:
    """Serve until SIGTERM or SIGINT; prints a ready line with the bound address first. Gives the summary.

    Raises OSError when an address, directory or socket cannot be had.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Listen first: an address or a directory in use must not cost another collector its files.
    directory.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, port)))
        orders = None if control is None else stack.enter_context(control_listener(control))
        collector = Collector(directory)
        server = await asyncio.start_server(collector.on_server, sock=listener)
        bound = listener.getsockname()
        watchers = None if orders is None else await asyncio.start_unix_server(collector.on_watcher, sock=orders)
        if control is not None:
            stack.enter_context(notice(directory / CONTROL_FILE, control, f"{bound[0]}:{bound[1]}"))
        syncing = asyncio.create_task(collector.sync())
        print(json.dumps({"ready": True, "pid": os.getpid(), "host": bound[0], "port": bound[1]}), flush=True)
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((stopped, syncing), return_when=asyncio.FIRST_COMPLETED)
        server.close()
        if watchers is not None:
            watchers.close()
        if syncing.done():
            syncing.result()
        syncing.cancel()
        return await collector.close()


def trouble(error: OSError, directory: Path) -> str:
    """Why `run` could not go on, and what to do, in a line."""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return f"{directory}: {reason}: make room there, or give another --dir; what was acknowledged is kept"
    return f"{reason}: give another --bind, --dir or --control"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m office.collector", description=__doc__)
    parser.add_argument("--bind", default="127.0.0.1:9300", help="address:port to listen on (port 0: any)")
    parser.add_argument("--dir", type=Path, required=True, help="where to write")
    parser.add_argument("--control", type=Path, help="path of the unix socket for watchers and commands")
    options = parser.parse_args(arguments)
    try:
        host, number = address(options.bind)
    except ValueError as error:
        parser.error(f"--bind {options.bind}: {error}")
    try:
        summary = asyncio.run(run(host, number, options.dir, options.control))
    except OSError as error:
        print(f"office: {trouble(error, options.dir)}", file=sys.stderr)
        return 1
    print(json.dumps(summary), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
