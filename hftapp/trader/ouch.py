"""Writes OUCH 5.0 requests straight into the frame that carries them.

Each request is a template that is copied and patched: only the fields of the order differ from one to the next. The
bytes are those of `protocols.ouch50`, whose encoders make the templates.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import Order
from protocols import ouch50

if not cython.compiled:
    from hftapp.octets import Octets, Room, copy, put32, put64
    from hftapp.units import Price, Shares

    _YES, _NO = b"YN"
    _CANCEL = ord("X")
    _REPLACE_LENGTH, _CANCEL_LENGTH = 40, 9

    def enter_order(
        room: Room,
        at: int,
        instrument: Instrument,
        shares: Shares,
        price: Price,
        ref: int,
        mark: int,
        tif: int,
        iso: bool,
        tokens: Octets,
        token: int,
    ) -> None:
        """The terms of an Enter Order (§5.2.1), whose template is there; its ClOrdID is that of `tokens` at `token`."""
        put32(room, at + 1, ref)
        room[at + 5] = mark
        put32(room, at + 6, shares)
        put64(room, at + 10, instrument.stock_word)
        put64(room, at + 18, price)
        room[at + 26] = tif
        if iso:
            room[at + 29] = _YES
        copy(room, at + 31, tokens, token, 14)


REPLACE_LENGTH: Final = 40
CANCEL_LENGTH: Final = 9
"""Bytes of a Replace Order and a Cancel Order Request (§5.2); those of an Enter Order depend on the firm."""


@cython.final
@cython.cclass
class OuchEncoder:
    """Requests of one firm (empty: the port's own) in one capacity. `enter_length`: bytes of an Enter Order.

    `enter_order` completes an Enter Order whose `template` stands there. The methods write at an offset, take the order
    as it is meant to be and return the length. The caller vouches for the room.
    """

    def __init__(self, firm: str = "", capacity: str = "P") -> None:
        enter = ouch50.EnterOrder(
            user_ref_num=0,
            side="B",
            quantity=0,
            symbol="",
            price=0,
            time_in_force="0",
            display="Y",
            capacity=capacity,
            inter_market_sweep_eligibility="N",
            cross_type="N",
            cl_ord_id="",
            appendage=(ouch50.Option(2, firm),) if firm else (),
        )
        replace = ouch50.ReplaceOrder(
            orig_user_ref_num=0,
            user_ref_num=0,
            quantity=0,
            price=0,
            time_in_force="0",
            display="Y",
            inter_market_sweep_eligibility="N",
            cl_ord_id="",
        )
        self._replace_store = bytearray(replace.encode())
        self.template = enter.encode()
        self._replace: Room = self._replace_store
        self.enter_length = len(self.template)

    def replace(self, room: Room, at: int, order: Order) -> int:
        """Replace Order Request (§5.2.2) for an order that `replaces` another one: the total of the whole chain."""
        copy(room, at, self._replace, 0, _REPLACE_LENGTH)
        put32(room, at + 1, order.replaced_ref)
        put32(room, at + 5, order.ref)
        put32(room, at + 9, order.executed + order.remaining)
        put64(room, at + 13, order.price)
        room[at + 21] = order.tif
        room[at + 23] = _YES if order.iso else _NO
        copy(room, at + 24, order.token, 0, 14)
        return _REPLACE_LENGTH

    def cancel(self, room: Room, at: int, order: Order) -> int:
        """Cancel Order Request (§5.2.3) for all that is left of an order."""
        room[at] = _CANCEL
        put32(room, at + 1, order.ref)
        put32(room, at + 5, 0)
        return _CANCEL_LENGTH
