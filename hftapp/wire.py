"""The trader's view of the network: market data datagrams in, one order session each way.

`NicWire` puts the trader's own stack on a NIC port and never enters the kernel's network code; `SocketWire`
(`hftapp.socket_wire`) uses ordinary sockets, for a developer's host without privileges.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import Final, Protocol

from hftapp.net.stack import Stack
from hftapp.net.tcp import TcpConnection
from hftapp.net.tcp_types import TcpState
from hftapp.nic.port import Port

TIMERS_NS: Final = 1_000_000
"""How late a timer of the stack may be under constant traffic; the shortest one is far longer."""

Endpoint = tuple[IPv4Address, int]
Datagrams = Sequence[tuple[int, bytes]]
NOTHING: Datagrams = ()


class Channel(Protocol):
    """One TCP connection, however it is made. Never blocks."""

    @property
    def established(self) -> bool:
        """Whether bytes can be sent."""

    @property
    def closed(self) -> str | None:
        """Why the connection is over, None while it is not. What was received before can still be read."""

    def send(self, data: bytes, now: int) -> None:
        """Queue bytes; raises ConnectionError when the connection is over."""

    def receive(self, now: int) -> bytes:
        """Bytes that arrived since the last call, in order."""

    def close(self, now: int) -> None:
        """Close in an orderly way."""

    def abort(self) -> None:
        """Reset the connection at once."""


class Wire(Protocol):
    """Everything the trader exchanges with the outside. `stamp`: when the last non-empty burst was received, ns."""

    stamp: int

    def rx(self, now: int) -> Datagrams:
        """One burst: (line, payload) of the market data datagrams in it. Order session bytes go to their channel."""

    def connect(self, host: IPv4Address, port: int, now: int) -> Channel:
        """Start a TCP connection."""

    def tx(self, now: int) -> None:
        """Put everything queued on the wire."""

    def stats(self) -> dict[str, int]:
        """Counters by name."""

    def close(self, now: int) -> None:
        """Leave the groups and give the NIC or the sockets back."""


class NicChannel:
    """A connection of the trader's own TCP."""

    def __init__(self, connection: TcpConnection) -> None:
        self._connection = connection

    @property
    def established(self) -> bool:
        """Whether the handshake is done and neither side has closed."""
        return self._connection.state is TcpState.ESTABLISHED

    @property
    def closed(self) -> str | None:
        """The error, or that the peer closed."""
        connection = self._connection
        if connection.error is not None:
            return connection.error
        if connection.peer_closed or connection.state is TcpState.CLOSED:
            return "closed by the peer"
        return None

    def send(self, data: bytes, now: int) -> None:
        """Queue bytes; raises TcpError (a ConnectionError) when the connection is over."""
        self._connection.send(data, now)

    def receive(self, _now: int) -> bytes:
        """Bytes in order since the last call."""
        return self._connection.receive()

    def close(self, now: int) -> None:
        """Send a FIN after everything queued."""
        self._connection.close(now)

    def abort(self) -> None:
        """Send a RST."""
        self._connection.abort()


class NicWire:
    """A port and the stack on it. `lines`: the multicast groups of line A and B."""

    def __init__(self, port: Port, stack: Stack, lines: Sequence[Endpoint], clock: Callable[[], int]) -> None:
        self._port = port
        self._stack = stack
        self._clock = clock
        self._lines = {stack.join(group, number): line for line, (group, number) in enumerate(lines)}
        self._timers_at = 0
        self._answers = False
        self.stamp = 0
        self.tx(clock())

    def rx(self, now: int) -> Datagrams:
        """Receive one burst; frames that are not market data are dealt with in the stack.

        What the stack answers by itself (acknowledgements, ARP) leaves at the next call at the latest: after the orders
        that this burst leads to, and with them where they can share a segment.
        """
        if self._answers:
            self._answers = False
            self.tx(now)
        if now >= self._timers_at:
            self._timers(now)
        frames = self._port.rx_burst()
        stack = self._stack
        if not frames:
            self._timers(now)
            return NOTHING
        self._answers = True
        self.stamp = now = self._clock()
        lines = self._lines
        found = []
        for frame in frames:
            datagram = stack.on_frame(frame, now)
            if datagram is not None:
                found.append((lines[datagram.subscription], datagram.payload))
        return found

    def connect(self, host: IPv4Address, port: int, now: int) -> Channel:
        """Start a TCP connection of the trader's own stack."""
        connection = self._stack.connect(host, port, now)
        self.tx(now)
        return NicChannel(connection)

    def tx(self, _now: int) -> None:
        """Hand every queued frame to the port."""
        frames = self._stack.take_frames()
        if frames:
            self._port.tx_burst(frames)

    def _timers(self, now: int) -> None:
        """Let the stack do what is due. Between bursts: never between a datagram's arrival and the answer to it."""
        self._timers_at = now + TIMERS_NS
        deadline = self._stack.next_deadline()
        if deadline is not None and deadline <= now:
            self._stack.tick(now)
            self.tx(now)

    def stats(self) -> dict[str, int]:
        """The port's totals, and every counter of the stack that is not zero (prefix `stack_`)."""
        found = dict(self._port.stats()._asdict())
        for name, value in vars_of(self._stack.counters).items():
            if value:
                found[f"stack_{name}"] = value
        return found

    def close(self, now: int) -> None:
        """Leave the groups, send what is queued, close the port."""
        self._stack.leave_all()
        self.tx(now)
        self._port.close()


def vars_of(counters: object) -> dict[str, int]:
    """Integer attributes of a counters object, by name."""
    names = getattr(counters, "__slots__", None) or vars(counters)
    found = ((name, getattr(counters, name)) for name in names)
    return {name: value for name, value in found if isinstance(value, int)}
