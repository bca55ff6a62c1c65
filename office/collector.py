"""`python -m office.collector`: receives the management stream of trading servers and keeps it.

Listens on TCP for servers. Writes `telemetry.jsonl` and `journal.jsonl` (the second copy of the journal) as records
come, `recording` when a server was told to record its run, and at the end `summary.json`, also printed. On a unix
socket (`--control`) it hands every telemetry record to whoever listens and passes on commands: `{"command": "stop"}`
goes to every connected server, and the sender is told to how many. `control.json` says where that socket is, for as
long as it is there. `hftos office collect` is the same program.
"""

import argparse
import asyncio
import base64
import contextlib
import errno
import json
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator, Sequence
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

from office.archive import LINE_LIMIT, Archive, LineSplitter, Place, Record
from office.commands import COMMANDS, CONTROL_FILE

_READ_BYTES = 1 << 16
_CLOSE_SECONDS = 2.0
_LAST_PORT = 65_535


class Collector:
    """The office's end of the management network: an archive, its files, servers and watchers."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.archive = Archive()
        self.connections = 0
        self.oversized = 0
        self._directory = directory
        lines = (Place.JOURNAL, Place.TELEMETRY)
        self._files = {place: (directory / f"{place.value}.jsonl").open("wb") for place in lines}
        self._servers: set[asyncio.StreamWriter] = set()
        self._watchers: set[asyncio.StreamWriter] = set()
        self._handlers: set[asyncio.Task[None]] = set()

    def on_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A trading server has connected."""
        self._handle(self.serve_server(reader, writer))

    def on_watcher(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A local watcher has connected."""
        self._handle(self.serve_watcher(reader, writer))

    def _handle(self, conversation: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(conversation)
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)

    async def serve_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One trading server's connection, until it ends."""
        self.connections += 1
        self._servers.add(writer)
        self._publish({"kind": "connection", "open": True})
        splitter = LineSplitter()
        try:
            while data := await reader.read(_READ_BYTES):
                for line in splitter.feed(data):
                    self._store(line)
                self.flush()
        except ConnectionError:
            pass  # a server that lost power says no goodbye; what came before is kept
        finally:
            self.oversized += splitter.oversized
            self._servers.discard(writer)
            writer.close()
            self._publish({"kind": "connection", "open": False})

    async def serve_watcher(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One local watcher: gets the latest of every kind, then all that comes; may send commands."""
        for record in self.archive.latest.values():
            writer.write(_line(record))
        self._watchers.add(writer)
        splitter = LineSplitter()
        try:
            while data := await reader.read(_READ_BYTES):
                for line in splitter.feed(data):
                    writer.write(_line(self._command(line)))
        except ConnectionError:
            pass  # a watcher may go as it likes
        finally:
            self._watchers.discard(writer)
            writer.close()

    def flush(self) -> None:
        """Hand all stored records to the kernel."""
        for file in self._files.values():
            file.flush()

    async def close(self) -> Record:
        """End all connections and finish the files; gives the summary, which is also written to `summary.json`."""
        for writer in (*self._servers, *self._watchers):
            writer.close()
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=_CLOSE_SECONDS)
        for file in self._files.values():
            file.close()
        summary = self.archive.summary() | {"connections": self.connections, "oversized": self.oversized}
        (self._directory / "summary.json").write_text(json.dumps(summary) + "\n")
        return summary

    def _store(self, line: bytes) -> None:
        stored = self.archive.take(line)
        if stored is None:
            return
        place, record = stored
        if place is Place.RECORDING:
            self._record(record)
            return
        self._files[place].write(_line(record))
        if place is Place.TELEMETRY:
            self._publish(record)

    def _record(self, record: Record) -> None:
        """Write a piece of a server's recording where it belongs: pieces may come twice, after a reconnect."""
        try:
            data = base64.b64decode(record["data"], validate=True)
        except ValueError:
            self.archive.malformed += 1
            return
        path = self._directory / Place.RECORDING.value
        with path.open("r+b" if path.exists() else "wb") as file:
            file.seek(record["offset"])
            file.write(data)

    def _publish(self, record: Record) -> None:
        for writer in self._watchers:
            # A watcher that does not read must not make the office hold the stream for it.
            if writer.transport.get_write_buffer_size() <= LINE_LIMIT:
                writer.write(_line(record))

    def _command(self, line: bytes) -> Record:
        """Pass a command on to all servers; gives the answer, an error record for a command that is none."""
        try:
            name = json.loads(line)["command"]
        except (ValueError, KeyError, TypeError, RecursionError):
            name = None
        if name not in COMMANDS:
            return {"kind": "error", "reason": f"{line[:100]!r} is no command: must be one of {', '.join(COMMANDS)}"}
        for server in self._servers:
            server.write(_line({"command": name}))
        return {"kind": "command", "command": name, "servers": len(self._servers)}


async def run(host: str, port: int, directory: Path, control: Path | None) -> Record:
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
        orders = None if control is None else stack.enter_context(_control_listener(control))
        collector = Collector(directory)
        server = await asyncio.start_server(collector.on_server, sock=listener)
        bound = listener.getsockname()
        watchers = None if orders is None else await asyncio.start_unix_server(collector.on_watcher, sock=orders)
        if control is not None:
            stack.enter_context(_notice(directory / CONTROL_FILE, control, f"{bound[0]}:{bound[1]}"))
        print(json.dumps({"ready": True, "pid": os.getpid(), "host": bound[0], "port": bound[1]}), flush=True)
        await stop.wait()
        server.close()
        if watchers is not None:
            watchers.close()
        return await collector.close()


def _control_listener(path: Path) -> socket.socket:
    """Listen on a unix socket; what a dead collector left at its path is replaced, a living one's is an error."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket():
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionRefusedError):
                probe.connect(str(path))
                raise OSError(errno.EADDRINUSE, f"another collector serves {path}")
            path.unlink()
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        reason = error.strerror or f"{error} ({path})"
        raise OSError(error.errno, reason) from error
    return listener


@contextlib.contextmanager
def _notice(path: Path, control: Path, bind: str) -> Iterator[None]:
    """Say in a file where the control socket is; both are gone behind the context."""
    path.write_text(json.dumps({"pid": os.getpid(), "control": str(control.absolute()), "bind": bind}) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        control.unlink(missing_ok=True)


def address(text: str) -> tuple[str, int]:
    """IPv4 address and port of `ADDRESS:PORT`; raises ValueError."""
    host, _, port = text.rpartition(":")
    try:
        IPv4Address(host)
    except AddressValueError:
        port = ""
    if not port.isascii() or not port.isdecimal() or int(port) > _LAST_PORT:
        raise ValueError("must be an IPv4 address and a port, as in 10.30.0.1:9300")
    return host, int(port)


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
    print(json.dumps(asyncio.run(run(host, number, options.dir, options.control))), flush=True)
    return 0


def _line(record: Record) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


if __name__ == "__main__":
    sys.exit(main())
