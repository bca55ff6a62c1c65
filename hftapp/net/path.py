"""The headers in front of a connection's segments, built once: what differs from segment to segment is patched.

Ethernet, IPv4 and the ports never change while the next hop stays where it is. The IPv4 checksum follows from that of
the template and the length (RFC 1624), the TCP checksum from the sum of what is constant and of the words written.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp.net import ipv4
from hftapp.net.checksum import pseudo_header_sum, word_sum
from hftapp.net.outbox import Outbox
from hftapp.nic.port import ROOM
from hftapp.octets import Room

if not cython.compiled:
    from hftapp.net.checksum import bytes_at, checksum, ones_sum
    from hftapp.octets import copy, put16, put32, put64

TEMPLATE: Final = 64
"""Bytes copied in front of every segment: more than the longest headers have, and a size that is cheap to copy."""
MAX_WAITING: Final = 16
"""Segments kept while ARP asks for the next hop."""


class Path:
    """The way from one local to one remote (address, port), all integers; `link` bytes of Ethernet header, 14 or 18.

    `hosts` and `ports`: both addresses and both ports, the remote one first, as they stand in a received packet.
    `size`: bytes in front of the TCP header; `head`: the template, with the `length` of the last order; `total`: the
    sum of everything in the TCP header and the pseudo-header that is the same in every segment; `sum`: the same with
    that length, as a `raw_sum`; `number`: how the path is called in the outbox. `resolved`: the next hop's Ethernet
    address is known; before, packets wait in `waiting`, the latest ones at most.
    """

    def __init__(
        self, outbox: Outbox, link: int, next_hop: int, local: int, local_port: int, remote: int, remote_port: int
    ) -> None:
        head = ipv4.header(local, remote, ipv4.TCP, 0)
        self.outbox = outbox
        self.next_hop = next_hop
        self.hosts = remote << 32 | local
        self.ports = remote_port << 16 | local_port
        self.resolved = False
        self.waiting: list[bytes] = []
        self.size = link + ipv4.HEADER_SIZE
        self._link = link
        self._ip_sum = word_sum(head[:2] + head[4:10] + head[12:])
        self.total = pseudo_header_sum(local, remote, ipv4.TCP) + local_port + remote_port + 20
        ports = local_port.to_bytes(2, "big") + remote_port.to_bytes(2, "big")
        self._template = bytearray((bytes(link) + head + ports).ljust(TEMPLATE, b"\0"))
        self.length = -1
        self.sum = 0
        self.number = self.outbox.number()
        self._aside = bytearray(ROOM)
        self.head: Room = self._template
        self._spare: Room = self._aside

    def resolve(self, link: bytes) -> None:
        """Take the Ethernet header that leads to the next hop, and send what waited for it."""
        self.outbox.laid_out = 0
        self._template[: self._link] = link
        self.resolved = True
        waiting, self.waiting = self.waiting, []
        for packet in waiting:
            self.outbox.put(link + packet)

    def give_up(self) -> None:
        """Forget what waits: nobody has the next hop's address."""
        self.outbox.counters.arp_unresolved += len(self.waiting)
        self.waiting = []

    def room(self) -> Room:
        """Return memory with the headers in it; options and data go to `size` + 20."""
        room = self._spare
        if self.resolved:
            room = self.outbox.port.room()
        copy(room, 0, self.head, 0, 64)
        self.outbox.laid_out = 0
        return room

    def lay_out(self) -> None:
        """Put the headers into the port's room, for a segment that will be built there."""
        copy(self.outbox.port.room(), 0, self.head, 0, 64)
        self.outbox.laid_out = self.number

    def send(self, room: Room, sequence: int, acknowledgement: int, flags: int, window: int, length: int) -> None:
        """Complete and queue the segment with `length` bytes of options and data that was built in `room`."""
        size = self.seal(room, sequence, acknowledgement, flags, window, length)
        if self.resolved:
            self.outbox.queue(size)
        else:
            self._keep(length)

    def seal(self, room: Room, sequence: int, acknowledgement: int, flags: int, window: int, length: int) -> int:
        """Complete a segment without sending it; returns the bytes of the frame.

        `flags` are the 16 bits with the data offset in front.
        """
        at = self.size
        put16(room, at - 18, 40 + length)
        put16(room, at - 10, checksum(self._ip_sum + 40 + length))
        put64(room, at + 4, sequence << 32 | acknowledgement)
        put32(room, at + 12, flags << 16 | window)
        total = self.total + length + sequence + acknowledgement + flags + window
        put16(room, at + 16, checksum(total + ones_sum(room, at + 20, length)))
        return at + 20 + length

    def fit(self, room: Room, length: int) -> None:
        """Write the length and what follows from it into the template and a room: orders have one length."""
        at = self.size
        self.length = length
        put16(self.head, at - 18, 40 + length)
        put16(self.head, at - 10, checksum(self._ip_sum + 40 + length))
        copy(room, at - 18, self.head, at - 18, 10)
        total = (self.total + length) % 0xFFFF
        self.sum = total >> 8 | (total & 0xFF) << 8

    def _keep(self, length: int) -> None:
        if len(self.waiting) >= MAX_WAITING:
            self.outbox.counters.arp_unresolved += 1
            del self.waiting[0]
        self.waiting.append(bytes_at(self._spare, self._link, 40 + length))
