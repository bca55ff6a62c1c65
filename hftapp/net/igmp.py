"""IGMP messages: version 3 (RFC 3376 §4), and version 2 (RFC 2236 §2) for networks whose querier is older."""

import struct
from typing import Final, NamedTuple

from hftapp.net.checksum import checksum, word_sum

QUERY: Final = 0x11
REPORT_V2: Final = 0x16
LEAVE_V2: Final = 0x17
REPORT_V3: Final = 0x22

MODE_IS_INCLUDE: Final = 1
MODE_IS_EXCLUDE: Final = 2
CHANGE_TO_INCLUDE: Final = 3
CHANGE_TO_EXCLUDE: Final = 4

ALL_ROUTERS: Final = 0xE0000002
ALL_V3_ROUTERS: Final = 0xE0000016
ROUTER_ALERT: Final = b"\x94\x04\x00\x00"
"""The IP option that makes routers look inside (RFC 2113); every IGMP message carries it."""
TOS: Final = 0xC0
"""Internetwork control (RFC 3376 §4)."""
TENTH: Final = 100_000_000
"""Response times are in tenths of a second; here in nanoseconds."""

_V2 = struct.Struct("!BBHI")
_QUERY = struct.Struct("!BBHIBBH")
_REPORT = struct.Struct("!BBHHH")
_RECORD = struct.Struct("!BBHI")


class Record(NamedTuple):
    """One group record of a version 3 report."""

    kind: int
    group: int
    sources: tuple[int, ...] = ()


class Query(NamedTuple):
    """A membership query; `group` is 0 in a general one, `response` is the longest wait in ns."""

    version: int
    group: int
    response: int
    robustness: int
    sources: tuple[int, ...]


def response_time(code: int) -> int:
    """Return the nanoseconds that a Max Resp Code stands for (RFC 3376 §4.1.1: floating point from 128)."""
    if code < 128:
        return code * TENTH
    return (((code & 0x0F) | 0x10) << ((code >> 4 & 0x07) + 3)) * TENTH


def decode_query(message: bytes) -> Query | None:
    """Return the query in a whole IGMP message, None when its size is impossible (RFC 3376 §7.1).

    The caller has verified checksum and type.
    """
    if len(message) == _V2.size:
        _, code, _, group = _V2.unpack(message)
        return Query(2 if code else 1, group, response_time(code) if code else 100 * TENTH, 0, ())
    if len(message) < _QUERY.size:
        return None
    _, code, _, group, flags, _, count = _QUERY.unpack_from(message)
    if _QUERY.size + 4 * count > len(message):
        return None
    sources = struct.unpack_from(f"!{count}I", message, _QUERY.size)
    return Query(3, group, response_time(code), flags & 0x07, sources)


def encode_report(records: list[Record]) -> bytes:
    """Return a version 3 membership report (RFC 3376 §4.2)."""
    body = b"".join(
        _RECORD.pack(record.kind, 0, len(record.sources), record.group)
        + struct.pack(f"!{len(record.sources)}I", *record.sources)
        for record in records
    )
    raw = _REPORT.pack(REPORT_V3, 0, 0, 0, len(records)) + body
    return raw[:2] + checksum(word_sum(raw)).to_bytes(2, "big") + raw[4:]


def encode_v2(kind: int, group: int) -> bytes:
    """Return a version 2 report or leave message (RFC 2236 §2)."""
    raw = _V2.pack(kind, 0, 0, group)
    return _V2.pack(kind, 0, checksum(word_sum(raw)), group)
