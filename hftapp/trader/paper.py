"""A wire for recorded market data: whoever plays it puts the datagrams in, and orders go to an exchange on paper."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final

import cython

from hftapp.channel import Channel
from hftapp.clock import Clock
from hftapp.octets import Octets, Room
from hftapp.trader.paper_exchange import PaperExchange
from hftapp.wire import Wire

if not cython.compiled:
    from hftapp.nic.area import base

STAGING: Final = 4096
"""Bytes of the longest message that `reserve` makes room for."""
ROOM: Final = 1 << 16
"""Bytes of answers that wait for the trader at most, and of a datagram."""
BURST: Final = 32

_ROOM = ROOM


class PaperChannel(Channel):
    """A connection to a paper exchange: what is sent is answered in the wire's next `rx`."""

    def __init__(self, answer: Callable[[bytes, int], tuple[bytes, bool]]) -> None:
        super().__init__()
        self.established = True
        self._answer = answer
        self._sent = b""
        self._staging = bytearray(STAGING)
        self.out: Room = base(self._staging)
        self._store = bytearray(ROOM)
        self.data: Octets = base(self._store)
        self._end = 0

    def poll(self, now: int) -> None:
        """Let the exchange hear and answer."""
        if self.closed is not None:
            return
        sent = self._sent
        self._sent = b""
        answer, last = self._answer(sent, now)
        if self.start > 0:
            rest = bytes(self._store[self.start : self._end])
            self._store[: len(rest)] = rest
            self.start = 0
            self._end = len(rest)
        if self._end + len(answer) > ROOM:
            self.closed = "the trader does not read its answers"
            return
        self._store[self._end : self._end + len(answer)] = answer
        self._end += len(answer)
        if last:
            self.closed = "closed by the exchange"

    def reserve(self, length: int, _now: int) -> bool:
        """Make room for one message; False when the connection is over."""
        if not 0 < length <= STAGING:
            raise ValueError(f"cannot reserve {length} bytes: a message has 1 to {STAGING}")
        return self.closed is None

    def launch(self, length: int, now: int) -> int:
        """Send it; raises ConnectionError when the connection is over."""
        self.send(bytes(self._staging[:length]), now)
        return 0

    def send(self, data: bytes, _now: int) -> None:
        """Send; raises ConnectionError when the connection is over."""
        if self.closed is not None:
            raise ConnectionError(self.closed)
        self._sent += data

    def receive(self, _now: int) -> int:
        """How many bytes can be read."""
        return self._end - self.start

    def consume(self, count: int) -> None:
        """Forget bytes that were read; raises ValueError when there are fewer."""
        if not 0 <= count <= self._end - self.start:
            raise ValueError(f"cannot consume {count} bytes: {self._end - self.start} can be read")
        self.start += count

    def read(self, _now: int) -> bytes:
        """Return all bytes that can be read, and forget them."""
        data = bytes(self._store[self.start : self._end])
        self.start = self._end
        return data

    def close(self, _now: int) -> None:
        """Close."""
        self.abort()

    def abort(self) -> None:
        """Close at once."""
        if self.closed is None:
            self.closed = "closed here"
        self.established = False


class PaperWire(Wire):
    """Datagrams that somebody puts in, and paper exchanges by the endpoint of their order entry."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.exchanges: dict[tuple[IPv4Address, int], PaperExchange] = {}
        self._clock = clock
        self._channels: list[PaperChannel] = []
        self._store = bytearray(BURST * ROOM)
        self._memory: Octets = base(self._store)
        self._waiting: list[tuple[int, bytes]] = []
        self._packets = 0

    def put(self, line: int, payload: bytes) -> None:
        """A datagram on a line arrives with the next `rx`. Raises ValueError for more than 32 at a time."""
        if len(self._waiting) == BURST:
            raise ValueError(f"a burst has at most {BURST} datagrams")
        self._waiting.append((line, payload))

    def rx(self, now: int) -> int:
        """What was put in; exchanges answer what they were sent."""
        for channel in self._channels:
            channel.poll(now)
        found = 0
        for line, payload in self._waiting:
            at = found * _ROOM
            size = len(payload)
            self._store[at : at + size] = payload
            self.lines[found] = line
            self.frames[found] = self._memory
            self.starts[found] = at
            self.sizes[found] = size
            found += 1
        self._waiting = []
        self._packets += found
        self.count = 1
        self.ticks = self._clock.ticks()
        return found

    def connect(self, host: IPv4Address, port: int, now: int) -> Channel:
        """Connect to the paper exchange there."""
        exchange = self.exchanges.setdefault((host, port), PaperExchange())
        exchange.connect(now)
        channel = PaperChannel(exchange.take)
        self._channels = [known for known in self._channels if known.closed is None] + [channel]
        return channel

    def tx(self, _now: int) -> None:
        """Nothing waits."""

    def stats(self) -> dict[str, int]:
        """Datagrams received."""
        return {"rx_frames": self._packets}

    def close(self, now: int) -> None:
        """Close every connection."""
        for channel in self._channels:
            channel.close(now)
