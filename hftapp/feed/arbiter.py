"""A/B line arbitration of MoldUDP64 (PROTOCOLS §2): every message once, in order, from whichever line has it first.

Sans-I/O: datagrams and the time go in, messages go to the handler, `deadline` says when `tick` has something to do. A
datagram that continues the stream is checked and passed on where it lies; only an early one is copied.
Decisions the protocol leaves open:

- An early packet is held back until the other line closes the gap or `gap_timeout` has passed since the gap was first
  seen, whatever arrived meanwhile; then the missing numbers are given up, reported as a gap, and the stream goes on
  behind them.
- A heartbeat or end of session that announces more than was received opens a gap too (loss at the tail).
- A packet more than `MAX_JUMP` messages ahead is believed only when a second one continues it: a single damaged
  sequence number must not make the receiver skip the day. Numbers above `HIGHEST` are never believed.
- When the hold-back store is full the gap is given up at once: memory stays bounded. An early datagram that is larger
  than a slot is not held; it counts as lost unless it comes again in time.
"""

from __future__ import annotations

from array import array

import cython

from hftapp.feed.announced import Announced
from hftapp.feed.counters import COUNTERS as COUNTERS
from hftapp.feed.counters import FeedCounters, Gap
from hftapp.feed.handler import MessageHandler
from hftapp.feed.holdback import HoldBack

if not cython.compiled:
    from hftapp.octets import Octets, be16, be64

    _HEADER, _END = 20, 0xFFFF
    _PACKETS, _MESSAGES, _DUPLICATES, _HEARTBEATS, _GAPS, _LOST, _MALFORMED = range(7)
    _WRONG_SESSION, _IMPLAUSIBLE, _HELD, _OVERSIZED, _LINES = range(7, 12)

NEVER = (1 << 63) - 1
"""`Arbiter.deadline` while no gap is open."""
MAX_JUMP = 1_000_000
HIGHEST = 1 << 62
SLOT_SIZE = 1536
"""Bytes of a held datagram: all that an Ethernet frame can carry."""
_NEVER, _MAX_JUMP, _HIGHEST = NEVER, MAX_JUMP, HIGHEST
_UNSET = -1
_NO_SESSION = 1 << 16  # no two bytes


