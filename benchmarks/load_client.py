"""Order-entry clients that send as much as they are told and count every reply: SoupBinTCP and OUCH 5.0 by hand.

Hand-written bytes, because the load must cost less than what it is meant to load. One object per connection.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field

_ENTER = struct.Struct(">HcBIcI8sQ5s14sH")
_RECEIVE = 1 << 18
_HEARTBEAT = b"\x00\x01R"
ACCEPTED, EXECUTED, REJECTED, CANCELED, SYSTEM = b"AEJCS"


@dataclass
class Replies:
    """What one client was told. ``lost`` counts gaps in the UserRefNums of its accepted orders."""

    accepted: int = 0
    executions: int = 0
    executed_shares: int = 0
    rejected: int = 0
    canceled: int = 0
    other: int = 0
    lost: int = 0
    heartbeats: int = 0
    errors: list[str] = field(default_factory=list)


class LoadClient:
    """One login. ``symbol`` and ``price`` (price4) are those of all its orders, in pairs of a buy and a sell."""

    def __init__(self, address: tuple[str, int], user: str, password: str, symbol: str, price: int) -> None:
        self.replies = Replies()
        self.sent = 0
        self.closed = False
        self.waiting: list[tuple[int, int]] = []
        self.latencies: list[int] = []
        self._symbol = symbol.encode().ljust(8)
        self._price = price
        self._next = 1
        self._expected = 1
        self._input = bytearray()
        self._output = bytearray()
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        login = f"{user:<6}{password:<10}{'':<10}{'0':>20}".encode()
        self.socket.sendall(struct.pack(">Hc", 47, b"L") + login)
        answer = self._read_exactly(33)
        if answer[2:3] != b"A":
            raise ConnectionError(f"login of {user} was answered with {answer[:4]!r}")
        self.socket.setblocking(False)

    def fileno(self) -> int:
        """The socket's."""
        return self.socket.fileno()

    def send_batch(self, orders: int, now: int) -> None:
        """Pipeline ``orders`` (an even number) enter requests of 100 shares; half buy, half sell."""
        pack, symbol, price = _ENTER.pack, self._symbol, self._price
        first = self._next
        self._output += b"".join(
            [
                pack(48, b"U", 79, ref, b"S" if ref & 1 else b"B", 100, symbol, price, b"0YPNN", b"LOAD          ", 0)
                for ref in range(first, first + orders)
            ]
        )
        self._next = first + orders
        self.sent += orders
        self.waiting.append((first + orders - 1, now))
        self.flush()

    def flush(self) -> None:
        """Write what the socket takes."""
        try:
            del self._output[: self.socket.send(self._output)]
        except BlockingIOError:
            pass

    def heartbeat(self) -> None:
        """Keep the session alive while nothing else is sent."""
        self._output += _HEARTBEAT
        self.flush()

    def receive(self, now: int) -> None:
        """Read and count what came."""
        try:
            data = self.socket.recv(_RECEIVE)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(str(error))
            return
        if not data:
            self._fail("closed by the exchange")
            return
        self._input += data
        self._parse(now)

    @property
    def pending(self) -> bool:
        """Whether there is something left to write."""
        return bool(self._output)

    def _fail(self, reason: str) -> None:
        self.replies.errors.append(reason)
        self.closed = True

    def _parse(self, now: int) -> None:
        data, replies = self._input, self.replies
        at, size = 0, len(data)
        while at + 3 <= size:
            end = at + 2 + (data[at] << 8 | data[at + 1])
            if end > size:
                break
            if data[at + 2] != 83:
                replies.heartbeats += 1
            else:
                kind = data[at + 3]
                if kind == ACCEPTED:
                    self._accepted(int.from_bytes(data[at + 12 : at + 16], "big"), now)
                elif kind == EXECUTED:
                    replies.executions += 1
                    replies.executed_shares += int.from_bytes(data[at + 16 : at + 20], "big")
                elif kind == REJECTED:
                    replies.rejected += 1
                elif kind == CANCELED:
                    replies.canceled += 1
                elif kind != SYSTEM:
                    replies.other += 1
            at = end
        del data[:at]

    def _accepted(self, ref: int, now: int) -> None:
        self.replies.accepted += 1
        if ref != self._expected:
            self.replies.lost += abs(ref - self._expected)
        self._expected = ref + 1
        if self.waiting and ref >= self.waiting[0][0]:
            self.latencies.append(now - self.waiting.pop(0)[1])

    def _read_exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError(f"the exchange closed the connection after {data!r}")
            data += piece
        return data
