"""The trader's view of the network: market data datagrams in, order sessions each way.

`NicWire` puts the trader's own stack on a NIC port and never enters the kernel's network code; `SocketWire`
(`hftapp.socket_wire`) uses ordinary sockets, for a developer's host without privileges.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Final

import cython

from hftapp.channel import Channel
from hftapp.clock import Clock
from hftapp.net.flows import Flows
from hftapp.net.stack import Stack
from hftapp.nic.port import BURST, Port
from hftapp.octets import Octets

if not cython.compiled:
    from hftapp.lean import borrowed
    from hftapp.net.checksum import bytes_at
    from hftapp.net.flows import known
    from hftapp.octets import be16

    def _stamp(wire: NicWire) -> int:
        """The raw counter of the wire's clock, inlined where it is compiled."""
        return wire._clock.ticks()


NEVER: Final = (1 << 63) - 1
_IPV4, _TCP = 0x0800, 6

Endpoint = tuple[IPv4Address, int]


class Wire:
    """Everything the trader exchanges with the outside.

    `count`: frames in the last burst, 1 where nobody knows; `ticks`: the clock's raw counter when the last burst with
    anything in it had been received. `lines`, `frames`, `starts` and `sizes`: the datagrams of the last burst, for
    whoever reads them all; `line`, `data`, `at` and `length` say the same. It is true until the next `rx`.
    `deadline`: when `tick` has something to do, ns.

    Datagram `i` is `sizes[i]` bytes from `starts[i]` of `frames[i]`, on line `lines[i]`.
    """

    def __init__(self) -> None:
        self.count = 0
        self.ticks = 0
        self.deadline = NEVER
        if not cython.compiled:  # C arrays otherwise
            self.lines = [0] * BURST
            self.frames: list[Octets] = [b""] * BURST
            self.starts = [0] * BURST
            self.sizes = [0] * BURST

    def rx(self, now: int) -> int:
        """Receive one burst; returns how many market data datagrams it holds, at most `BURST`.

        Order session bytes have gone to their channel.
        """
        raise NotImplementedError

    def settle(self, now: int) -> None:
        """Deal with what of the last burst could wait for the market data in it: segments of the order sessions."""

    def line(self, i: int) -> int:
        """The line of datagram `i`: the place of its group in the list that the wire was made with."""
        return self.lines[i]

    def data(self, i: int) -> Octets:
        """The memory that datagram `i` is in."""
        return self.frames[i]

    def at(self, i: int) -> int:
        """Where in `data` its payload begins."""
        return self.starts[i]

    def length(self, i: int) -> int:
        """How many bytes the payload has."""
        return self.sizes[i]

    def payload(self, i: int) -> bytes:
        """A copy of the payload of datagram `i`; not for the path."""
        return bytes_at(self.frames[i], self.starts[i], self.sizes[i])

    def connect(self, host: IPv4Address, port: int, now: int) -> Channel:
        """Start a TCP connection."""
        raise NotImplementedError

    def tick(self, now: int) -> None:
        """Do what is due by `now`."""

    def tx(self, now: int) -> None:
        """Put everything queued on the wire."""
        raise NotImplementedError

    def stats(self) -> dict[str, int]:
        """Counters by name."""
        raise NotImplementedError

    def close(self, now: int) -> None:
        """Say goodbye: leave the groups, close the connections."""
        raise NotImplementedError

    def release(self) -> None:
        """Give the NIC back, after `close`; a silent trader leaves that to the end of its process."""


