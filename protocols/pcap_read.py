"""Reads packet captures: classic pcap (µs and ns, both byte orders) and pcapng.

Only what market data tools need: frames with their capture time and link type. Formats: draft-ietf-opsawg-pcap and
draft-ietf-opsawg-pcapng.
"""

import struct
from collections.abc import Iterator
from typing import IO, Final, NamedTuple

from protocols.errors import LengthError, ProtocolError, TruncatedError, UnknownTypeError

MAX_BLOCK: Final = 1 << 24
"""Longest record or block accepted, in bytes; longer ones mean that this is no capture."""

_PCAP_MAGICS: Final = {
    b"\xa1\xb2\xc3\xd4": (">", 1_000),
    b"\xd4\xc3\xb2\xa1": ("<", 1_000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}
_SECTION_HEADER: Final = b"\x0a\x0d\x0d\x0a"
_BYTE_ORDERS: Final = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_INTERFACE, _SIMPLE_PACKET, _ENHANCED_PACKET = 1, 3, 6
_OPTION_TSRESOL, _OPTION_TSOFFSET = 9, 14


class CapturedFrame(NamedTuple):
    """One frame: capture time in ns since 1970 (0 when the file has none), link type (LINKTYPE_ number), bytes."""

    time: int
    link_type: int
    frame: bytes


class _Interface(NamedTuple):
    link_type: int
    snap_length: int
    ticks_per_second: int
    offset_seconds: int


def is_capture(start: bytes) -> bool:
    """Tell from its first four bytes whether a file is a packet capture."""
    return start[:4] in _PCAP_MAGICS or start[:4] == _SECTION_HEADER


def read(file: IO[bytes]) -> Iterator[CapturedFrame]:
    """Iterate over the frames of a capture; a fault is a ProtocolError with the file offset, after the good frames."""
    source = _Source(file)
    magic = source.take(4, "the file header")
    if magic == _SECTION_HEADER:
        return _read_pcapng(source)
    if magic in _PCAP_MAGICS:
        return _read_pcap(source, *_PCAP_MAGICS[magic])
    raise UnknownTypeError("not a pcap or pcapng file", 0, magic)


class _Source:
    """A file that is read exactly, and knows where it is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.offset = 0

    def take(self, size: int, what: str, *, optional: bool = False) -> bytes:
        """Return `size` bytes; empty at the very end of the file if `optional`, else TruncatedError."""
        data = self._file.read(size)
        self.offset += len(data)
        if len(data) < size and (data or not optional):
            raise TruncatedError(f"the capture ends inside {what}", self.offset, len(data))
        return data


def _read_pcap(source: _Source, order: str, tick: int) -> Iterator[CapturedFrame]:
    link_type = struct.unpack(order + "HHiIII", source.take(20, "the file header"))[5] & 0xFFFF
    header = struct.Struct(order + "IIII")
    while raw := source.take(header.size, "a record header", optional=True):
        seconds, fraction, captured, _ = header.unpack(raw)
        if captured > MAX_BLOCK:
            raise LengthError(f"a record has at most {MAX_BLOCK} bytes", source.offset - 8, captured)
        yield CapturedFrame(seconds * 1_000_000_000 + fraction * tick, link_type, source.take(captured, "a frame"))


def _read_pcapng(source: _Source) -> Iterator[CapturedFrame]:
    order = ""
    interfaces: list[_Interface] = []
    raw_type = _SECTION_HEADER
    while raw_type:
        start = source.offset - 4
        raw_length = source.take(4, "a block length")
        if raw_type == _SECTION_HEADER:
            order_magic = source.take(4, "a section header")
            if order_magic not in _BYTE_ORDERS:
                raise ProtocolError("a section header has no byte-order magic", start + 8, order_magic)
            order = _BYTE_ORDERS[order_magic]
            interfaces.clear()
            _read_block(source, order, raw_length, 12, start)
        else:
            body = _read_block(source, order, raw_length, 8, start)
            kind = struct.unpack(order + "I", raw_type)[0]
            try:
                if kind == _INTERFACE:
                    interfaces.append(_parse_interface(body, order))
                elif kind == _ENHANCED_PACKET:
                    yield _parse_enhanced(body, order, interfaces)
                elif kind == _SIMPLE_PACKET:
                    yield _parse_simple(body, order, interfaces)
            except (struct.error, IndexError):
                raise ProtocolError(f"block type {kind} is malformed", start, kind) from None
        raw_type = source.take(4, "a block type", optional=True)


def _read_block(source: _Source, order: str, raw_length: bytes, consumed: int, start: int) -> bytes:
    """Read the rest of a block after `consumed` bytes; returns its body without the closing length."""
    length: int = struct.unpack(order + "I", raw_length)[0]
    if length % 4 or not consumed + 4 <= length <= MAX_BLOCK:
        raise LengthError("a block length is impossible", start + 4, length)
    body = source.take(length - consumed - 4, "a block")
    if source.take(4, "a block") != raw_length:
        raise LengthError("a block's two lengths differ", start + 4, length)
    return body


def _parse_interface(body: bytes, order: str) -> _Interface:
    link_type, _, snap_length = struct.unpack_from(order + "HHI", body)
    ticks, offset, position = 1_000_000, 0, 8
    while position + 4 <= len(body):
        code, size = struct.unpack_from(order + "HH", body, position)
        value = body[position + 4 : position + 4 + size]
        if code == 0:
            break
        if code == _OPTION_TSRESOL:
            ticks = 1 << (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _OPTION_TSOFFSET:
            offset = struct.unpack(order + "q", value)[0]
        position += 4 + (size + 3 & ~3)
    return _Interface(link_type, snap_length, ticks, offset)


def _parse_enhanced(body: bytes, order: str, interfaces: list[_Interface]) -> CapturedFrame:
    index, high, low, captured, _ = struct.unpack_from(order + "IIIII", body)
    interface = interfaces[index]
    if 20 + captured > len(body):
        raise IndexError(captured)
    ticks = (high << 32 | low) + interface.offset_seconds * interface.ticks_per_second
    time = ticks * 1_000_000_000 // interface.ticks_per_second
    return CapturedFrame(time, interface.link_type, body[20 : 20 + captured])


def _parse_simple(body: bytes, order: str, interfaces: list[_Interface]) -> CapturedFrame:
    (original,) = struct.unpack_from(order + "I", body)
    interface = interfaces[0]
    captured = min(original, interface.snap_length or original)
    if 4 + captured > len(body):
        raise IndexError(captured)
    return CapturedFrame(0, interface.link_type, body[4 : 4 + captured])
