"""Finds UDP datagrams and TCP segments among the packets of a capture, all packets at once, as columns.

The rules are those of `protocols.frames` and `protocols.tcp_capture` (RFC 791, RFC 768, RFC 9293 §3.1): Ethernet with
VLAN tags or raw IPv4, no fragments, nothing that is cut off. Checksums are not looked at.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from protocols.frames import LINK_ETHERNET, LINK_RAW
from protocols.pcap_index import Int64s, PacketColumns

Octets = npt.NDArray[np.uint8]

TCP, UDP = 6, 17
"""IPv4 protocol numbers."""

_ETHERTYPE_IPV4: Final = 0x0800
_ETHERTYPES_VLAN: Final = (0x8100, 0x88A8)
_MOST_TAGS: Final = 8
_FRAGMENT: Final = 0x3FFF


class Payloads(NamedTuple):
    """UDP datagrams or TCP segments, one row each, all int64.

    `rows`: number of the packet in its file. Addresses are IPv4 as integers. `starts`, `lengths`: where the payload
    lies in the file. `headers`: file offset of the UDP or TCP header.
    """

    rows: Int64s
    sources: Int64s
    source_ports: Int64s
    destinations: Int64s
    destination_ports: Int64s
    headers: Int64s
    starts: Int64s
    lengths: Int64s

    def at(self, rows: npt.NDArray[np.bool_] | Int64s | slice) -> "Payloads":
        """The same columns of some rows."""
        return Payloads(*(column[rows] for column in self))


def word(data: Octets, at: Int64s, size: int) -> Int64s:
    """Big-endian integers of `size` bytes at many offsets."""
    found = np.zeros(len(at), np.int64)
    for offset in range(size):
        found = found << 8 | data[at + offset]
    return found


def datagrams(data: Octets, packets: PacketColumns) -> Payloads:
    """All UDP datagrams among the packets of a file."""
    rows, ip, ends = _ipv4(data, packets, UDP)
    headers = ip + 4 * (data[ip] & 15).astype(np.int64)
    fits = headers + 8 <= ends
    rows, ip, ends, headers = rows[fits], ip[fits], ends[fits], headers[fits]
    lengths = word(data, headers + 4, 2)
    fits = (lengths >= 8) & (headers + lengths <= ends)
    rows, ip, headers, lengths = rows[fits], ip[fits], headers[fits], lengths[fits]
    return _payloads(data, rows, ip, headers, headers + 8, lengths - 8)


def segments(data: Octets, packets: PacketColumns) -> Payloads:
    """All TCP segments among the packets of a file."""
    rows, ip, ends = _ipv4(data, packets, TCP)
    headers = ip + 4 * (data[ip] & 15).astype(np.int64)
    fits = headers + 20 <= ends
    rows, ip, ends, headers = rows[fits], ip[fits], ends[fits], headers[fits]
    starts = headers + 4 * (data[headers + 12] >> 4).astype(np.int64)
    fits = (starts >= headers + 20) & (starts <= ends)
    rows, ip, ends, headers, starts = rows[fits], ip[fits], ends[fits], headers[fits], starts[fits]
    return _payloads(data, rows, ip, headers, starts, ends - starts)


def _payloads(data: Octets, rows: Int64s, ip: Int64s, headers: Int64s, starts: Int64s, lengths: Int64s) -> Payloads:
    sources, destinations = word(data, ip + 12, 4), word(data, ip + 16, 4)
    ports = word(data, headers, 4)
    return Payloads(rows, sources, ports >> 16, destinations, ports & 0xFFFF, headers, starts, lengths)


def _ipv4(data: Octets, packets: PacketColumns, protocol: int) -> tuple[Int64s, Int64s, Int64s]:
    """Rows of whole IPv4 packets of a protocol, the offsets of their headers and of their ends."""
    rows, at = _network(data, packets)
    limits = packets.starts[rows] + packets.lengths[rows]
    fits = at + 20 <= limits
    rows, at, limits = rows[fits], at[fits], limits[fits]
    fits = (data[at] >> 4 == 4) & (data[at + 9] == protocol) & (word(data, at + 6, 2) & _FRAGMENT == 0)
    rows, at, limits = rows[fits], at[fits], limits[fits]
    header, total = 4 * (data[at] & 15).astype(np.int64), word(data, at + 2, 2)
    fits = (header >= 20) & (header <= total) & (at + total <= limits)
    return rows[fits], at[fits], (at + total)[fits]


def _network(data: Octets, packets: PacketColumns) -> tuple[Int64s, Int64s]:
    """Rows of packets that carry IPv4, and the offsets where it begins."""
    raw = np.flatnonzero(packets.links == LINK_RAW)
    rows = np.flatnonzero((packets.links == LINK_ETHERNET) & (packets.lengths >= 14))
    ends = packets.starts[rows] + packets.lengths[rows]
    at = packets.starts[rows] + 12
    found_rows, found_at = [raw], [packets.starts[raw]]
    for _ in range(_MOST_TAGS):
        kinds = word(data, at, 2)
        plain = kinds == _ETHERTYPE_IPV4
        found_rows.append(rows[plain])
        found_at.append(at[plain] + 2)
        tagged = np.isin(kinds, _ETHERTYPES_VLAN) & (at + 6 <= ends)
        if not tagged.any():
            break
        rows, at, ends = rows[tagged], at[tagged] + 4, ends[tagged]
    every, where = np.concatenate(found_rows), np.concatenate(found_at)
    order = np.argsort(every, kind="stable")
    return every[order], where[order]