@cython.final
@cython.cclass
class NicWire(Wire):
    """A port and the stack on it. `lines`: the multicast groups and ports of every line of every venue.

    `polled`: as `ticks`, but when the card was last asked.
    """

    def __init__(self, port: Port, stack: Stack, lines: Sequence[Endpoint], clock: Clock) -> None:
        super().__init__()
        for line, (group, number) in enumerate(lines):
            if stack.join(group, number) != line:
                raise ValueError(f"line {line}, {group}:{number}, is there twice, or the stack had joined before")
        self.port = port
        self._stack = stack
        self._counters = stack.counters
        self._flows = borrowed(stack.flows)  # the stack keeps it
        self._clock = clock
        self._tsc = clock.tsc
        self.polled = 0
        self._link = stack.link
        self._late_count = 0
        if not cython.compiled:  # a C array otherwise
            self._late = [0] * BURST
        self.tx(clock.now())

    def rx(self, now: int) -> int:
        """Receive one burst; frames that are not market data are dealt with in the stack.

        What the stack answers by itself (acknowledgements, ARP) leaves with `tick` or `tx`: after the orders that this
        burst leads to, and with them where they can share a segment. The time of everything in the burst is `now`, so
        that a turn of the loop has one time only. TCP segments are left to `settle`: no tick waits for them.
        """
        if self._late_count != 0:
            self.settle(now)
        self.polled = _stamp(self)
        count = self.port.rx_burst()
        self.count = count
        if count == 0:
            return 0
        self.ticks = _stamp(self)
        if count == 1:  # as for most ticks: what `_sort` would do
            flow = known(self._flows, self.port.frames[0], self.port.lengths[0])
            if flow >= 0:
                self._counters.received += 1
                self._counters.delivered += 1
                self.lines[0] = cython.cast(Flows, self._flows).lines[flow]
                self.frames[0] = self.port.frames[0]
                self.starts[0] = cython.cast(Flows, self._flows).start
                self.sizes[0] = cython.cast(Flows, self._flows).size
                return 1
        return self._sort(count, now)

    def _sort(self, count: int, now: int) -> int:
        """Find the datagrams among the frames of a burst; returns how many there are."""
        self._counters.received += count
        link = self._link
        found = 0
        late = 0
        for i in range(count):
            frame = self.port.frames[i]
            length = self.port.lengths[i]
            flow = known(self._flows, frame, length)
            if flow >= 0:
                self._counters.delivered += 1
                self.lines[found] = cython.cast(Flows, self._flows).lines[flow]
                self.frames[found] = frame
                self.starts[found] = cython.cast(Flows, self._flows).start
                self.sizes[found] = cython.cast(Flows, self._flows).size
                found += 1
                continue
            if length > link + 20 and be16(frame, link - 2) == _IPV4 and frame[link + 9] == _TCP:
                self._late[late] = i
                late += 1
                continue
            line = self._stack.on_rare_frame(frame, length, now)
            if line >= 0:
                self.lines[found] = line
                self.frames[found] = frame
                self.starts[found] = self._stack.payload_at
                self.sizes[found] = self._stack.payload_length
                found += 1
        self._late_count = late
        return found

    def settle(self, now: int) -> None:
        """Hand the segments of the last burst to the stack, in their order."""
        count = self._late_count
        self._late_count = 0
        for i in range(count):
            place = self._late[i]
            self._stack.on_rare_frame(self.port.frames[place], self.port.lengths[place], now)

    def connect(self, host: IPv4Address, port: int, now: int) -> Channel:
        """Start a TCP connection of the trader's own stack."""
        connection = self._stack.connect(host, port, now)
        self.tx(now)
        return connection

    def tx(self, now: int) -> None:
        """Put everything queued on the wire."""
        if self._late_count != 0:
            self.settle(now)
        self._stack.flush(now)
        self.deadline = self._stack.deadline

    def tick(self, now: int) -> None:
        """Let the stack do what is due."""
        if self._stack.deadline <= now:
            self._stack.tick(now)
        self.tx(now)

    def stats(self) -> dict[str, int]:
        """The port's totals, and every counter of the stack that is not zero (prefix `stack_`)."""
        found = dict(self.port.stats()._asdict())
        for name, value in self._stack.counters.as_dict().items():
            if value:
                found[f"stack_{name}"] = value
        return found

    def close(self, now: int) -> None:
        """Leave the groups and send what is queued."""
        self._stack.leave_all()
        self.tx(now)

    def release(self) -> None:
        """Close the port."""
        self.port.close()
