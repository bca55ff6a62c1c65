"""Writes played datagrams to a capture instead of sending them: frames as a publisher's host would send them."""

import struct
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from office.replay.multicast import Endpoint, Tally
from office.replay.sources import Sent
from office.whole_file import whole_file
from protocols.pcap_write import OUTBOUND, PcapngWriter

_MOST = 65_507
"""Bytes of the largest UDP payload over IPv4 (RFC 768, RFC 791)."""


def frame(payload: bytes, source: IPv4Address, to: Endpoint) -> bytes:
    """An Ethernet frame with a UDP datagram to a group (RFC 1112 §6.4), from the port that it goes to.

    Its UDP checksum is 0: none (RFC 768). Raises ValueError for a payload that no datagram carries.
    """
    if len(payload) > _MOST:
        raise ValueError(f"a payload of {len(payload)} bytes: a datagram carries at most {_MOST}")
    group, port = to
    ends = source.packed + group.packed
    head = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(payload), 0, 0, 1, 17, 0) + ends
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack(">H", ~total & 0xFFFF) + head[12:]
    mac = b"\x01\x00\x5e" + bytes([group.packed[1] & 0x7F]) + group.packed[2:]
    own = b"\x02\x00" + source.packed
    return mac + own + b"\x08\x00" + head + struct.pack(">HHHH", port, port, 8 + len(payload), 0) + payload


def write(path: Path, datagrams: Iterable[Sent], endpoints: Sequence[Endpoint], source: IPv4Address) -> Tally:
    """Write everything with its times; lines that have no endpoint are left out.

    Raises OSError, and what the datagrams raise; then `path` is as it was.
    """
    tally = Tally([0] * len(endpoints), [0] * len(endpoints))
    with whole_file(path) as temporary, PcapngWriter(temporary, "replay") as writer:
        for time, line, payload in datagrams:
            if line >= len(endpoints):
                continue
            writer.write(OUTBOUND, frame(payload, source, endpoints[line]), time)
            tally.first = time if tally.first is None else tally.first
            tally.last = time
            tally.datagrams[line] += 1
            tally.octets[line] += len(payload)
    return tally
