"""Finds the messages of a feed where they lie: in a capture's MoldUDP64 datagrams, or in a BinaryFILE.

What is a datagram is decided as `protocols.frames` does, what is a packet as `protocols.mold`; but nothing is copied,
and no object is made of a message.
"""

from __future__ import annotations

import cython
import numpy as np

from store.words import Int64s, Octets

if not cython.compiled:
    from store.words import be16, be32, be64, pointer, text

    _ETHERNET, _RAW, _IPV4, _VLAN, _VLAN_OUTER, _UDP = 1, 101, 0x0800, 0x8100, 0x88A8, 17
    _HEADER, _END = 20, 0xFFFF

ROOM = 1 << 18
"""Messages that one call finds at most, unless told otherwise."""
LARGEST = 1 << 16
"""Least room: no packet has more messages."""


@cython.final
@cython.cclass
class FeedScan:
    """Walks through the frames of a capture.

    `scan` fills the first `count` places of the arrays, one a message: `starts` and `lengths` in the memory given,
    `packets` (row of its frame), `sequences`, `streams` (place in `names`). `names`: per stream the session as it
    stands in the packets (10 bytes), IPv4 group and port. `others`: frames that carry no datagram; `empty`: packets
    without messages; `malformed`: datagrams that are no MoldUDP64.
    """

    def __init__(self, room: int = ROOM) -> None:
        if room < LARGEST:
            raise ValueError(f"room for {room} messages: give at least {LARGEST}")
        self.room = room
        self.count = self.others = self.empty = self.malformed = 0
        self.names: list[tuple[bytes, int, int]] = []
        self._numbers: dict[tuple[bytes, int, int], int] = {}
        self.starts = np.zeros(room, np.int64)
        self.lengths = np.zeros(room, np.int64)
        self.packets = np.zeros(room, np.int64)
        self.sequences = np.zeros(room, np.uint64)
        self.streams = np.zeros(room, np.int64)

    def scan(self, data: Octets, starts: Int64s, lengths: Int64s, links: Int64s, first: int) -> int:
        """Take the frames from row `first` on; returns the row to go on with, which is their number at the end."""
        memory = pointer(data)
        self.count = 0
        row = first
        while row < len(starts) and self.count + LARGEST <= self.room:
            self._frame(memory, starts[row], starts[row] + lengths[row], links[row], row)
            row += 1
        return row

    def _frame(self, data: Octets, at: int, end: int, link: int, row: int) -> None:
        """Find the datagram of a frame (RFC 791, RFC 768)."""
        if link == _ETHERNET:
            at += 12
            while end - at >= 2 and (be16(data, at) == _VLAN or be16(data, at) == _VLAN_OUTER):
                at += 4
            if end - at < 2 or be16(data, at) != _IPV4:
                self.others += 1
                return
            at += 2
        elif link != _RAW:
            self.others += 1
            return
        if end - at < 20 or data[at] >> 4 != 4 or data[at + 9] != _UDP:
            self.others += 1
            return
        header = 4 * (data[at] & 15)
        total = be16(data, at + 2)
        if header < 20 or be16(data, at + 6) & 0x3FFF or total < header + 8 or total > end - at:
            self.others += 1
            return
        udp = at + header
        length = be16(data, udp + 4)
        if length < 8 or length > total - header:
            self.others += 1
            return
        self._packet(data, udp + 8, udp + length, be32(data, at + 16), be16(data, udp + 2), row)

    def _packet(self, data: Octets, at: int, end: int, group: int, port: int, row: int) -> None:
        """Find the messages of a MoldUDP64 packet (MoldUDP64 1.00 §2); all of it is right, or nothing is taken."""
        if end - at < _HEADER:
            self.malformed += 1
            return
        amount = be16(data, at + 18)
        if amount == 0 or amount == _END:
            if end - at > _HEADER:
                self.malformed += 1
            else:
                self.empty += 1
            return
        sequence = be64(data, at + 10)
        if sequence >> 62:  # no feed counts so far, and adding to it would wrap around
            self.malformed += 1
            return
        place = self.count
        block = at + _HEADER
        for number in range(amount):
            if end - block < 2 or end - block - 2 < be16(data, block):
                self.malformed += 1
                return
            length = be16(data, block)
            self.starts[place] = block + 2
            self.lengths[place] = length
            self.packets[place] = row
            self.sequences[place] = sequence + number
            place += 1
            block += 2 + length
        if block != end:
            self.malformed += 1
            return
        stream = self._stream(text(data, at, 10), group, port)
        for done in range(self.count, place):
            self.streams[done] = stream
        self.count = place

    def _stream(self, session: bytes, group: int, port: int) -> int:
        key = (session, group, port)
        number = self._numbers.get(key, -1)
        if number < 0:
            number = self._numbers[key] = len(self.names)
            self.names.append(key)
        return number


@cython.final
@cython.cclass
class RecordScan:
    """Walks through a BinaryFILE. `scan` fills `starts` and `lengths`; `at`: where to go on, `ended`: at its end."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.at = 0
        self.ended = False
        self.starts = np.zeros(room, np.int64)
        self.lengths = np.zeros(room, np.int64)

    def scan(self, data: Octets) -> int:
        """Find the next messages; returns how many. Behind the last one is no whole record, or the end record."""
        memory = pointer(data)
        end = len(data)
        at = self.at
        count = 0
        while count < self.room and end - at >= 2 and not self.ended:
            length = be16(memory, at)
            if length == 0:
                self.ended = True
                at += 2
            elif end - at - 2 < length:
                break
            else:
                self.starts[count] = at + 2
                self.lengths[count] = length
                count += 1
                at += 2 + length
        self.at = at
        return count
