"""The feed as it left the exchange, before any fault: read from the capture at the exchange's switch port."""

from dataclasses import dataclass, field
from pathlib import Path

from protocols import mold, pcap_read
from protocols.errors import ProtocolError
from protocols.frames import udp_datagram
from protocols.pcap_rotate import files
from qemu.plan import FEED_A, FEED_B, MOLD_DATA_PAYLOAD, Group

Span = tuple[int, int]
"""First and last sequence number."""


@dataclass(slots=True)
class SentFeed:
    """Packets with messages of both lines, in the order they were sent (the switch's rules count them so, from 1)."""

    lines: dict[Group, list[mold.Packet]] = field(default_factory=lambda: {FEED_A: [], FEED_B: []})

    def numbers(self, line: Group, positions: tuple[int, ...]) -> set[int]:
        """Sequence numbers that the packets at these positions (from 1) of a line carry."""
        packets = self.lines[line]
        chosen = (packets[position - 1] for position in positions if position <= len(packets))
        return {number for packet in chosen for number in range(packet.sequence, packet.next_sequence)}

    def messages(self) -> dict[int, bytes]:
        """Every message by its sequence number, whichever line it went out on."""
        packets = [packet for line in self.lines.values() for packet in line]
        return {packet.sequence + n: message for packet in packets for n, message in enumerate(packet.messages)}


def read_sent(capture: Path, damaged: list[str]) -> SentFeed | None:
    """Read the feed's packets from all files of a capture; None when there is none. A fault is named in `damaged`."""
    if not (found := files(capture)):
        return None
    sent = SentFeed()
    for part in found:
        try:
            with part.open("rb") as file:
                for _, link_type, frame in pcap_read.read(file):
                    _take(sent, link_type, frame)
        except (ProtocolError, OSError) as error:
            damaged.append(f"{part.name}: {error}")
    return sent


def spans(numbers: set[int]) -> list[Span]:
    """The numbers as ranges without holes, in order."""
    found: list[Span] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _take(sent: SentFeed, link_type: int, frame: bytes) -> None:
    datagram = udp_datagram(frame, link_type)
    if datagram is None or len(datagram.payload) < MOLD_DATA_PAYLOAD:
        return
    line = sent.lines.get(Group(datagram.destination, datagram.destination_port))
    if line is not None:
        packet = mold.decode(datagram.payload)
        if isinstance(packet, mold.Packet):
            line.append(packet)
