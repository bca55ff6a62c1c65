"""One TCP connection of the trader, however it is made."""

from __future__ import annotations

import cython

from hftapp.octets import Octets, Room


class Channel:
    """A byte stream each way. Never blocks.

    `established`: bytes can be sent. `closed`: why the connection is over, None while it is not; what was received
    before can still be read. `out`, `out_at`: where `reserve` made room. `data`, `start`: what has arrived in order.

    `laid`: what `foresee` was told stands in the room that `reserve` makes.
    """

    def __init__(self) -> None:
        self.established = False
        self.closed: str | None = None
        self.out_at = 0
        self.start = 0
        self.laid = False
        if not cython.compiled:  # a pointer to nothing otherwise
            self.out: Room = bytearray()
            self.data: Octets = b""

    def reserve(self, length: int, now: int) -> bool:
        """Make room for one message of `length` bytes at `out` from `out_at`.

        False when the connection is over, or (with `closed` None) when too much waits to be sent already. Between
        `reserve` and `commit` nothing else may be sent or received on the same wire.
        """
        raise NotImplementedError

    def foresee(self, _message: Octets, _length: int) -> int:
        """Expect that the next message begins as this one: where that can be laid out ahead of time, `laid` says so.

        Whoever calls keeps the message's memory as long as the channel, and resets `laid` when it writes another one.
        Returns 0.
        """
        return 0

    def commit(self, length: int, now: int) -> None:
        """Send what was written there, at once; `length` is not more than was reserved."""
        self.launch(length, now)
        self.keep(now)

    def launch(self, length: int, now: int) -> int:
        """The part of `commit` that an order waits for: it has left when this returns 0.

        Nothing else may be done with the wire until `keep` was called.
        """
        raise NotImplementedError

    def keep(self, _now: int) -> int:
        """The other part: keep what was sent until it is acknowledged. Returns 0."""
        return 0

    def send(self, data: bytes, now: int) -> None:
        """Queue bytes; raises ConnectionError when the connection is over. They leave with the wire's `tx`."""
        raise NotImplementedError

    def receive(self, now: int) -> int:
        """Return how many bytes can be read at `data` from `start`, until the wire's next `rx`."""
        raise NotImplementedError

    def consume(self, count: int) -> None:
        """Forget the first `count` of the bytes that can be read; raises ValueError when there are fewer."""
        raise NotImplementedError

    def read(self, now: int) -> bytes:
        """Return all bytes that can be read, and forget them; not for the path."""
        raise NotImplementedError

    def close(self, now: int) -> None:
        """Close in an orderly way, after what was queued."""
        raise NotImplementedError

    def abort(self) -> None:
        """Reset the connection at once."""
        raise NotImplementedError
