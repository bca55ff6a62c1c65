"""Ethernet frames as the harness needs them: ARP, UDP and TCP over IPv4, written and read without a kernel."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

ARP, IPV4 = 0x0806, 0x0800
TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

_ETHERNET = struct.Struct("!6s6sH")
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_IP = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_TCP = struct.Struct("!HHIIBBHHH")
_TTL = 8
_WINDOW = 65_535
_MSS = b"\x02\x04\x05\xb4"


@dataclass(frozen=True, slots=True)
class Host:
    """One end: its MAC and its IPv4 address, packed."""

    mac: bytes
    address: bytes

    @classmethod
    def parse(cls, mac: str, address: str) -> "Host":
        """From text, `52:54:00:20:00:10` and `10.20.0.10`."""
        return cls(bytes.fromhex(mac.replace(":", "")), IPv4Address(address).packed)


@dataclass(frozen=True, slots=True)
class ArpRequest:
    """Who has `wanted`?"""

    mac: bytes
    address: bytes
    wanted: bytes


@dataclass(frozen=True, slots=True)
class ArpReply:
    """`address` is at `mac`."""

    mac: bytes
    address: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment; numbers are those of the header."""

    source_port: int
    destination_port: int
    sequence: int
    acknowledgement: int
    flags: int
    payload: bytes = b""


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def arp_reply(request: ArpRequest, me: Host) -> bytes:
    """The answer to a request for `me` (RFC 826)."""
    body = _ARP.pack(1, IPV4, 6, 4, 2, me.mac, me.address, request.mac, request.address)
    return (_ETHERNET.pack(request.mac, me.mac, ARP) + body).ljust(60, b"\0")


def arp_request(me: Host, wanted: bytes) -> bytes:
    """Who has the address `wanted`? To everybody (RFC 826)."""
    body = _ARP.pack(1, IPV4, 6, 4, 1, me.mac, me.address, bytes(6), wanted)
    return (_ETHERNET.pack(b"\xff" * 6, me.mac, ARP) + body).ljust(60, b"\0")


def multicast(source: Host, group: str, port: int, payload: bytes) -> bytes:
    """A UDP datagram to a group, with its checksum (RFC 1112 §6.4 gives the MAC)."""
    address = IPv4Address(group).packed
    mac = b"\x01\x00\x5e" + bytes((address[1] & 0x7F, *address[2:]))
    length = _UDP.size + len(payload)
    body = _UDP.pack(port, port, length, 0) + payload
    total = checksum(_pseudo(source.address, address, UDP, length) + body) or 0xFFFF
    return _ipv4(source, mac, address, UDP, body[:6] + total.to_bytes(2, "big") + body[8:])


def tcp(source: Host, destination: Host, segment: Segment) -> bytes:
    """A TCP segment; a SYN carries the MSS."""
    options = _MSS if segment.flags & SYN else b""
    offset = (_TCP.size + len(options)) // 4 << 4
    numbers = (segment.source_port, segment.destination_port, segment.sequence, segment.acknowledgement)
    body = _TCP.pack(*numbers, offset, segment.flags, _WINDOW, 0, 0) + options + segment.payload
    total = checksum(_pseudo(source.address, destination.address, TCP, len(body)) + body)
    body = body[:16] + total.to_bytes(2, "big") + body[18:]
    return _ipv4(source, destination.mac, destination.address, TCP, body)


def parse(frame: bytes) -> ArpRequest | ArpReply | Segment | None:
    """What a frame says: ARP, a TCP segment, or None for all that is nothing to the harness.

    Raises ValueError for a segment whose checksum is wrong.
    """
    kind = int.from_bytes(frame[12:14], "big")
    if kind == ARP and len(frame) >= 42:
        if frame[20:22] == b"\0\1":
            return ArpRequest(frame[22:28], frame[28:32], frame[38:42])
        return ArpReply(frame[22:28], frame[28:32]) if frame[20:22] == b"\0\2" else None
    if kind != IPV4 or len(frame) < 54 or frame[23] != TCP:
        return None
    end = 14 + int.from_bytes(frame[16:18], "big")
    start = 14 + (frame[14] & 15) * 4
    body = frame[start:end]
    if checksum(_pseudo(frame[26:30], frame[30:34], TCP, len(body)) + body):
        raise ValueError(f"TCP checksum of frame {frame.hex()} is wrong")
    source, destination, sequence, acknowledgement, offset, flags = _TCP.unpack_from(body)[:6]
    return Segment(source, destination, sequence, acknowledgement, flags, body[(offset >> 4) * 4 :])


def _pseudo(source: bytes, destination: bytes, protocol: int, length: int) -> bytes:
    return source + destination + struct.pack("!HH", protocol, length)


def _ipv4(source: Host, mac: bytes, destination: bytes, protocol: int, body: bytes) -> bytes:
    header = _IP.pack(0x45, 0, _IP.size + len(body), 0, 0x4000, _TTL, protocol, 0, source.address, destination)
    header = header[:10] + checksum(header).to_bytes(2, "big") + header[12:]
    return (_ETHERNET.pack(mac, source.mac, IPV4) + header + body).ljust(60, b"\0")
