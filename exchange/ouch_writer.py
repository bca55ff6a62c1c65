"""Writes the frequent OUCH 5.0 answers straight to bytes: `A`, `U`, `C`, `E`, `J` (§5.3).

The same layouts as in `protocols.ouch50_outbound`, which writes all the others; the tests hold the two against each
other. Numbers fit their fields: they come from the engine or were checked when they came in.
"""

from __future__ import annotations

from exchange.orders import Order
from exchange.ticket import Ticket

_A, _U, _C, _E, _J = b"AUCEJ"
_VISIBLE, _CONFORMANT = b"YZ"
_LIVE = 76  # L
_INDEX_TAG = 28


class OuchWriter:
    """Each method returns one whole message. ``time`` is in ns since midnight."""

    def __init__(self) -> None:
        self._buffer = bytearray(256)

    def accepted(self, time: int, order: Order, ticket: Ticket) -> bytes:
        """`A`, in state live: whatever ends the order at once follows as a message of its own."""
        buffer = self._buffer
        buffer[0] = _A
        _put_u64(buffer, 1, time)
        _put_u32(buffer, 9, order.token)
        self._terms(13, order, ticket)
        _put_text(buffer, 48, ticket.cl_ord_id, 14)
        return self._appended(62, ticket.echo)

    def replaced(self, time: int, order: Order, ticket: Ticket) -> bytes:
        """`U`, in state live, with the shares still exposed."""
        buffer = self._buffer
        buffer[0] = _U
        _put_u64(buffer, 1, time)
        _put_u32(buffer, 9, ticket.replaces)
        _put_u32(buffer, 13, order.token)
        self._terms(17, order, ticket)
        _put_text(buffer, 52, ticket.cl_ord_id, 14)
        return self._appended(66, ticket.echo)

    def cancelled(self, time: int, token: int, shares: int, reason: int) -> bytes:
        """`C` with the shares taken off now."""
        buffer = self._buffer
        buffer[0] = _C
        _put_u64(buffer, 1, time)
        _put_u32(buffer, 9, token)
        _put_u32(buffer, 13, shares)
        buffer[17] = reason
        return self._indexed(18, token)

    def executed(self, time: int, token: int, shares: int, price: int, flag: int, match: int) -> bytes:
        """`E` for one side of a trade."""
        buffer = self._buffer
        buffer[0] = _E
        _put_u64(buffer, 1, time)
        _put_u32(buffer, 9, token)
        _put_u32(buffer, 13, shares)
        _put_u64(buffer, 17, price)
        buffer[25] = flag
        _put_u64(buffer, 26, match)
        if token >> 32:
            return self._indexed(34, token)
        return self._appended(34, b"")

    def rejected(self, time: int, token: int, code: int, cl_ord_id: bytes) -> bytes:
        """`J` with a reject code (§5.4)."""
        buffer = self._buffer
        buffer[0] = _J
        _put_u64(buffer, 1, time)
        _put_u32(buffer, 9, token)
        buffer[13] = code >> 8
        buffer[14] = code & 0xFF
        _put_text(buffer, 15, cl_ord_id, 14)
        return self._indexed(29, token)

    def _terms(self, at: int, order: Order, ticket: Ticket) -> None:
        """What `A` and `U` say alike, from the side to the order state.

        An order that a rule moved (price band, short sale restriction) is told its new price as conformant; a peg is
        told its limit.
        """
        buffer = self._buffer
        price, display = order.price, ticket.display
        if order.midpoint or price <= 0:
            price = order.limit
        elif price != order.limit and display == _VISIBLE:
            display = _CONFORMANT
        buffer[at] = ticket.side
        _put_u32(buffer, at + 1, order.open_shares())
        _put_text(buffer, at + 5, order.book.stock, 8)
        _put_u64(buffer, at + 13, price)
        buffer[at + 21] = ticket.time_in_force
        buffer[at + 22] = display
        _put_u64(buffer, at + 23, order.shown_ref)
        buffer[at + 31] = ticket.capacity
        buffer[at + 32] = ticket.sweep
        buffer[at + 33] = ticket.cross
        buffer[at + 34] = _LIVE

    def _appended(self, size: int, echo: bytes) -> bytes:
        """The first ``size`` bytes with an appendage that is always there."""
        length = len(echo)
        self._buffer[size] = length >> 8
        self._buffer[size + 1] = length & 0xFF
        message = _taken(self._buffer, size + 2)
        return message + echo if length else message

    def _indexed(self, size: int, token: int) -> bytes:
        """The first ``size`` bytes, with an appendage only where the order has a UserRefIdx."""
        index = token >> 32
        if not index:
            return _taken(self._buffer, size)
        buffer = self._buffer
        buffer[size] = 0
        buffer[size + 1] = 3
        buffer[size + 2] = 2
        buffer[size + 3] = _INDEX_TAG
        buffer[size + 4] = index
        # Not `buffer`: compiled, that is a pointer.
        return _taken(self._buffer, size + 5)


def _taken(buffer: bytearray, size: int) -> bytes:
    return bytes(buffer[:size])


# As in `itch_writer`: plain C functions when compiled, which modules cannot import from each other.
def _put_u32(buffer: bytearray, at: int, value: int) -> None:
    buffer[at] = value >> 24 & 0xFF
    buffer[at + 1] = value >> 16 & 0xFF
    buffer[at + 2] = value >> 8 & 0xFF
    buffer[at + 3] = value & 0xFF


def _put_u64(buffer: bytearray, at: int, value: int) -> None:
    _put_u32(buffer, at, value >> 32)
    _put_u32(buffer, at + 4, value)


def _put_text(buffer: bytearray, at: int, text: bytes, size: int) -> None:
    if len(text) != size:
        raise ValueError(f"{text!r} has {len(text)} bytes: pad it to {size} with spaces")
    for i in range(size):
        buffer[at + i] = text[i]
