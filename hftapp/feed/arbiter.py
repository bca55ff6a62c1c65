"""A/B line arbitration of MoldUDP64 (PROTOCOLS §2): every message once, in order, from whichever line has it first.

Sans-I/O: datagrams and the time go in, messages come out, `next_deadline` says when `tick` has something to do.
Decisions the protocol leaves open:

- An early packet is held back until the other line closes the gap or `gap_timeout` has passed since the gap was first
  seen, whatever arrived meanwhile; then the missing numbers are given up, reported as a gap, and the stream goes on
  behind them.
- A heartbeat or end of session that announces more than was received opens a gap too (loss at the tail).
- A packet more than `MAX_JUMP` messages ahead is believed only when a second one continues it: a single damaged
  sequence number must not make the receiver skip the day.
- When the hold-back store is full the gap is given up at once: memory stays bounded.
"""

import heapq
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from protocols import mold
from protocols.errors import ProtocolError

HEADER = struct.Struct(">10sQH")
END = 0xFFFF
CONTROL = (0, END)
"""Message counts that mean heartbeat and end of session."""
MAX_JUMP = 1_000_000
MAX_ANNOUNCED = 64
"""Announcements of numbers not yet received that are told apart; one more counts as part of the last."""
NO_MESSAGES: tuple[bytes, ...] = ()


class Gap(NamedTuple):
    """Messages `first` to `last` (both included) that neither line delivered in time."""

    first: int
    last: int


@dataclass
class FeedCounters:
    """Totals of one feed. `packets` counts data packets of all lines, `messages` those passed on."""

    packets: int = 0
    messages: int = 0
    duplicates: int = 0
    heartbeats: int = 0
    gaps: int = 0
    lost: int = 0
    malformed: int = 0
    wrong_session: int = 0
    implausible: int = 0
    held: int = 0
    by_line: list[int] = field(default_factory=lambda: [0, 0])


