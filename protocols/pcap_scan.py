"""Finds the packets of a capture, piece by piece, without copying them: pcap and pcapng in both byte orders.

Formats: draft-ietf-opsawg-pcap §4, §5; draft-ietf-opsawg-pcapng §3.1, §4.1 to §4.4. Blocks of other types (name
resolution, statistics, secrets, custom) are passed over, whatever is in them.
"""

from __future__ import annotations

from array import array
from typing import Final, Literal

import cython

from protocols.errors import LengthError, ProtocolError, RangeError, TruncatedError, UnknownTypeError

if not cython.compiled:
    from protocols.pcap_words import Octets, T, frame_of, pointer, word16, word32

MAX_BLOCK: Final = 1 << 24
"""Longest record or block accepted, in bytes; longer ones mean that this is no capture."""
ROOM: Final = 1 << 12
"""Packets that one call of `Scanner.scan` finds at most, unless told otherwise."""
INBOUND, OUTBOUND = 1, 2
"""Directions (draft pcapng §4.3.1)."""

_PCAP_MAGICS: Final = {
    b"\xa1\xb2\xc3\xd4": (True, 1_000),
    b"\xd4\xc3\xb2\xa1": (False, 1_000),
    b"\xa1\xb2\x3c\x4d": (True, 1),
    b"\x4d\x3c\xb2\xa1": (False, 1),
}
_SECTION_HEADER: Final = b"\x0a\x0d\x0d\x0a"
_BYTE_ORDERS: Final = {b"\x1a\x2b\x3c\x4d": True, b"\x4d\x3c\x2b\x1a": False}
_OPTION_TSRESOL, _OPTION_TSOFFSET = 9, 14
_RECORD_HEADER: Final = 16
_SECOND: Final = 1_000_000_000
_INT64: Final = 1 << 63
_MOST_SECONDS: Final = 4_611_686_017
"""An `if_tsoffset` up to here is added in 64 bits: 2^62 ns."""

if not cython.compiled:
    _NONE, _PCAP, _PCAPNG = range(3)
    _LONGEST = MAX_BLOCK
    _SECTION, _INTERFACE, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 3, 6
    _NS = _SECOND
    _HALF = 1 << 30


def is_capture(start: bytes) -> bool:
    """Tell from its first four bytes whether a file is a packet capture."""
    return start[:4] in _PCAP_MAGICS or start[:4] == _SECTION_HEADER