@cython.final
@cython.cclass
class Arbiter:
    """One session on two lines. Times in ns of any one clock that does not go backwards.

    `session`: 10 characters, or empty for the first session seen. `start`: first number wanted, or None for the first
    one seen. `gap_timeout`: ns. `hold_packets`: most packets held back. `counts`: an array of `len(COUNTERS)` 64-bit
    integers to count in, by default its own.

    `deadline`: when an open gap has to be given up (`tick`), `NEVER` while there is none. `gap_open`: messages exist
    that have not arrived, so what the books show is behind the market. `new_gaps`: `take_gaps` has something.
    `heard`: when each line last carried the session, `current`: when a packet or heartbeat last showed that nothing
    before `expected` was missed (0 before the first). `foreign`: the last other session seen.
    """

    def __init__(
        self,
        handler: MessageHandler,
        *,
        session: str = "",
        start: int | None = 1,
        gap_timeout: int = 50_000_000,
        hold_packets: int = 4096,
        counts: array[int] | memoryview | None = None,
    ) -> None:
        if len(session) > 10 or not session.isascii():
            raise ValueError(f"session {session!r}: up to 10 ASCII characters")
        if gap_timeout <= 0 or hold_packets <= 0:
            raise ValueError(f"gap_timeout {gap_timeout} and hold_packets {hold_packets} must be positive")
        self.deadline = NEVER
        self.gap_open = False
        self.new_gaps = False
        self.ended = False
        self.current = 0
        self.counts = array("q", bytes(8 * len(COUNTERS))) if counts is None else counts
        self.heard = array("q", bytes(16))
        self.next_number = _UNSET if start is None else start
        self._handler = handler
        self._joined = bool(session)
        self._head, self._tail = 0, _NO_SESSION
        self._foreign_head = self._foreign_tail = 0
        if session:
            self._join(session.encode().ljust(10), 0)
        self._timeout = gap_timeout
        self._watchful = False
        self._end = _UNSET
        self._far = _UNSET
        # A packet that makes the store one too many is held before the gap in front of it is given up.
        self._early = HoldBack(hold_packets + 1, SLOT_SIZE)
        self._announced = Announced()
        self._gaps: list[Gap] = []

    @property
    def session(self) -> str:
        """The session joined; empty before the first packet when none was given."""
        return _text(self._head, self._tail) if self._joined else ""

    @property
    def foreign(self) -> bytes:
        """The last other session seen, 10 bytes; empty before the first."""
        if self.counts[_WRONG_SESSION] == 0:
            return b""
        return int(self._foreign_head).to_bytes(8, "big") + int(self._foreign_tail).to_bytes(2, "big")

    @property
    def expected(self) -> int | None:
        """Number of the next message; None before the first packet when any start is accepted."""
        return None if self.next_number == _UNSET else self.next_number

    @property
    def counters(self) -> FeedCounters:
        """The counts at this moment, by name."""
        return FeedCounters(*self.counts)

    def take_gaps(self) -> list[Gap]:
        """Gaps given up since the last call."""
        gaps, self._gaps = self._gaps, []
        self.new_gaps = False
        return gaps

    def on_datagram(self, line: int, payload: bytes, now: int) -> int:
        """Take one datagram as a `bytes` object; see `on_packet`."""
        return self.on_packet(line, payload, 0, len(payload), now)

    def on_packet(self, line: int, data: Octets, at: int, length: int, now: int) -> int:
        """Take one datagram of line 0 or 1; returns how many messages it let through. Never raises on bad input.

        One message that continues the session while nothing is missing goes straight on; `_take` deals with the rest.
        """
        if (
            length < _HEADER + 2
            or be64(data, at) != self._head
            or be16(data, at + 8) != self._tail
            or be16(data, at + 18) != 1
            or self._watchful
        ):
            return self._take(line, data, at, length, now)
        sequence = be64(data, at + 10)
        size = be16(data, at + _HEADER)
        if sequence != self.next_number or sequence < 0 or length != _HEADER + 2 + size:
            return self._take(line, data, at, length, now)
        self.heard[line] = now
        self.current = now
        self.counts[_PACKETS] += 1
        self.counts[_LINES + line] += 1
        self.counts[_MESSAGES] += 1
        self.next_number = sequence + 1
        self._handler.on_message(data, at + _HEADER + 2, size)
        return 1

    def _take(self, line: int, data: Octets, at: int, length: int, now: int) -> int:
        """Take any datagram; see `on_packet`."""
        if length < _HEADER:
            self.counts[_MALFORMED] += 1
            return 0
        ours = be64(data, at) == self._head and be16(data, at + 8) == self._tail
        if not ours and not self._belongs(data, at, length):
            return 0
        self.heard[line] = now
        number, count = be64(data, at + 10), be16(data, at + 18)
        if number > _HIGHEST:
            self.counts[_IMPLAUSIBLE] += 1
            return 0
        sequence = number
        if count == 0 or count == _END:
            return self._control(length, sequence, count, now)
        self.counts[_PACKETS] += 1
        self.counts[_LINES + line] += 1
        if sequence + count <= self.next_number:
            self.counts[_DUPLICATES] += 1
            return 0
        if not self._framed(data, at, length, count):
            self.counts[_MALFORMED] += 1
            return 0
        if self.next_number == _UNSET:
            self.next_number = sequence
        skip = self.next_number - sequence
        if skip < 0:
            return self._hold(data, at, length, sequence, count, now)
        self.next_number = sequence + count
        self.current = now
        self.counts[_MESSAGES] += count - skip
        self._pass_on(data, at + _HEADER, count, skip)
        if not self._watchful:
            return count - skip
        return count - skip + self._release()

    def tick(self, now: int) -> int:
        """Give up gaps whose time has come; returns how many messages behind them were passed on."""
        passed = 0
        while self.deadline <= now:
            resume = _NEVER
            if self._early.count > 0:
                resume = self._early.sequence(0)
            if self._announced.count > 0 and self._announced.since() + self._timeout == self.deadline:
                resume = min(resume, self._announced.number())
            passed += self._give_up(resume)
        return passed

    def _belongs(self, data: Octets, at: int, length: int) -> bool:
        """Whether a datagram is of the session, for one that does not look so; without a session, it may be joined.

        The first well-formed packet is, but not one of a session that has just ended.
        """
        if self._joined:
            self._foreign_head, self._foreign_tail = be64(data, at), be16(data, at + 8)
            self.counts[_WRONG_SESSION] += 1
            return False
        count = be16(data, at + 18)
        plain = True
        for i in range(10):
            if data[at + i] > 127:
                plain = False
        if count == 0 or count == _END:
            plain = plain and length == _HEADER
        else:
            plain = plain and self._framed(data, at, length, count)
        if not plain:
            self.counts[_MALFORMED] += 1
            return False
        if count == _END:
            return False
        self._join(data, at)
        self._joined = True
        return True

    def _join(self, data: Octets, at: int) -> None:
        self._head, self._tail = be64(data, at), be16(data, at + 8)

    def _framed(self, data: Octets, at: int, length: int, count: int) -> bool:
        """Whether a datagram holds `count` messages and nothing else; tells the handler what is to come."""
        end = at + length
        position = at + _HEADER
        left = count
        while left > 0:
            if position + 2 > end:
                return False
            size = be16(data, position)
            position += 2
            if position + size > end:
                return False
            if left < count:
                self._handler.foresee(data, position, size)
            position += size
            left -= 1
        return position == end

    def _pass_on(self, data: Octets, at: int, count: int, skip: int) -> None:
        """Give the messages of a well-formed packet to the handler, but for the first `skip`."""
        position = at
        left = count
        while left > 0:
            size = be16(data, position)
            position += 2
            if left <= count - skip:
                self._handler.on_message(data, position, size)
            position += size
            left -= 1

    def _control(self, length: int, sequence: int, count: int, now: int) -> int:
        """Heartbeat or end of session: both announce the next number."""
        if length != _HEADER:
            self.counts[_MALFORMED] += 1
            return 0
        self.counts[_HEARTBEATS] += 1
        if self.next_number == _UNSET:
            self.next_number = sequence
        if sequence < self.next_number or not self._plausible(sequence, sequence):
            return 0
        if sequence == self.next_number:
            self.current = now
        else:
            self._announced.add(sequence, now)
        if count == _END:
            self._end = sequence
        self._settle()
        return 0

    def _plausible(self, sequence: int, after: int) -> bool:
        """Whether to believe a number; `after` is the one that would continue it."""
        if sequence - self.next_number <= _MAX_JUMP or sequence == self._far:
            self._far = _UNSET
            return True
        self._far = after
        self.counts[_IMPLAUSIBLE] += 1
        return False

    def _hold(self, data: Octets, at: int, length: int, sequence: int, count: int, now: int) -> int:
        """Keep an early packet; a full store gives up the gap in front of it at once."""
        if not self._plausible(sequence, sequence + count):
            return 0
        if length > self._early.slot_size:
            self.counts[_OVERSIZED] += 1
            return 0
        known = self._early.find(sequence)
        if known >= 0:
            self.counts[_DUPLICATES] += 1
            if self._early.messages(known) < count:
                self._early.exchange(known, data, at, length, count)
            return 0
        self._early.put(data, at, length, sequence, count, now)
        self.counts[_HELD] += 1
        if self._early.count == self._early.capacity:
            return self._give_up(self._early.sequence(0))
        self._settle()
        return 0

    def _give_up(self, resume: int) -> int:
        """Skip to number `resume`, report what is missing, pass on what follows."""
        self._gaps.append(Gap(self.next_number, resume - 1))
        self.new_gaps = True
        self.counts[_GAPS] += 1
        self.counts[_LOST] += resume - self.next_number
        self.next_number = resume
        return self._release()

    def _release(self) -> int:
        """Pass on every held packet that now follows; overlaps are cut."""
        passed = 0
        while self._early.count > 0 and self._early.sequence(0) <= self.next_number:
            count = self._early.messages(0)
            skip = self.next_number - self._early.sequence(0)
            if skip < count:
                self.next_number += count - skip
                self._pass_on(self._early.room, self._early.offset(0) + _HEADER, count, skip)
                passed += count - skip
            self._early.drop_first()
        self.counts[_MESSAGES] += passed
        self._settle()
        return passed

    def _settle(self) -> None:
        """Bring `ended`, `gap_open` and `deadline` up to date after a change out of the ordinary.

        Every packet held lies behind the gap, so the one held longest tells since when the gap is known.
        """
        self._announced.prune(self.next_number)
        opened = _NEVER
        if self._announced.count > 0:
            opened = self._announced.since()
        if self._early.count > 0:
            opened = min(opened, self._early.oldest())
        self.gap_open = opened != _NEVER
        self.deadline = opened + self._timeout if self.gap_open else _NEVER
        if self._end != _UNSET:
            self.ended = self.next_number >= self._end
        self._watchful = self.gap_open or self._end != _UNSET


def _text(head: int, tail: int) -> str:
    return (head.to_bytes(8, "big") + tail.to_bytes(2, "big")).decode("ascii").strip()