class Arbiter:
    """One session on two lines. Times in ns of any one clock that does not go backwards.

    `session`: 10 characters, or empty for the first session seen. `start`: first number wanted, or None for the first
    one seen. `gap_timeout`: ns. `hold_packets`: most packets held back.

    `heard`: when each line last carried the session, `current`: when a packet or heartbeat last showed that nothing
    before `expected` was missed (both 0 before the first). `foreign`: the last other session seen.
    """

    def __init__(
        self, *, session: str = "", start: int | None = 1, gap_timeout: int = 50_000_000, hold_packets: int = 4096
    ) -> None:
        if len(session) > 10 or not session.isascii():
            raise ValueError(f"session {session!r}: up to 10 ASCII characters")
        if gap_timeout <= 0 or hold_packets <= 0:
            raise ValueError(f"gap_timeout {gap_timeout} and hold_packets {hold_packets} must be positive")
        self._session = session.encode().ljust(10) if session else b""
        self._expected = start
        self._timeout = gap_timeout
        self._capacity = hold_packets
        self._early: list[int] = []
        self._packets: dict[int, tuple[int, Sequence[bytes]]] = {}
        self._announced: deque[tuple[int, int]] = deque()
        self._end: int | None = None
        self._far: int | None = None
        self._gaps: list[Gap] = []
        self.counters = FeedCounters()
        self.ended = False
        self.heard = [0, 0]
        self.current = 0
        self.foreign = b""

    @property
    def session(self) -> str:
        """The session joined; empty before the first packet when none was given."""
        return self._session.decode().strip()

    @property
    def expected(self) -> int | None:
        """Number of the next message; None before the first packet when any start is accepted."""
        return self._expected

    @property
    def next_deadline(self) -> int | None:
        """When an open gap has to be given up (`tick`), None while there is none.

        Every packet held lies behind the gap, so the one held longest tells since when the gap is known.
        """
        announced = self._missing()
        opened = announced[1] if announced is not None else None
        if self._early:
            held = next(iter(self._packets.values()))[0]
            opened = held if opened is None else min(held, opened)
        return None if opened is None else opened + self._timeout

    @property
    def gap_open(self) -> bool:
        """Whether messages are known to exist that have not arrived: what the books show is behind the market."""
        return bool(self._early) or self._missing() is not None

    def take_gaps(self) -> list[Gap]:
        """Gaps given up since the last call."""
        gaps, self._gaps = self._gaps, []
        return gaps

    def on_packet(self, line: int, data: bytes, now: int) -> Sequence[bytes]:
        """Take one datagram of line 0 or 1; returns the messages it releases, in order. Never raises on bad input."""
        counters = self.counters
        if len(data) < HEADER.size:
            counters.malformed += 1
            return NO_MESSAGES
        session, sequence, count = HEADER.unpack_from(data)
        if session != self._session and (self._session or not self._adopt(data)):
            if self._session:
                counters.wrong_session += 1
                self.foreign = session
            return NO_MESSAGES
        self.heard[line] = now
        if count in CONTROL:
            return self._control(data, sequence, count, now)
        counters.packets += 1
        counters.by_line[line] += 1
        expected = self._expected
        if expected is not None and sequence + count <= expected:
            counters.duplicates += 1
            return NO_MESSAGES
        try:
            packet = mold.decode(data)
        except ProtocolError:
            counters.malformed += 1
            return NO_MESSAGES
        if not isinstance(packet, mold.Packet):
            counters.malformed += 1
            return NO_MESSAGES
        if expected is None:
            expected = self._expected = sequence
        messages = packet.messages
        if sequence > expected:
            return self._hold(sequence, messages, now)
        if sequence < expected:
            messages = messages[expected - sequence :]
        self._expected = sequence + count
        self.current = now
        if self._early or self._end is not None:
            return self._release(list(messages))
        counters.messages += len(messages)
        return messages

    def tick(self, now: int) -> Sequence[bytes]:
        """Give up gaps whose time has come; returns the messages behind them."""
        released: list[bytes] = []
        while (deadline := self.next_deadline) is not None and deadline <= now:
            announced = self._missing()
            due = [announced[0]] if announced is not None and announced[1] + self._timeout == deadline else []
            released.extend(self._give_up(min(due + self._early[:1])))
        return released

    def _adopt(self, data: bytes) -> bool:
        """Join the session of the first well-formed packet, but not one that has just ended."""
        try:
            if isinstance(mold.decode(data), mold.EndOfSession):
                return False
        except ProtocolError:
            self.counters.malformed += 1
            return False
        self._session = data[:10]
        return True

    def _control(self, data: bytes, sequence: int, count: int, now: int) -> Sequence[bytes]:
        """Heartbeat or end of session: both announce the next number."""
        if len(data) != HEADER.size:
            self.counters.malformed += 1
            return NO_MESSAGES
        self.counters.heartbeats += 1
        expected = self._expected
        if expected is None:
            expected = self._expected = sequence
        if sequence < expected or not self._plausible(sequence, sequence):
            return NO_MESSAGES
        if sequence == expected:
            self.current = now
        else:
            self._announce(sequence, now)
        if count == END:
            self._end = sequence
            self.ended = expected >= sequence
        return NO_MESSAGES

    def _announce(self, sequence: int, now: int) -> None:
        """Note that everything below `sequence` exists; numbers known to be missing keep the time they were noticed."""
        announced = self._announced
        if self._missing() is not None and sequence <= announced[-1][0]:
            return
        if len(announced) == MAX_ANNOUNCED:
            announced.pop()
        announced.append((sequence, now))

    def _missing(self) -> tuple[int, int] | None:
        """The oldest announcement not met yet: number and time."""
        announced, expected = self._announced, self._expected
        while announced and expected is not None and announced[0][0] <= expected:
            announced.popleft()
        return announced[0] if announced else None

    def _plausible(self, sequence: int, after: int) -> bool:
        """Whether to believe a number; `after` is the one that would continue it."""
        assert self._expected is not None
        if sequence - self._expected <= MAX_JUMP or sequence == self._far:
            self._far = None
            return True
        self._far = after
        self.counters.implausible += 1
        return False

    def _hold(self, sequence: int, messages: Sequence[bytes], now: int) -> Sequence[bytes]:
        """Keep an early packet; a full store gives up the gap in front of it at once."""
        if not self._plausible(sequence, sequence + len(messages)):
            return NO_MESSAGES
        known = self._packets.get(sequence)
        if known is not None:
            self.counters.duplicates += 1
            if len(known[1]) < len(messages):
                self._packets[sequence] = (known[0], messages)
            return NO_MESSAGES
        heapq.heappush(self._early, sequence)
        self._packets[sequence] = (now, messages)
        self.counters.held += 1
        return self._give_up(self._early[0]) if len(self._early) > self._capacity else NO_MESSAGES

    def _give_up(self, resume: int) -> list[bytes]:
        """Skip to number `resume`, report what is missing, release what follows."""
        assert self._expected is not None
        self._gaps.append(Gap(self._expected, resume - 1))
        self.counters.gaps += 1
        self.counters.lost += resume - self._expected
        self._expected = resume
        return self._release([])

    def _release(self, released: list[bytes]) -> list[bytes]:
        """Append every held packet that now follows; overlaps are cut."""
        expected = self._expected
        assert expected is not None
        early = self._early
        while early and early[0] <= expected:
            sequence = heapq.heappop(early)
            messages = self._packets.pop(sequence)[1]
            if sequence + len(messages) > expected:
                released.extend(messages[expected - sequence :])
                expected = sequence + len(messages)
        self._expected = expected
        if self._end is not None and expected >= self._end:
            self.ended = True
        self.counters.messages += len(released)
        return released
