"""The trading server's end of the management stream (`protocols.management`): never in the trader's way.

A connection greets and waits to hear what the office has; each stream goes on behind that. Orders, answers and
decisions are read back from the journal file, so none of them is ever dropped. Everything else waits in a bounded
backlog; when the office is away too long, the oldest of it goes and is counted.

A step receives once and sends once: whatever the office does, the supervisor is soon back at the trader's rings.
"""

import select
import time
from collections.abc import Callable, Iterator
from typing import Final

from hftapp import reasons, records
from hftapp.journal import Journal
from hftapp.telemetry.backlog import Backlog
from hftapp.telemetry.journal_source import JournalSource
from hftapp.telemetry.link import SILENCE_MS, Link
from protocols.errors import ProtocolError
from protocols.management import CONTROL, JOURNAL, LIVE, Ack, Command, Frames, Hello, ManagementMessage, frame

CHUNK_BYTES: Final = 64 << 10
IN_LIMIT: Final = 4 << 10
"""Longest message that is taken from the office, in bytes."""
REPEAT_NS: Final = 100_000_000
"""The same command again within this time is not obeyed again."""
WHO_LIMIT: Final = 64
PAUSE_S: Final = 0.005
_STREAMS: Final = {LIVE, JOURNAL}


class Telemetry:
    """Client end of the management stream. `step()` does what can be done without waiting.

    `greeting` is asked at every connection, and again before anything is sent: when it says something else, the office
    is told. `on_command` gets the name and who gave it. `repeated`: commands that came again too soon, `nonsense`:
    connections given up for what the office sent, `faults`: for what went wrong on this side.
    """

    def __init__(
        self,
        address: tuple[str, int],
        journal: Journal,
        *,
        greeting: Callable[[], Hello],
        on_command: Callable[[str, str], None],
        say: Callable[[str], None],
        backlog: Backlog | None = None,
    ) -> None:
        self.backlog = backlog or Backlog()
        self.nonsense = 0
        self.repeated = 0
        self.faults = 0
        self.link = Link(address, say)
        self._journal = JournalSource(journal)
        self._greeting = greeting
        self._on_command = on_command
        self._say = say
        self._greeted: Hello | None = None
        self._stored = {LIVE: 0, JOURNAL: 0}
        self._resumed: set[int] = set()
        self._patience = 0
        self._sent = 0
        self._out = b""
        self._in = Frames(IN_LIMIT)
        self._obeyed: dict[str, int] = {}

    @property
    def delivered(self) -> bool:
        """Whether the office has stored everything."""
        return not self.backlog.unacknowledged and self._stored[JOURNAL] == self._journal.journal.count

    def fileno(self) -> int | None:
        """Descriptor to poll, with `wants_write()`; None while there is no connection."""
        return self.link.socket.fileno() if self.link.socket else None

    def wants_write(self) -> bool:
        """Whether a writable socket would let something be sent."""
        return not self.link.connected or bool(self._out) or (self._going() and self._waiting())

    def offer(self, message: ManagementMessage, stamp: int) -> None:
        """Put a message into the stream `LIVE`; `stamp`: ns UTC. Raises LengthError for one that is too long."""
        self.backlog.add(stamp, message.encode())

    def step(self, now: int) -> None:
        """Connect, receive and send, as far as possible without waiting. `now`: monotonic ns.

        Never raises: a fault in here costs the connection, which is made anew, and not the trader.
        """
        try:
            self._advance(now)
        except Exception as error:
            self.faults += 1
            self.link.lost(now, reasons.line(error), long=True)

    def flush(
        self,
        timeout_ns: int,
        more: Iterator[ManagementMessage] | None = None,
        alive: Callable[[int], None] = lambda _now: None,
    ) -> bool:
        """Send everything, and `more` as room comes, until the office has stored it all; False when for `timeout_ns`
        it has stored nothing new. `alive` is told the time (monotonic ns) meanwhile."""
        before = dict(self._stored)
        more = more or iter(())
        following = next(more, None)
        end = time.monotonic_ns() + timeout_ns
        while (now := time.monotonic_ns()) < end:
            while following is not None and self.backlog.roomy():
                self.offer(following, time.time_ns())
                following = next(more, None)
            alive(now)
            self.step(now)
            if following is None and self.delivered:
                return True
            if before != self._stored:
                before = dict(self._stored)
                end = now + timeout_ns
            peer = self.link.socket
            if peer is None:
                time.sleep(PAUSE_S)  # until the next attempt
            else:
                select.select([peer], [peer] if self.wants_write() else [], [], PAUSE_S)
        return False

    def close(self) -> None:
        """Close the connection."""
        self.link.close()

    def _going(self) -> bool:
        """Whether the office has said what it has of both streams."""
        return self._resumed == _STREAMS

    def _waiting(self) -> bool:
        return self._journal.waiting or self._sent < self.backlog.last

    def _advance(self, now: int) -> None:
        if self.link.open(now):
            self._patience = now + 1_000_000 * SILENCE_MS
            self._in, self._out = Frames(IN_LIMIT), b""
            self._greeted, self._resumed = None, set()
        if not self.link.connected:
            return
        try:
            for found in self._in.feed(self.link.receive(now)):
                self._take(found.message, now)
        except ProtocolError as error:
            self.nonsense += 1
            self.link.lost(now, f"it makes no sense: {error}", long=True)
            return
        if not self._going() and now > self._patience:
            self.link.lost(now, "it did not say what it has")
        self._send(now)

    def _take(self, message: ManagementMessage, now: int) -> None:
        """One message of the office; raises a ProtocolError for one that it may not send."""
        if isinstance(message, Ack):
            self._acknowledge(message, now)
        elif isinstance(message, Command) and message.name in records.COMMANDS:
            last = self._obeyed.get(message.name)
            if last is not None and now - last < REPEAT_NS:
                self.repeated += 1
                return
            self._obeyed[message.name] = now
            self._on_command(message.name, who(message.body))
        else:
            raise ProtocolError(f"the office may not send {message.NAME} {getattr(message, 'name', '')}".rstrip())

    def _acknowledge(self, ack: Ack, now: int) -> None:
        """What the office has. The first of a stream says where to go on; it may know another journal of this name."""
        greeted = self._greeted
        if greeted is None or ack.stream not in _STREAMS:
            raise ProtocolError("acknowledged a stream that there is not", None, ack.stream)
        if ack.of != (greeted.session if ack.stream == LIVE else greeted.journal):
            raise ProtocolError("acknowledged another server's stream", None, ack.of)
        first = ack.stream not in self._resumed
        if ack.stream == LIVE:
            if not self.backlog.acknowledge(ack.number):
                raise ProtocolError("acknowledged a message that was never sent", None, ack.number)
            self._sent = ack.number if first else self._sent
        elif not first and ack.number > self._journal.sent:
            raise ProtocolError("acknowledged a record that was never sent", None, ack.number)
        elif first and not self._journal.resume(ack.number, ack.check):
            self._journal.journal.renew()
            self._say(f"the office has another record {ack.number} of the journal: all of it is sent anew, as another")
            self.link.lost(now, "to greet anew")
            return
        self._stored[ack.stream] = ack.number
        self._resumed.add(ack.stream)
        if first and self._going():
            self.link.settled()

    def _send(self, now: int) -> None:
        """Send one chunk, or what the socket takes of it."""
        if not self.link.connected:
            return
        if not self._out:
            self._out = self._next_chunk()
        if self._out:
            self._out = self._out[self.link.send(self._out, now) :]

    def _next_chunk(self) -> bytes:
        """The next frames to send: a greeting that has changed, journal records, then the others."""
        chunk = b""
        greeting = self._greeting()
        if greeting is not self._greeted:
            self._greeted = greeting
            chunk = frame(CONTROL, 0, time.time_ns(), greeting.encode())
        if not self._going():
            return chunk
        chunk += self._journal.take(CHUNK_BYTES // 2)
        rest, self._sent = self.backlog.take(self._sent, CHUNK_BYTES - len(chunk))
        return chunk + rest


def who(body: bytes) -> str:
    """Who gave a command, as it can be shown: printable, and not too long."""
    text = body[: 4 * WHO_LIMIT].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "?" for character in text)[:WHO_LIMIT] or "unknown"
