"""ARP for IPv4 over Ethernet (RFC 826): cache, requests with retry, replies, conflict counting.

Decisions that the RFC leaves open:

* A neighbour that we talk to is never forgotten because it was silent: at the end of its lifetime it is asked
  again by broadcast and the known address stays in use meanwhile. A trader does not stop for a lost ARP reply.
* Neighbours that only talk to us are remembered while there is room, so a flood of requests costs nothing.
"""

import struct
from typing import Final, NamedTuple

from hftapp.net import ethernet
from hftapp.net.counters import StackCounters

REQUEST: Final = 1
REPLY: Final = 2
PACKET_SIZE: Final = 28
SECOND: Final = 1_000_000_000
RETRY: Final = SECOND
"""At most one request a second for one address (RFC 1122 §2.3.2.1)."""
TRIES: Final = 5
LIFETIME: Final = 60 * SECOND
MAX_ENTRIES: Final = 64
MAX_QUEUED: Final = 256
"""Frames in `out` that nobody fetched."""
NEVER: Final = (1 << 63) - 1

_PACKET = struct.Struct("!HHBBH6sI6sI")
_ETHERNET_IPV4: Final = (1, ethernet.IPV4, 6, 4)
_NO_MAC: Final = bytes(6)


class ArpPacket(NamedTuple):
    """An ARP packet for IPv4 over Ethernet; addresses as 6 bytes and as integers."""

    operation: int
    sender_mac: bytes
    sender: int
    target_mac: bytes
    target: int

    def encode(self) -> bytes:
        """Return the 28 bytes of the packet."""
        return _PACKET.pack(*_ETHERNET_IPV4, *self)


def decode(frame: bytes, offset: int) -> ArpPacket | None:
    """Return the packet at `offset`, None when it is cut short, not IPv4 over Ethernet, or sent by no station."""
    if len(frame) < offset + PACKET_SIZE:
        return None
    values = _PACKET.unpack_from(frame, offset)
    packet = ArpPacket(*values[4:])
    if values[:4] != _ETHERNET_IPV4 or packet.operation not in (REQUEST, REPLY):
        return None
    if packet.sender_mac[0] & 1 or packet.sender_mac == _NO_MAC:
        return None
    return packet


class _Entry:
    """One neighbour: `mac` is empty while unknown, `deadline` is the next request or the end of the lifetime."""

    __slots__ = ("deadline", "mac", "tries", "wanted")

    def __init__(self, mac: bytes, deadline: int, wanted: bool) -> None:
        self.mac = mac
        self.deadline = deadline
        self.wanted = wanted
        self.tries = 0


class ArpTable:
    """Who has which address. Frames to send gather in `out`; times are nanoseconds."""

    def __init__(self, mac: bytes, address: int, counters: StackCounters, vlan: int = 0) -> None:
        self.out: list[bytes] = []
        self._mac = mac
        self._address = address
        self._counters = counters
        self._vlan = vlan
        self._entries: dict[int, _Entry] = {}

    def resolve(self, address: int, now: int) -> bytes | None:
        """Return the Ethernet address of a neighbour; when unknown, None and ask for it."""
        entry = self._entries.get(address)
        if entry is None:
            self._make_room()
            entry = self._entries[address] = _Entry(b"", now, True)
            self._request(address, entry, now)
        entry.wanted = True
        return entry.mac or None

    def on_frame(self, frame: bytes, offset: int, now: int) -> int:
        """Handle a received ARP packet; return the address that became known or changed, 0 when none did."""
        packet = decode(frame, offset)
        if packet is None:
            self._counters.malformed_arp += 1
            return 0
        if packet.sender == self._address:
            if packet.sender_mac != self._mac:
                self._counters.arp_conflicts += 1
            return 0
        for_us = packet.target == self._address
        learned = self._learn(packet, now, for_us) if packet.sender else 0
        if for_us and packet.operation == REQUEST:
            self._counters.arp_replies += 1
            self._send(packet.sender_mac, REPLY, packet.sender_mac, packet.sender)
        elif not for_us and not learned:
            self._counters.arp_ignored += 1
        return learned

    def tick(self, now: int) -> list[int]:
        """Ask again for what is due; return the addresses given up."""
        failed: list[int] = []
        for address, entry in list(self._entries.items()):
            if entry.deadline > now:
                continue
            if not entry.wanted or (entry.tries >= TRIES and not entry.mac):
                del self._entries[address]
                if entry.wanted:
                    failed.append(address)
            elif entry.tries >= TRIES:
                entry.tries = 0
                entry.deadline = now + LIFETIME
            else:
                self._request(address, entry, now)
        return failed

    @property
    def deadline(self) -> int:
        """When `tick` next has something to do."""
        return min((entry.deadline for entry in self._entries.values()), default=NEVER)

    def announce(self) -> None:
        """Queue a gratuitous request (RFC 5227 §2.3): switches learn where we are, stale caches are corrected."""
        self._send(ethernet.BROADCAST, REQUEST, _NO_MAC, self._address)

    def _learn(self, packet: ArpPacket, now: int, for_us: bool) -> int:
        entry = self._entries.get(packet.sender)
        if entry is None:
            if not for_us or len(self._entries) >= MAX_ENTRIES:
                return 0
            self._entries[packet.sender] = _Entry(packet.sender_mac, now + LIFETIME, False)
            return packet.sender
        changed = entry.mac != packet.sender_mac
        entry.mac = packet.sender_mac
        entry.tries = 0
        entry.deadline = now + LIFETIME
        return packet.sender if changed else 0

    def _make_room(self) -> None:
        if len(self._entries) >= MAX_ENTRIES:
            for address, entry in self._entries.items():
                if not entry.wanted:
                    del self._entries[address]
                    return

    def _request(self, address: int, entry: _Entry, now: int) -> None:
        entry.tries += 1
        entry.deadline = now + RETRY
        self._counters.arp_requests += 1
        self._send(ethernet.BROADCAST, REQUEST, _NO_MAC, address)

    def _send(self, destination: bytes, operation: int, target_mac: bytes, target: int) -> None:
        if len(self.out) >= MAX_QUEUED:
            self._counters.tx_overflow += 1
            return
        packet = ArpPacket(operation, self._mac, self._address, target_mac, target)
        self.out.append(ethernet.header(destination, self._mac, ethernet.ARP, self._vlan) + packet.encode())
