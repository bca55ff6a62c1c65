"""The management stream to the office: JSON lines over TCP, never blocking, never in the trader's way.

Journal records are not queued: they are read back from the journal file, and from its start again after every
reconnect, because TCP does not say what the office has stored. So the office may see a number twice, never a hole.
Everything else waits in a bounded queue; what does not fit is dropped and counted.

A step receives once and sends once: whatever the office does, the supervisor is soon back at the trader's rings.
"""

import contextlib
import errno
import fcntl
import json
import os
import select
import socket
import struct
import termios
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from hftapp import journal, reasons, records

QUEUE_BYTES = 16 << 20
CHUNK_BYTES = 64 << 10
LINE_LIMIT = 64 << 10
CONNECT_NS = 2_000_000_000
SILENCE_MS = 5_000
"""Unacknowledged for so long, the connection is given up and made anew (RFC 5482)."""
BACKOFF_NS = (200_000_000, 2_000_000_000)
PAUSE_S = 0.005


class Telemetry:
    """Client end of the management stream. `step()` does what can be done without waiting."""

    def __init__(
        self,
        address: tuple[str, int],
        journal_path: Path,
        *,
        on_command: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        self._address = address
        self._journal_path = journal_path
        self._on_command = on_command
        self._say = say
        self._boot = b""
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._out = b""
        self._in = b""
        self._skipping = False
        self._cursor = len(journal.MAGIC)
        self._journal_wanted = False
        self._socket: socket.socket | None = None
        self._connected = False
        self._deadline = 0
        self._backoff = BACKOFF_NS[0]
        self.dropped = 0
        self.bad_commands = 0
        self.faults = 0
        self.connects = 0

    @property
    def connected(self) -> bool:
        """Whether the TCP connection to the office stands."""
        return self._connected

    def fileno(self) -> int | None:
        """Descriptor to poll, with `wants_write()`; None while there is no connection."""
        return self._socket.fileno() if self._socket else None

    def wants_write(self) -> bool:
        """Whether a writable socket would let something be sent."""
        return not self._connected or bool(self._out or self._queue or self._journal_wanted)

    def hello(self, record: dict[str, object]) -> None:
        """The record every connection starts with (`boot`)."""
        self._boot = _line(record)

    def offer(self, record: dict[str, object]) -> bool:
        """Queue a record; False, and counted, when the queue is full."""
        line = _line(record)
        if self._queued + len(line) > QUEUE_BYTES:
            self.dropped += 1
            return False
        self._queue.append(line)
        self._queued += len(line)
        return True

    def journal_grew(self) -> None:
        """The journal file has new records to send."""
        self._journal_wanted = True

    def step(self, now: int) -> None:
        """Connect, receive commands and send, as far as possible without waiting. `now`: monotonic ns.

        Never raises: a fault in here costs the connection, which is made anew, and not the trader.
        """
        try:
            self._advance(now)
        except Exception as error:
            self.faults += 1
            self._backoff = BACKOFF_NS[1]
            self._lost(now, reasons.line(error))

    def _advance(self, now: int) -> None:
        if self._socket is None:
            if now < self._deadline:
                return
            self._start(now)
        if not self._connected and not self._finish(now):
            return
        self._receive(now)
        self._send(now)

    def flush(self, timeout_ns: int) -> bool:
        """Send everything and wait until the office's kernel has acknowledged it; False when time ran out."""
        end = time.monotonic_ns() + timeout_ns
        while (now := time.monotonic_ns()) < end:
            self.step(now)
            if not self._connected or self._socket is None:
                time.sleep(PAUSE_S)
            elif self.wants_write():
                select.select([], [self._socket], [], PAUSE_S)
            elif self._unacknowledged() == 0:
                return True
            else:
                time.sleep(PAUSE_S)  # the kernel has no event for "everything acknowledged"
        return False

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
            self._socket.close()
            self._socket = None
            self._connected = False

    def _unacknowledged(self) -> int:
        """Bytes in the send queue that the peer has not acknowledged (tcp(7), SIOCOUTQ)."""
        if self._socket is None:
            return 0
        answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        return int(struct.unpack("=i", answer)[0])

    def _start(self, now: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._deadline = now + CONNECT_NS
        code = self._socket.connect_ex(self._address)
        if code not in (0, errno.EINPROGRESS):
            self._lost(now, os.strerror(code))

    def _finish(self, now: int) -> bool:
        """Whether the connection stands now; the peer name is known only once it does."""
        if self._socket is None:
            return False
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._lost(now, os.strerror(code))
            return False
        try:
            self._socket.getpeername()
        except OSError:
            if now > self._deadline:
                self._lost(now, "no answer")
            return False
        self._connected = True
        self.connects += 1
        self._backoff = BACKOFF_NS[0]
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_MS)
        self._out = self._boot
        self._in = b""
        self._skipping = False
        self._cursor = len(journal.MAGIC)
        self._journal_wanted = True
        self._say(f"connected to the office at {self._address[0]}:{self._address[1]}")
        return True

    def _lost(self, now: int, reason: str) -> None:
        if self._connected:
            self._say(f"connection to the office lost: {reason}")
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._connected = False
        self._out = b""
        self._deadline = now + self._backoff
        self._backoff = min(2 * self._backoff, BACKOFF_NS[1])

    def _receive(self, now: int) -> None:
        if self._socket is None:
            return
        try:
            data = self._socket.recv(LINE_LIMIT)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(now, str(error))
            return
        if not data:
            self._lost(now, "closed by the office")
            return
        *lines, self._in = (self._in + data).split(b"\n")
        for line in lines:
            if self._skipping:
                self._skipping = False  # this was the end of a line too long
            else:
                self._command(line)
        if len(self._in) > LINE_LIMIT:
            self._in = b""
            self.bad_commands += not self._skipping
            self._skipping = True

    def _command(self, line: bytes) -> None:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        name = document.get("command") if isinstance(document, dict) else None
        if isinstance(name, str) and name in records.COMMANDS:
            self._on_command(name)
        else:
            self.bad_commands += 1

    def _send(self, now: int) -> None:
        """Send one chunk, or what the socket takes of it."""
        if self._socket is None:
            return
        if not self._out:
            self._out = self._next_chunk()
        if not self._out:
            return
        try:
            sent = self._socket.send(self._out)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(now, str(error))
            return
        self._out = self._out[sent:]

    def _next_chunk(self) -> bytes:
        """The next lines to send: journal records first, then whole queued lines."""
        lines: list[bytes] = []
        size = 0
        if self._journal_wanted:
            for entry in journal.read(self._journal_path, start=self._cursor):
                lines.append(_line(_journal_record(entry)))
                size += len(lines[-1])
                self._cursor = entry.end
                if size >= CHUNK_BYTES:
                    return b"".join(lines)
            self._journal_wanted = False
        while self._queue and size < CHUNK_BYTES:
            line = self._queue.popleft()
            self._queued -= len(line)
            size += len(line)
            lines.append(line)
        return b"".join(lines)


def _journal_record(entry: journal.Entry) -> dict[str, object]:
    """A line of the journal; `venue`, a number, is in it for every venue but the first."""
    kind, venue = records.venue_of(entry.kind)
    return {
        "kind": "journal",
        "n": entry.number,
        "t": entry.time,
        "dir": records.DIRECTIONS[kind],
        **({"venue": venue} if venue else {}),
        "hex": entry.payload.hex(),
    }


def _line(record: dict[str, object]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"
