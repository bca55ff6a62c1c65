"""ITCH 5.0 order messages written field by field into a buffer, without making an object of each.

The messages that a matching engine sends all day (PROTOCOLS §4.2: `A F E C X D U P`) have a method each; any other is
encoded by `protocols.itch50` and goes through `publish`. Where the bytes go is the subclass's business: the live feed
(`market_data.Publisher`) or a snapshot (`glimpse_snapshot.SnapshotWriter`).

Units: ``time`` ns since midnight (48 bits), ``price`` price4, ``shares`` whole shares; ``stock`` is 8 bytes and
``mpid`` 4 bytes, padded with spaces. Numbers must fit their fields: they come from the engine, not from a client.
The tracking number is 0: it is opaque to receivers (ITCH 5.0 §4.2).
"""

from __future__ import annotations

_A, _C, _D, _E, _F, _P, _U, _X = b"ACDEFPUX"
_BUY, _SELL = b"BS"


def put_u32(buffer: bytearray, at: int, value: int) -> None:
    """Write the low 4 bytes of a number, big-endian."""
    buffer[at] = value >> 24 & 0xFF
    buffer[at + 1] = value >> 16 & 0xFF
    buffer[at + 2] = value >> 8 & 0xFF
    buffer[at + 3] = value & 0xFF


def put_u64(buffer: bytearray, at: int, value: int) -> None:
    """Write 8 bytes, big-endian."""
    put_u32(buffer, at, value >> 32)
    put_u32(buffer, at + 4, value)


def put_text(buffer: bytearray, at: int, text: bytes, size: int) -> None:
    """Copy a padded text field; ValueError when it is not padded to ``size`` bytes."""
    if len(text) != size:
        raise ValueError(f"{text!r} has {len(text)} bytes: pad it to {size} with spaces")
    for i in range(size):
        buffer[at + i] = text[i]


class ItchWriter:
    """Takes ITCH messages one by one; subclasses say where they go (`_begin`)."""

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer

    def _begin(self, code: int, length: int) -> int:
        """Make room for a message of ``length`` bytes and type ``code``; returns its place in ``_buffer``."""
        raise NotImplementedError

    def publish(self, message: bytes) -> None:
        """Write a message that is encoded already."""
        length = len(message)
        at = self._begin(message[0] if length else 0, length)
        self._buffer[at : at + length] = message

    def add_order(self, locate: int, time: int, ref: int, buy: bool, shares: int, stock: bytes, price: int) -> None:
        """Write `A`: a displayed order enters the book."""
        self._add(self._head(_A, 36, locate, time, ref), buy, shares, stock, price)

    def add_attributed(
        self, locate: int, time: int, ref: int, buy: bool, shares: int, stock: bytes, price: int, mpid: bytes
    ) -> None:
        """Write `F`: a displayed order enters the book under its participant's name."""
        at = self._head(_F, 40, locate, time, ref)
        buffer = self._buffer
        self._add(at, buy, shares, stock, price)
        put_text(buffer, at + 36, mpid, 4)

    def executed(self, locate: int, time: int, ref: int, shares: int, match: int) -> None:
        """Write `E`: shares of a displayed order were executed at its price."""
        at = self._head(_E, 31, locate, time, ref)
        buffer = self._buffer
        put_u32(buffer, at + 19, shares)
        put_u64(buffer, at + 23, match)

    def executed_with_price(
        self, locate: int, time: int, ref: int, shares: int, match: int, printable: bool, price: int
    ) -> None:
        """Write `C`: shares of a displayed order were executed at another price."""
        at = self._head(_C, 36, locate, time, ref)
        buffer = self._buffer
        put_u32(buffer, at + 19, shares)
        put_u64(buffer, at + 23, match)
        buffer[at + 31] = 89 if printable else 78  # Y, N
        put_u32(buffer, at + 32, price)

    def cancelled(self, locate: int, time: int, ref: int, shares: int) -> None:
        """Write `X`: ``shares`` of a displayed order were cancelled; the rest stays."""
        at = self._head(_X, 23, locate, time, ref)
        put_u32(self._buffer, at + 19, shares)

    def deleted(self, locate: int, time: int, ref: int) -> None:
        """Write `D`: a displayed order is gone."""
        self._head(_D, 19, locate, time, ref)

    def replaced(self, locate: int, time: int, old: int, new: int, shares: int, price: int) -> None:
        """Write `U`: order ``old`` gives way to ``new`` at the back of the queue."""
        at = self._head(_U, 35, locate, time, old)
        buffer = self._buffer
        put_u64(buffer, at + 19, new)
        put_u32(buffer, at + 27, shares)
        put_u32(buffer, at + 31, price)

    def trade(
        self, locate: int, time: int, ref: int, buy: bool, shares: int, stock: bytes, price: int, match: int
    ) -> None:
        """Write `P`: an execution against an order that is not displayed."""
        at = self._head(_P, 44, locate, time, ref)
        buffer = self._buffer
        self._add(at, buy, shares, stock, price)
        put_u64(buffer, at + 36, match)

    def _head(self, code: int, length: int, locate: int, time: int, ref: int) -> int:
        """Begin a message about an order: type, locate, tracking number, timestamp, reference."""
        at = self._begin(code, length)
        buffer = self._buffer
        buffer[at] = code
        buffer[at + 1] = locate >> 8 & 0xFF
        buffer[at + 2] = locate & 0xFF
        buffer[at + 3] = 0
        buffer[at + 4] = 0
        buffer[at + 5] = time >> 40 & 0xFF
        buffer[at + 6] = time >> 32 & 0xFF
        put_u32(buffer, at + 7, time)
        put_u64(buffer, at + 11, ref)
        return at

    def _add(self, at: int, buy: bool, shares: int, stock: bytes, price: int) -> None:
        buffer = self._buffer
        buffer[at + 19] = _BUY if buy else _SELL
        put_u32(buffer, at + 20, shares)
        put_text(buffer, at + 24, stock, 8)
        put_u32(buffer, at + 32, price)
