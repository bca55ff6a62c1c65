"""Writes packet captures with nanosecond time stamps: pcapng, and classic pcap for programs that know no other.

Formats: draft-ietf-opsawg-pcapng §4.1, §4.2, §4.3; draft-ietf-opsawg-pcap §4, §5. Both little-endian, Ethernet, one
interface a file. In pcapng each packet says whether it came in from the port or went out to it.

Packets are collected in memory and handed to the kernel a megabyte at a time, and once a second of capture time; so a
program that is killed loses at most that, and leaves at most one packet cut off at the end.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import cython

if not cython.compiled:
    from protocols.pcap_words import put_bytes, put_enhanced, put_record, put_trailer

INBOUND, OUTBOUND = 1, 2
"""Directions (draft pcapng §4.3.1)."""
ROOM: Final = 1 << 20
"""Bytes that are collected before they are written."""
LARGEST: Final = 1 << 18
"""Longest frame, in bytes: what tcpdump and Wireshark accept."""

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE = 1
_LINKTYPE_ETHERNET = 1
_OPTION_IF_NAME = 2
_OPTION_IF_TSRESOL = 9

if not cython.compiled:
    _FULL, _LONGEST = ROOM, LARGEST
    _SECOND = 1_000_000_000
    _LAST = (1 << 32) * _SECOND


class _Collected:
    """A file that is written in large pieces. `size`: bytes so far, those still in memory included."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._room = bytearray(ROOM + LARGEST + 64)  # full, and the frame that made it so
        self._at = 0
        self._due = 0

    def flush(self) -> None:
        """Hand everything written so far to the kernel. Raises OSError; what it did not take is kept.

        Raises ValueError when something is written after `close`.
        """
        if self._descriptor < 0:
            raise ValueError(f"{self.path} is closed")
        done = 0
        try:
            with memoryview(self._room) as room:
                while done < self._at:
                    done += os.write(self._descriptor, room[done : self._at])
        finally:
            left = self._at - done
            self._room[:left] = bytes(self._room[done : self._at])
            self._at = left

    def close(self) -> None:
        """Finish the file."""
        if self._descriptor >= 0:
            try:
                self.flush()
            finally:
                os.close(self._descriptor)
                self._descriptor = -1
                self._at = _FULL  # so that a further write is looked at, and refused

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _head(self, data: bytes) -> None:
        """Begin the file."""
        self._room[: len(data)] = data
        self._at = self.size = len(data)

    def _check(self, length: int, time: int) -> None:
        """Refuse what cannot be written; or what waits could not be written before, and is tried again first."""
        if length > LARGEST:
            raise ValueError(f"a frame of {length} bytes: at most {LARGEST} are written")
        if time < 0:
            raise ValueError(f"a frame captured at {abs(time)} ns, before 1970 or after what the format can say")
        self.flush()

    def _written(self, total: int, time: int) -> None:
        """`total` bytes of a packet captured at `time` were laid down."""
        self._at += total
        self.size += total
        if self._at >= _FULL or time >= self._due:
            self._due = time + _SECOND
            self.flush()


class PcapngWriter(_Collected):
    """A capture of one port. Time stamps are nanoseconds since 1970. Raises OSError when it cannot be written."""

    def __init__(self, path: Path, interface: str) -> None:
        super().__init__(path)
        self._head(header(interface))

    def write(self, direction: int, frame: bytes, time_ns: int) -> None:
        """Append one frame, `INBOUND` or `OUTBOUND`. Raises ValueError for one of more than `LARGEST` bytes."""
        length = len(frame)
        if length > _LONGEST or time_ns < 0 or self._at >= _FULL:
            self._check(length, time_ns)
        room = self._room
        at = self._at
        padding = -length & 3
        total = 44 + length + padding
        put_enhanced(room, at, total, time_ns, length)
        put_bytes(room, at + 28, frame, length)
        put_trailer(room, at + 28 + length, padding, direction, total)
        self._written(total, time_ns)


class PcapWriter(_Collected):
    """A classic pcap with nanoseconds. Times are nanoseconds since 1970, up to the year 2106. Raises OSError."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._head(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, LARGEST, _LINKTYPE_ETHERNET))

    def write(self, frame: bytes, time_ns: int) -> None:
        """Append one frame. Raises ValueError for one of more than `LARGEST` bytes, or after 2106."""
        length = len(frame)
        if length > _LONGEST or not 0 <= time_ns < _LAST or self._at >= _FULL:
            self._check(length, time_ns if time_ns < _LAST else -time_ns)
        put_record(self._room, self._at, time_ns, length)
        put_bytes(self._room, self._at + 16, frame, length)
        self._written(16 + length, time_ns)


def header(interface: str) -> bytes:
    """What a pcapng file begins with: the section, and its one interface, an Ethernet with nanoseconds."""
    options = _option(_OPTION_IF_NAME, interface.encode()) + _option(_OPTION_IF_TSRESOL, b"\x09") + bytes(4)
    return _block(_SECTION_HEADER, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + _block(
        _INTERFACE, struct.pack("<HHI", _LINKTYPE_ETHERNET, 0, 0) + options
    )


def _block(kind: int, body: bytes) -> bytes:
    total = 12 + len(body)
    return struct.pack("<II", kind, total) + body + struct.pack("<I", total)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) & 3)