@cython.final
@cython.cclass
class Scanner:
    """Walks through a capture that its owner holds in memory, whole or piece by piece.

    `scan` fills the first places of the arrays, one place a packet: `times` (ns since 1970; 0 where the file has none),
    `starts` and `lengths` (bytes as captured, in the memory given), `originals` (bytes on the wire), `links`
    (LINKTYPE_ number), `directions` (0 unknown). Afterwards `at` is where to go on: what lies there is no whole block
    yet, or a fault, then `error` is set, or `room` packets were found. `need`: bytes from `at` on that are wanted to
    get further, 0 when nothing is missing. `block_starts`, `block_ends`: where each packet's record or block lies.
    """

    def __init__(self, room: int = ROOM) -> None:
        if room < 1:
            raise ValueError(f"room for {room} packets: give at least 1")
        self.room = room
        self.at = self.need = 0
        self.error: ProtocolError | None = None
        self.times = array("q", bytes(8 * room))
        self.starts = array("q", bytes(8 * room))
        self.lengths = array("q", bytes(8 * room))
        self.originals = array("q", bytes(8 * room))
        self.links = array("q", bytes(8 * room))
        self.directions = array("q", bytes(8 * room))
        self.block_starts = array("q", bytes(8 * room))
        self.block_ends = array("q", bytes(8 * room))
        self._format = 0
        self._big = False
        self._tick = 1
        self._link = 0
        self._count = 0
        self._if_links = array("q", bytes(64))
        self._if_snaps = array("q", bytes(64))
        self._if_factors = array("q", bytes(64))
        self._if_offsets = array("q", bytes(64))
        self._exact: list[tuple[int, int]] = []

    def scan(self, data: Octets, at: int, base: int) -> int:
        """Find packets in `data` from index `at` on; returns how many. `base`: file offset of the first byte.

        Faults do not raise: they are in `error` after the packets before them, with their offset in the file.
        """
        if at < 0:
            raise ValueError(f"index {at}: there is nothing in front of the memory")
        self.need = 0
        self.at = at
        if self.error is not None:
            return 0
        if self._format == _NONE and not self._begin(data, base):
            return 0
        return self._records(data, base) if self._format == _PCAP else self._blocks(data, base)

    def truncated(self, size: int) -> ProtocolError:
        """The error for a capture that ends here, `size` bytes long, before the block that `scan` stopped at does."""
        what = "the file header"
        if self._format == _PCAPNG:
            what = "a block"
        elif self._format == _PCAP:
            what = "a frame" if self.need > _RECORD_HEADER else "a record header"
        return TruncatedError(f"the capture ends inside {what}", size, size)

    def frames(self, data: Octets, count: int, make: type[T]) -> list[T]:
        """Make objects `make` (a NamedTuple of time, link type, bytes) of the first `count` packets in `data`.

        Raises TypeError for a class that is no tuple.
        """
        if not issubclass(make, tuple):
            raise TypeError(f"{make.__name__} is no tuple")
        memory = pointer(data)
        found: list[T] = []
        for i in range(count):
            found.append(frame_of(make, self.times[i], self.links[i], memory, self.starts[i], self.lengths[i]))  # noqa: PERF401
        return found

    def _begin(self, data: Octets, base: int) -> bool:
        """Learn the format from the file's first bytes; whether they were there."""
        head = bytes(data[self.at : self.at + 24])
        if len(head) < 4:
            self.need = 4
            return False
        if head[:4] == _SECTION_HEADER:
            self._format = _PCAPNG
            return True
        if head[:4] not in _PCAP_MAGICS:
            self.error = UnknownTypeError("not a pcap or pcapng file", base + self.at, head[:4])
            return False
        if len(head) < 24:
            self.need = 24
            return False
        self._big, self._tick = _PCAP_MAGICS[head[:4]]
        self._link = int.from_bytes(head[20:24], "big" if self._big else "little") & 0xFFFF
        self._format = _PCAP
        self.at += 24
        return True

    def _records(self, data: Octets, base: int) -> int:
        """The packets of a pcap file."""
        memory = pointer(data)
        end = len(data)
        at = self.at
        count = 0
        big = self._big
        while count < self.room:
            if end - at < 16:
                self.need = 16 if end > at else 0
                break
            captured = word32(memory, at + 8, big)
            if captured > _LONGEST:
                self.error = LengthError(f"a record has at most {MAX_BLOCK} bytes", base + at + 8, captured)
                break
            if end - at < 16 + captured:
                self.need = 16 + captured
                break
            seconds = word32(memory, at, big)
            fraction = word32(memory, at + 4, big)
            self.times[count] = seconds * _NS + fraction * self._tick
            self.starts[count] = at + 16
            self.lengths[count] = captured
            self.originals[count] = word32(memory, at + 12, big)
            self.links[count] = self._link
            self.directions[count] = 0
            self.block_starts[count] = at
            at += 16 + captured
            self.block_ends[count] = at
            count += 1
        self.at = at
        return count

    def _blocks(self, data: Octets, base: int) -> int:
        """The packets of a pcapng file."""
        memory = pointer(data)
        end = len(data)
        at = self.at
        count = 0
        while count < self.room:
            left = end - at
            if left < 12:
                # A length that is there already may be impossible; a section's can only be read with its byte order.
                if left >= 8 and word32(memory, at, False) != _SECTION:
                    self._impossible(word32(memory, at + 4, self._big), 12, base + at)
                self.need = 12 if left > 0 else 0
                break
            kind = word32(memory, at, self._big)
            if kind == _SECTION and not self._section(bytes(data[at + 8 : at + 12]), base + at):
                break
            length = word32(memory, at + 4, self._big)
            if self._impossible(length, 16 if kind == _SECTION else 12, base + at):
                break
            if left < length:
                self.need = length
                break
            if word32(memory, at + length - 4, self._big) != length:
                self.error = LengthError("a block's two lengths differ", base + at + 4, length)
                break
            if kind == _ENHANCED:
                fine = self._enhanced(memory, at, length, count)
            elif kind == _SIMPLE:
                fine = self._simple(memory, at, length, count)
            else:
                fine = kind != _INTERFACE or self._interface(bytes(data[at + 8 : at + length - 4]))
            if not fine:
                if self.error is None:
                    self.error = ProtocolError(f"block type {kind} is malformed", base + at, kind)
                self.error.offset = base + at
                break
            if kind in (_ENHANCED, _SIMPLE):
                self.block_starts[count] = at
                self.block_ends[count] = at + length
                count += 1
            at += length
        self.at = at
        return count

    def _impossible(self, length: int, least: int, offset: int) -> bool:
        if length & 3 == 0 and least <= length <= _LONGEST:
            return False
        self.error = LengthError("a block length is impossible", offset + 4, length)
        return True

    def _section(self, magic: bytes, offset: int) -> bool:
        """A section begins: its byte order holds from here on, and no interface of the last one."""
        if magic not in _BYTE_ORDERS:
            self.error = ProtocolError("a section header has no byte-order magic", offset + 8, magic)
            return False
        self._big = _BYTE_ORDERS[magic]
        self._count = 0
        self._exact.clear()
        return True

    def _enhanced(self, data: Octets, at: int, length: int, place: int) -> bool:
        """An enhanced packet block of `length` bytes; False when it is malformed."""
        big = self._big
        if length < 32:
            return False
        interface = word32(data, at + 8, big)
        captured = word32(data, at + 20, big)
        if interface >= self._count or 32 + captured > length:
            return False
        high = word32(data, at + 12, big)
        low = word32(data, at + 16, big)
        factor = self._if_factors[interface]
        if factor != 0 and high < _HALF // factor:
            # Less than 2^62 ns (the year 2116), and an offset as small: the sum fits.
            self.times[place] = ((high << 32) + low) * factor + self._if_offsets[interface]
        elif not self._long_time(interface, high << 32 | low, place):
            return False
        self.starts[place] = at + 28
        self.lengths[place] = captured
        self.originals[place] = word32(data, at + 24, big)
        self.links[place] = self._if_links[interface]
        self.directions[place] = 0
        options = at + 28 + ((captured + 3) & ~3)
        stop = at + length - 4
        while options + 8 <= stop:
            code = word16(data, options, big)
            size = word16(data, options + 2, big)
            if code == 0:
                break
            if code == 2 and size == 4:
                self.directions[place] = word32(data, options + 4, big) & 3
                break
            options += 4 + ((size + 3) & ~3)
        return True

    def _simple(self, data: Octets, at: int, length: int, place: int) -> bool:
        """A simple packet block: the packet without a time, of interface 0."""
        if length < 16 or self._count == 0:
            return False
        original = word32(data, at + 8, self._big)
        captured = original
        if 0 < self._if_snaps[0] < captured:
            captured = self._if_snaps[0]
        if 16 + captured > length:
            return False
        self.times[place] = 0
        self.starts[place] = at + 12
        self.lengths[place] = captured
        self.originals[place] = original
        self.links[place] = self._if_links[0]
        self.directions[place] = 0
        return True

    def _interface(self, body: bytes) -> bool:
        """An interface description; False when it is malformed."""
        big = self._big
        order: Literal["big", "little"] = "big" if big else "little"
        if len(body) < 8:
            return False
        ticks, offset, at = 1_000_000, 0, 8
        while at + 4 <= len(body):
            code = int.from_bytes(body[at : at + 2], order)
            size = int.from_bytes(body[at + 2 : at + 4], order)
            value = body[at + 4 : at + 4 + size]
            if code == 0:
                break
            if code == _OPTION_TSRESOL:
                if not value:
                    return False
                exponent = value[0] & 0x7F
                ticks = pow(2 if value[0] & 0x80 else 10, exponent)
            elif code == _OPTION_TSOFFSET:
                if len(value) != 8:
                    return False
                offset = int.from_bytes(value, order, signed=True)
            at += 4 + ((size + 3) & ~3)
        if self._count == len(self._if_links):
            self._grow()
        simple = _SECOND % ticks == 0 and abs(offset) <= _MOST_SECONDS
        self._if_links[self._count] = int.from_bytes(body[0:2], order)
        self._if_snaps[self._count] = int.from_bytes(body[4:8], order)
        self._if_factors[self._count] = _SECOND // ticks if simple else 0
        self._if_offsets[self._count] = offset * _SECOND if simple else 0
        self._exact.append((ticks, offset))
        self._count += 1
        return True

    def _grow(self) -> None:
        more = bytes(8 * len(self._if_links))
        self._if_links = array("q", bytes(self._if_links) + more)
        self._if_snaps = array("q", bytes(self._if_snaps) + more)
        self._if_factors = array("q", bytes(self._if_factors) + more)
        self._if_offsets = array("q", bytes(self._if_offsets) + more)

    def _long_time(self, interface: int, ticks: object, place: int) -> bool:
        """The time where 64 bits do not hold what it is computed from."""
        per_second, offset = self._exact[interface]
        whole = (int(ticks) + offset * per_second) * _SECOND // per_second  # type: ignore[call-overload]
        if not -_INT64 <= whole < _INT64:
            self.error = RangeError("a time stamp is outside the years 1677 to 2262", None, whole)
            return False
        self.times[place] = whole
        return True
