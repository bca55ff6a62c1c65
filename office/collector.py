"""`python -m office.collector`: receives the management stream of trading servers and keeps it.

Listens on TCP for servers. Writes `telemetry.jsonl` and `journal.jsonl` (the second copy of the journal) as records
come, and at the end `summary.json`, also printed. On a unix socket (`--control`) it hands every telemetry record to
whoever listens and passes on commands: `{"command": "stop"}` goes to every connected server.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

from office.archive import LINE_LIMIT, Archive, LineSplitter, Place, Record

COMMANDS = ("stop", "kill")
_READ_BYTES = 1 << 16
_CLOSE_SECONDS = 2.0


class Collector:
    """The office's end of the management network: an archive, its files, servers and watchers."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.archive = Archive()
        self.connections = 0
        self.oversized = 0
        self._directory = directory
        self._files = {place: (directory / f"{place.value}.jsonl").open("wb") for place in Place}
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
                    answer = self._command(line)
                    if answer is not None:
                        writer.write(_line(answer))
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
        self._files[place].write(_line(record))
        if place is Place.TELEMETRY:
            self._publish(record)

    def _publish(self, record: Record) -> None:
        for writer in self._watchers:
            # A watcher that does not read must not make the office hold the stream for it.
            if writer.transport.get_write_buffer_size() <= LINE_LIMIT:
                writer.write(_line(record))

    def _command(self, line: bytes) -> Record | None:
        """Pass a command on to all servers; gives an error record for one that is none."""
        try:
            name = json.loads(line)["command"]
        except (ValueError, KeyError, TypeError):
            name = None
        if name not in COMMANDS:
            return {"kind": "error", "reason": f"{line[:100]!r} is no command: must be one of {', '.join(COMMANDS)}"}
        for server in self._servers:
            server.write(_line({"command": name}))
        return None


async def run(host: str, port: int, directory: Path, control: Path | None) -> Record:
    """Serve until SIGTERM or SIGINT; prints a ready line with the bound address first. Gives the summary."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    collector = Collector(directory)
    server = await asyncio.start_server(collector.on_server, host, port)
    bound = server.sockets[0].getsockname()
    watchers = None
    if control is not None:
        watchers = await asyncio.start_unix_server(collector.on_watcher, control)
    print(json.dumps({"ready": True, "pid": os.getpid(), "host": bound[0], "port": bound[1]}), flush=True)
    await stop.wait()
    server.close()
    if watchers is not None:
        watchers.close()
    return await collector.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m office.collector", description=__doc__)
    parser.add_argument("--bind", default="127.0.0.1:9300", help="address:port to listen on (port 0: any)")
    parser.add_argument("--dir", type=Path, required=True, help="where to write")
    parser.add_argument("--control", type=Path, help="path of the unix socket for watchers and commands")
    options = parser.parse_args(arguments)
    host, _, port = options.bind.rpartition(":")
    try:
        IPv4Address(host)
        number = int(port)
    except (AddressValueError, ValueError):
        parser.error(f"--bind {options.bind}: must be an IPv4 address and a port, as in 10.30.0.1:9300")
    print(json.dumps(asyncio.run(run(host, number, options.dir, options.control))), flush=True)
    return 0


def _line(record: Record) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


if __name__ == "__main__":
    sys.exit(main())
