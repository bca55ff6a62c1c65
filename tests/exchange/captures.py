"""Captures of the exchange's traffic, as they would look on the wire, and what tshark reads in them.

Payloads are those that the exchange and its clients really sent; the Ethernet, IPv4, UDP and TCP headers around them
are made here, with right checksums and TCP sequence numbers.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from protocols.pcap_write import INBOUND, PcapngWriter

EPOCH = 1_700_000_000_000_000_000
MSS = 1460
"""Bytes of payload in a TCP segment (RFC 9293 §3.7.1): longer writes are cut, also within a SoupBinTCP packet."""
LOGIN_ACCEPTED_SIZE = 33

_STATION = "02:00:00:00:00:0{}"
_FIELDS = ("frame.protocols", "_ws.malformed", "_ws.expert.severity", "_ws.expert.message")
_CHECKSUMS = {"ip.checksum.status": {"1"}, "udp.checksum.status": {"1"}, "tcp.checksum.status": {"1"}}
_SETTINGS = ("ip.check_checksum", "udp.check_checksum", "tcp.check_checksum")
_WARNING = 0x600000
"""Severities of Wireshark's expert information from here on (`PI_WARN`, `PI_ERROR`) are faults."""


class Host(NamedTuple):
    """One end of a datagram or connection."""

    address: str
    port: int


class Chunk(NamedTuple):
    """What one read of a proxy gave: from which side, which bytes (none: that side closed), when (ns)."""

    from_client: bool
    data: bytes
    time: int


class Capture:
    """Frames, each at the time that was set last (ns since the start)."""

    def __init__(self) -> None:
        self.now = 0
        self._frames: list[tuple[int, bytes]] = []

    def datagram(self, source: Host, destination: Host, payload: bytes) -> None:
        """A UDP datagram."""
        udp = UDP(sport=source.port, dport=destination.port)
        self._add(source, destination, udp / Raw(payload) if payload else udp)

    def connection(self, client: Host, server: Host, chunks: Sequence[Chunk]) -> None:
        """A whole SoupBinTCP connection: handshake, what both sides sent, an acknowledgement for each piece, FINs.

        Login Accepted goes in a segment of its own: tshark begins a new conversation there and forgets the part of a
        packet that the segment may end with.
        """
        ends = client, server
        following = [1_000, 900_000]
        answered = False
        self.now = chunks[0].time

        def segment(side: int, flags: str, payload: bytes = b"") -> None:
            acknowledged = following[1 - side] if "A" in flags else 0
            tcp = TCP(
                sport=ends[side].port,
                dport=ends[1 - side].port,
                flags=flags,
                seq=following[side],
                ack=acknowledged,
                window=65535,
            )
            self._add(ends[side], ends[1 - side], tcp / Raw(payload) if payload else tcp)
            following[side] += len(payload) + ("S" in flags or "F" in flags)

        for side, flags in ((0, "S"), (1, "SA"), (0, "A")):
            segment(side, flags)
        for chunk in chunks:
            self.now = chunk.time
            side = 0 if chunk.from_client else 1
            rest = chunk.data
            while rest:
                size = MSS if answered or chunk.from_client else LOGIN_ACCEPTED_SIZE
                answered |= not chunk.from_client
                segment(side, "PA", rest[:size])
                rest = rest[size:]
            if not chunk.data:
                segment(side, "FA")
            segment(1 - side, "A")

    def write(self, path: Path) -> None:
        """Write all frames as pcapng."""
        with PcapngWriter(path, "exchange") as writer:
            for at, frame in self._frames:
                writer.write(INBOUND, frame, EPOCH + at)

    def _add(self, source: Host, destination: Host, transport: Packet) -> None:
        ether = Ether(src=_STATION.format(1), dst=_STATION.format(2))
        self._frames.append((self.now, bytes(ether / IP(src=source.address, dst=destination.address) / transport)))


class Tap:
    """A feed line that is captured."""

    def __init__(self, capture: Capture, source: Host, group: Host) -> None:
        self._capture, self._source, self._group = capture, source, group

    def send(self, packet: bytes) -> None:
        self._capture.datagram(self._source, self._group, packet)

    def close(self) -> None:
        pass


Frame = dict[str, list[str]]
"""Values of the fields of one frame, in the order of their occurrence; without those that did not occur."""


def tshark(path: Path, decode_as: Sequence[str], fields: Sequence[str], *more: str) -> list[Frame]:
    """What tshark reads in each frame; ``decode_as`` like `udp.port==26401,moldudp64`."""
    command = ["tshark", "-r", str(path), "-T", "json"]
    for rule in decode_as:
        command += ("-d", rule)
    for setting in _SETTINGS:
        command += ("-o", f"{setting}:TRUE")
    for name in (*_FIELDS, *_CHECKSUMS, *fields):
        command += ("-e", name)
    output = subprocess.run([*command, *more], check=True, capture_output=True, timeout=60).stdout
    return [packet["_source"]["layers"] for packet in json.loads(output)]


def assert_sound(frames: Sequence[Frame]) -> None:
    """No frame is malformed, has a wrong checksum, or anything that tshark warns of."""
    assert frames
    for number, frame in enumerate(frames, 1):
        assert "_ws.malformed" not in frame, (number, frame)
        assert all(int(severity) < _WARNING for severity in frame.get("_ws.expert.severity", [])), (number, frame)
        assert all(set(frame.get(name, good)) == good for name, good in _CHECKSUMS.items()), (number, frame)


def column(frames: Sequence[Frame], name: str) -> list[str]:
    """All values of a field, frame by frame."""
    return [value for frame in frames for value in frame.get(name, [])]
