"""Known senders of datagrams to joined groups: what the stack has found right once is recognised by whole words.

Everything in front of a datagram that is the same each time is compared, both checksums are verified, and nothing else
is looked at. Whatever is not plainly right goes the long way, which says what is wrong with it. Compiled, `known` is
inlined from `flows.pxd`.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp.octets import Octets

if not cython.compiled:
    from hftapp.net.checksum import raw_sum
    from hftapp.nic.area import word32, word64
    from hftapp.octets import be16

FLOWS: Final = 16
"""Sender/group pairs that are recognised at a glance; of more, the latest."""
_FLOWS = FLOWS


@cython.final
@cython.cclass
class Flows:
    """Up to `FLOWS` pairs behind an Ethernet header of `link` bytes, 14 or 18 (then with the tag of `vlan`).

    `hosts` and `ports` are both addresses and both ports as they stand in the packet, read in this machine's byte
    order; `sums` those of the constant part of the UDP checksum; `lines` where the datagrams belong. `start`: where the
    payload begins in a frame; `size`: its bytes in the one that was `known` last.
    """

    def __init__(self, link: int, vlan: int) -> None:
        self.link = link
        self.start = link + 28
        self.size = 0
        self.count = 0
        self._vlan = vlan
        self._next = 0
        if not cython.compiled:  # C arrays otherwise
            self.lines = [0] * FLOWS
            self.hosts = [0] * FLOWS
            self.ports = [0] * FLOWS
            self.sums = [0] * FLOWS

    def learn(self, frame: bytes, start: int, line: int) -> None:
        """Recognise the sender of the datagram at `start` from now on; when the table is full the oldest makes room."""
        hosts, ports = word64(frame, start - 8), word32(frame, start)
        for i in range(self.count):
            if self.hosts[i] == hosts and self.ports[i] == ports:
                return
        self.hosts[self._next] = hosts
        self.ports[self._next] = ports
        self.sums[self._next] = raw_sum(frame, start - 8, 12, 17 * 256)  # addresses and ports, and the protocol
        self.lines[self._next] = line
        self.count = max(self.count, self._next + 1)
        self._next = (self._next + 1) % _FLOWS

    def forget(self) -> None:
        """Recognise nobody any more."""
        self.count = self._next = 0

    def tagged(self, frame: Octets) -> bool:
        """Say whether a frame of at least 18 bytes has our tag."""
        return be16(frame, 12) == 0x8100 and be16(frame, 14) & 0x0FFF == self._vlan


if not cython.compiled:

    def known(flows: Flows, frame: Octets, length: int) -> int:
        """Return the number of the flow that a received frame is a faultless datagram of, or -1.

        Its payload is `flows.size` bytes from `flows.start` on.
        """
        link = flows.link
        if length < link + 28 or word32(frame, link - 2) & 0xFFFFFF != 0x450008 or not frame[0] & 1:
            return -1
        if be16(frame, link + 6) & 0x3FFF or frame[link + 9] != 17 or (link != 14 and not flows.tagged(frame)):
            return -1
        hosts, ports, size = word64(frame, link + 12), word32(frame, link + 20), be16(frame, link + 24)
        if size < 8 or link + 20 + size > length or be16(frame, link + 2) != 20 + size:
            return -1
        for flow in range(flows.count):
            if flows.hosts[flow] == hosts and flows.ports[flow] == ports:
                fields = word32(frame, link + 24)
                total = flows.sums[flow] + fields + (fields & 0xFFFF)
                right = fields >> 16 == 0 or raw_sum(frame, link + 28, size - 8, total) % 0xFFFF == 0
                if not right or raw_sum(frame, link, 20, 0) % 0xFFFF != 0:
                    return -1
                flows.size = size - 8
                return flow
        return -1
