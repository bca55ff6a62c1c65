"""A trading server as a test plays it: its frames, and a connection to a collector."""

import socket
import time
from collections.abc import Callable
from typing import Any

from protocols.management import (
    CONTROL,
    JOURNAL,
    LIVE,
    VERSION,
    Ack,
    Decision,
    Frame,
    Frames,
    Hello,
    JournalRecord,
    ManagementMessage,
    State,
)

SESSION, JOURNAL_ID = 0x5E55_0000_0000_0001, 0x1057_0000_0000_0002
T = 1_700_000_000_000_000_000


def hello(session: int = SESSION, journal: int = JOURNAL_ID) -> bytes:
    message = Hello(
        version=VERSION, session=session, journal=journal, ticks_per_second=10**9, host="hft1", body=b'{"pid1_s":1.5}'
    )
    return Frame(CONTROL, 0, T, message).encode()


def state(number: int, text: str = "trading") -> bytes:
    return live(number, State(body=text.encode()))


def live(number: int, message: ManagementMessage) -> bytes:
    return Frame(LIVE, number, T + number, message).encode()


def record(number: int, body: bytes = b"\x4f", kind: int = 1, venue: int = 0) -> bytes:
    return Frame(JOURNAL, number, T + number, JournalRecord(kind=kind, venue=venue, body=body)).encode()


class Server:
    """One connection."""

    def __init__(self, address: tuple[str, int], greeting: bytes | None = None) -> None:
        self.socket = socket.create_connection(address, timeout=20)
        self.frames = Frames()
        self.got: list[ManagementMessage] = []
        self.send(hello() if greeting is None else greeting)

    def send(self, *data: bytes) -> None:
        self.socket.sendall(b"".join(data))

    def hear(self, wanted: Callable[[ManagementMessage], bool]) -> ManagementMessage:
        """The first message of the office that is wanted."""
        while True:
            for message in self.got:
                if wanted(message):
                    return message
            data = self.socket.recv(1 << 16)
            assert data, f"closed by the office after {self.got}"
            self.got += [found.message for found in self.frames.feed(data)]

    def acknowledged(self, stream: int, number: int) -> Ack:
        found = self.hear(lambda m: isinstance(m, Ack) and (m.stream, m.number) == (stream, number))
        assert isinstance(found, Ack)
        return found

    def closed(self) -> bool:
        """Whether the office closes the connection."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                if not self.socket.recv(1 << 16):
                    return True
            except ConnectionError:
                return True
        return False

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def decision(code: int = 0, reference: int = 0, **more: int) -> Decision:
    """A decision of the risk gate about AAPL."""
    numbers = ("strategy", "venue", "feed_venue", "replaces", "shares", "price", "sequence", "value", "limit", "burst")
    nothing: dict[str, Any] = dict.fromkeys((*numbers, "parsed", "booked", "decided", "passed", "rung"), 0)
    return Decision(code=code, reference=reference, cause="B", side="B", symbol="AAPL", **(nothing | more))
