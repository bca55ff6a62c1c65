"""An order-entry client written by hand from the specifications: SoupBinTCP 3.00 and OUCH 5.0.

It shares no code with the exchange: requests are packed field by field, and answers are read with the layouts below,
which were copied from the tables of OUCH 5.0 §5.3.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any

NOW = 34_200_000_000_000
"""When clients send, in ns of the day."""


def enter(
    ref: int,
    side: str = "B",
    quantity: int = 100,
    symbol: str = "AAPL",
    price: int = 1_500_000,
    *,
    tif: str = "0",
    display: str = "Y",
    capacity: str = "P",
    iso: str = "N",
    cross: str = "N",
    cl_ord_id: bytes = b"ID            ",
    options: bytes = b"",
) -> bytes:
    flags = f"{tif}{display}{capacity}{iso}{cross}".encode()
    fixed = struct.pack(
        ">cIcI8sQ5s14s", b"O", ref, side.encode(), quantity, symbol.encode("latin-1").ljust(8), price, flags, cl_ord_id
    )
    return fixed + struct.pack(">H", len(options)) + options


def replace(
    old: int, ref: int, quantity: int = 100, price: int = 1_500_000, flags: bytes = b"0YN", options: bytes = b""
) -> bytes:
    return struct.pack(">cIIIQ3s14sH", b"U", old, ref, quantity, price, flags, b"RE".ljust(14), len(options)) + options


def cancel(ref: int, quantity: int = 0, options: bytes | None = None) -> bytes:
    return struct.pack(">cII", b"X", ref, quantity) + appendage(options)


def modify(ref: int, side: str, quantity: int, options: bytes | None = None) -> bytes:
    return struct.pack(">cIcI", b"M", ref, side.encode(), quantity) + appendage(options)


def query(options: bytes | None = None) -> bytes:
    return b"Q" + appendage(options)


def appendage(options: bytes | None) -> bytes:
    """What messages may leave out: None leaves out even the length."""
    return b"" if options is None else struct.pack(">H", len(options)) + options


def firm_request(kind: str, ref: int, firm: str = "", symbol: str = "", options: bytes = b"") -> bytes:
    tail = symbol.encode().ljust(8) if kind == "C" else b""
    fixed = struct.pack(">cI4s", kind.encode(), ref, firm.encode().ljust(4)) + tail
    return fixed + struct.pack(">H", len(options)) + options


def option(tag: int, value: bytes) -> bytes:
    return bytes((1 + len(value), tag)) + value


def kinds(messages: list[bytes]) -> str:
    return "".join(chr(message[0]) for message in messages)


def number(message: bytes, offset: int, size: int) -> int:
    return int.from_bytes(message[offset : offset + size], "big")


# Out: struct layout, names, and whether there is an Appendage Length: always, only with options, never.
ALWAYS, WITH_OPTIONS, NEVER = "always", "with options", "never"
_TERMS = "side shares symbol price tif display reference capacity iso cross state id"
LAYOUTS: dict[bytes, tuple[str, str, str]] = {
    b"S": (">cQc", "kind time event", NEVER),
    b"A": (">cQIcI8sQccQcccc14s", f"kind time ref {_TERMS}", ALWAYS),
    b"U": (">cQIIcI8sQccQcccc14s", f"kind time old ref {_TERMS}", ALWAYS),
    b"C": (">cQIIc", "kind time ref shares reason", WITH_OPTIONS),
    b"D": (">cQIIcIQcc", "kind time ref shares reason prevented price flag strategy", WITH_OPTIONS),
    b"E": (">cQIIQcQ", "kind time ref shares price flag match", ALWAYS),
    b"B": (">cQIQc14s", "kind time ref match reason id", WITH_OPTIONS),
    b"J": (">cQIH14s", "kind time ref code id", WITH_OPTIONS),
    b"P": (">cQI", "kind time ref", WITH_OPTIONS),
    b"I": (">cQI", "kind time ref", WITH_OPTIONS),
    b"T": (">cQIQcQ", "kind time ref price display reference", WITH_OPTIONS),
    b"M": (">cQIcI", "kind time ref side shares", WITH_OPTIONS),
    b"R": (">cQIc", "kind time ref reason", ALWAYS),
    b"X": (">cQI4s8s", "kind time ref firm symbol", ALWAYS),
    b"G": (">cQI4s", "kind time ref firm", ALWAYS),
    b"K": (">cQI4s", "kind time ref firm", ALWAYS),
    b"Q": (">cQI", "kind time next", WITH_OPTIONS),
}
SEEN_IN: set[str] = set()
"""Types of the requests that any client here has sent."""
SEEN_OUT: set[str] = set()
"""Types of the answers that any client here has read."""


def read(message: bytes) -> dict[str, Any]:
    """The fields of an answer by name, text without its padding; ``options`` are its options by tag."""
    layout, names, form = LAYOUTS[message[:1]]
    size = struct.calcsize(layout)
    values = struct.unpack(layout, message[:size])
    fields: dict[str, Any] = {
        name: value.decode("ascii").rstrip(" ") if isinstance(value, bytes) else value
        for name, value in zip(names.split(), values, strict=True)
    }
    rest = message[size:]
    fields["options"] = {}
    assert rest or form != ALWAYS, f"{message!r} lacks its Appendage Length"
    assert not rest or form != NEVER, f"{message!r} has an appendage"
    if rest:
        (length,) = struct.unpack(">H", rest[:2])
        assert length == len(rest) - 2
        assert length or form == ALWAYS, f"{message!r} has an empty appendage, which the 2023 form does not know"
        fields["options"] = _options(rest[2:])
    SEEN_OUT.add(fields["kind"])
    return fields


def _options(data: bytes) -> dict[int, bytes]:
    options = {}
    while data:
        length, tag = data[0], data[1]
        assert 1 <= length < len(data) + 1
        options[tag] = data[2 : 1 + length]
        data = data[1 + length :]
    return options


def packet(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">H", 1 + len(payload)) + kind + payload


def login(user: str, password: str, session: str = "", sequence: int = 1) -> bytes:
    return packet(b"L", f"{user:6}{password:10}{session:10}{sequence:>20}".encode())


class WireClient:
    """One TCP connection to an order-entry port (or a drop copy)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> WireClient:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def log_in(self, user: str, password: str, sequence: int = 1) -> bytes:
        """Log in; returns the session and sequence number that the server names."""
        self.writer.write(login(user, password, sequence=sequence))
        kind, payload = await self.packet()
        assert kind == b"A", payload
        return payload

    def write(self, *requests: bytes) -> None:
        """Send requests, all in one piece."""
        SEEN_IN.update(chr(request[0]) for request in requests)
        self.writer.write(b"".join(packet(b"U", request) for request in requests))

    async def packet(self) -> tuple[bytes, bytes]:
        """The next packet's type and payload; heartbeats are passed over."""
        while True:
            head = await asyncio.wait_for(self.reader.readexactly(3), 10)
            payload = await self.reader.readexactly(int.from_bytes(head[:2], "big") - 1)
            if head[2:] != b"H":
                return head[2:], payload

    async def take(self, kinds: str) -> list[dict[str, Any]]:
        """The next answers, which must be of these types."""
        answers = []
        for _ in kinds:
            kind, payload = await self.packet()
            assert kind == b"S", (kind, payload)
            answers.append(read(payload))
        assert "".join(answer["kind"] for answer in answers) == kinds, answers
        return answers

    async def ask(self, request: bytes, kinds: str) -> list[dict[str, Any]]:
        """Send a request and take its answers. That there are no more, the next call finds out."""
        self.write(request)
        return await self.take(kinds)

    async def closed(self) -> bytes:
        """What comes until the server closes."""
        try:
            return await asyncio.wait_for(self.reader.read(), 10)
        except ConnectionResetError:
            return b""

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass
