"""Own orders of all venues and what the exchange says about them: fills, positions, cash. Sans-I/O; OUCH 5.0 §5.3.

What OUCH leaves to the client and is decided here:

- A message about an order this process does not know (another run of the same day) is adopted, so positions are right
  after a restart that replays the session from its first message. Symbol, side and ClOrdID tell whose order it is: a
  UserRefNum alone says nothing once two runs have used it.
- Old fills are forgotten in their order, `MAX_FILLS` later.
- A message whose type, length, side, state, price or quantity cannot be is counted and changes nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Final

import cython

from hftapp.trader import order as words
from hftapp.trader.fills import Fills
from hftapp.trader.instrument import Instrument
from hftapp.trader.order import ADOPTED, BUY, DAY, DEAD, LIVE, MARK_BUY, MARK_SELL, MARK_SHORT, PENDING, SELL, Order
from hftapp.trader.own_orders import MAX_DEAD, MAX_OPEN, OwnOrders
from hftapp.trader.totals import NAMES
from protocols import ouch50
from protocols.ouch50_message import Appendage

if not cython.compiled:
    from hftapp.octets import Octets, be16, be32, be64, copy, equal
    from hftapp.units import Price, Shares

MAX_FILLS: Final = 65_536
"""Executions remembered: a later broken trade among them is still taken back."""
LARGEST: Final = 0x7FFF_FFFF
"""Largest price or quantity that is believed; the price of a market order. Products of two stay within 64 bits."""

MALFORMED, IGNORED, CHANGED, FILLED, BROKEN, REJECTED, QUERIED = range(7)
"""What a message was: not a message, of no effect, about an order, its fill, a fill that is void, its rejection, the
answer to the account query."""

_BUY, _SELL, _PENDING, _LIVE, _DEAD, _DAY, _ADOPTED = BUY, SELL, PENDING, LIVE, DEAD, DAY, ADOPTED
_MARK_BUY, _MARK_SELL, _MARK_SHORT, _MARK_EXEMPT = MARK_BUY, MARK_SELL, MARK_SHORT, ord("E")
_END_FILLED, _END_CANCELLED, _END_SELF_MATCH = words.FILLED, words.CANCELLED, words.SELF_MATCH
_END_MODIFIED, _END_REPLACED, _END_REJECTED = words.MODIFIED, words.REPLACED, words.REJECTED
_END_LOST, _END_ACCEPTED_DEAD, _END_FOREIGN = words.LOST, words.ACCEPTED_DEAD, words.FOREIGN
_MALFORMED, _IGNORED, _CHANGED, _FILLED, _BROKEN, _REJECTED, _QUERIED = range(7)
_LARGEST = LARGEST
_TOKEN = words.TOKEN
_STATE_LIVE, _STATE_DEAD = b"LD"
_N_ACCEPTED, _N_ACCEPTED_REPLACES, _N_REJECTED, _N_CANCELLED, _N_CANCELLED_ORDERS, _N_EXECUTIONS = range(6)
_N_EXECUTED_SHARES, _N_BOUGHT_SHARES, _N_SOLD_SHARES, _N_BROKEN, _N_ADOPTED, _N_LOST, _N_UNKNOWN = range(6, 13)
_N_MALFORMED = NAMES.index("malformed")

# Where the fields are (OUCH 5.0 §5.3); the test of this module holds them against the tables of `protocols.ouch50`.
_AT_REF, _AT_SHARES = 9, 13
_AT_CANCEL_REASON = 17
_AT_FILL_PRICE, _AT_FILL_MATCH = 17, 26
_AT_BROKEN_MATCH = 13
_AT_REJECT_REASON = 13
_AT_PRIORITY_PRICE, _AT_PRIORITY_REFERENCE = 13, 22
_AT_MODIFIED_SHARES = 14
# Order Accepted and Order Replaced have the same fields from the side on, counted from there.
_AT_ACCEPTED, _AT_NEW_REF, _AT_REPLACED = 13, 13, 17
_ON_SIDE, _ON_SHARES, _ON_STOCK, _ON_PRICE, _ON_REFERENCE, _ON_STATE, _ON_TOKEN = 0, 1, 5, 13, 23, 34, 35

# A form: size of the fixed fields, and above 16 bits whether an appendage may or must follow.
_FORM_OPTIONAL, _FORM_REQUIRED = 1 << 16, 2 << 16
_FORM_BITS = {Appendage.NONE: 0, Appendage.OPTIONAL: _FORM_OPTIONAL, Appendage.REQUIRED: _FORM_REQUIRED}


@cython.final
@cython.cclass
class Orders(OwnOrders):
    """All orders of the day, of `venues` venues. Its attributes are those of `OwnOrders` and `Totals`, too.

    `instrument_of` finds or makes the instrument of a symbol, None where there is no room for another. What a message
    reports is in `order` and, of a fill, in `fill_shares` (negative: broken), `fill_price` (price4) and `fill_match`.
    """

    def __init__(
        self,
        instrument_of: Callable[[str], Instrument | None],
        *,
        venues: int = 1,
        run: str = "",
        counters: array[int] | memoryview | None = None,
        max_open: int = MAX_OPEN,
        max_dead: int = MAX_DEAD,
        max_fills: int = MAX_FILLS,
    ) -> None:
        super().__init__(venues, run, counters, max_open, max_dead)
        self._instrument_of = instrument_of
        self.fills = Fills(max_fills)
        self.order: Order | None = None
        self.fill_shares = Shares(0)
        self.fill_price = Price(0)
        self.fill_match = 0
        self._forms = array("i", bytes(4 * 256))
        for code, kind in ouch50.OUTBOUND.items():
            self._forms[ord(code)] = kind.SIZE | _FORM_BITS[kind.APPENDAGE]

    def on_message(self, venue: int, data: Octets, at: int, length: int) -> int:
        """Apply one message of a venue's exchange: `length` bytes at an offset; returns what it was."""
        self.order = None
        result = _MALFORMED
        if self._well_formed(data, at, length):
            kind = data[at]
            if kind == 69:  # E
                result = self._executed(venue, data, at)
            elif kind == 65:  # A
                result = self._accepted(venue, data, at)
            elif kind == 85:  # U
                result = self._replaced(venue, data, at)
            elif kind == 67:  # C
                result = self._cancelled(venue, data, at, _END_CANCELLED, data[at + _AT_CANCEL_REASON])
            elif kind == 74:  # J
                result = self._rejected(venue, data, at)
            elif kind == 68:  # D
                result = self._cancelled(venue, data, at, _END_SELF_MATCH, 0)
            elif kind == 66:  # B
                result = self._broken(venue, data, at)
            elif kind == 84:  # T
                result = self._priority(venue, data, at)
            elif kind == 77:  # M
                result = self._modified(venue, data, at)
            elif kind == 73:  # I
                order = self._known(venue, data, at)
                result = _IGNORED
                if order is not None:
                    order.cancelling = False
                    order.cancel_rejected = order.state != _DEAD
                    result = _CHANGED
            elif kind == 81:  # Q
                result = self._queried(venue, data, at)
            else:
                result = _IGNORED
        if result == _MALFORMED:
            self._counters[_N_MALFORMED] += 1
        return result

    def _known(self, venue: int, data: Octets, at: int) -> Order | None:
        """The order a message is about; counted when it is not known."""
        order = self.pool.find(venue, be32(data, at + _AT_REF))
        if order is None:
            self._counters[_N_UNKNOWN] += 1
        self.order = order
        return order

    def _own(self, venue: int, ref: int, data: Octets, fields: int) -> Order | None:
        """The order an answer is about, None when it is another run's.

        An order of ours under the same UserRefNum was then ignored by the exchange: that number had been used.
        """
        order = self.pool.find(venue, ref)
        if order is None or order.state == _DEAD:
            return None
        side = _BUY if data[fields + _ON_SIDE] == _MARK_BUY else _SELL
        if (
            side == order.side
            and equal(data, fields + _ON_STOCK, order.instrument.stock, 0, 8)
            and equal(data, fields + _ON_TOKEN, order.token, 0, _TOKEN)
        ):
            return order
        self._release(order)
        self._counters[_N_LOST] += 1
        self._die(order, _END_FOREIGN, 0, 0)
        return None

    def _adopt(self, venue: int, ref: int, data: Octets, fields: int, executed: Shares) -> Order:
        """Another run's order becomes one of ours; allocates, but only after a restart."""
        symbol = bytes([data[fields + _ON_STOCK + i] for i in range(8)]).decode("ascii").rstrip()
        instrument = self._instrument_of(symbol)
        if instrument is None:
            raise ValueError(f"order {ref} of another run: there is no room for its symbol {symbol}")
        side = _BUY if data[fields + _ON_SIDE] == _MARK_BUY else _SELL
        following = self.refs[venue]
        self.refs[venue] = ref
        order = self._new(instrument, venue, side, Price(0), Shares(0), _ADOPTED, data[fields + _ON_SIDE])
        self._advance(venue, ref + 1 if ref >= following else following)
        order.executed = executed
        order.tif = _DAY
        order.iso = False
        order.entered_at = 0
        copy(order.token, 0, data, fields + _ON_TOKEN, _TOKEN)
        self._counters[_N_ADOPTED] += 1
        self.adopted_count += 1
        self._track(order)
        return order

    def _settle(self, order: Order, data: Octets, fields: int) -> None:
        """What the exchange made of an order: price, exposed shares, reference, live or dead."""
        order.state = _LIVE
        order.price = Price(be64(data, fields + _ON_PRICE))
        order.remaining = Shares(be32(data, fields + _ON_SHARES))
        order.reference = be64(data, fields + _ON_REFERENCE)
        self._update(order)
        if data[fields + _ON_STATE] == _STATE_DEAD or order.remaining == 0:
            self._die(order, _END_ACCEPTED_DEAD, 0, 0)

    def _well_formed(self, data: Octets, at: int, length: int) -> bool:
        """Whether type and length are those of a message, its appendage included."""
        if length < 1:
            return False
        form = self._forms[data[at]]
        size = form & 0xFFFF
        if size == 0 or length < size:
            return False
        if length == size:
            return form < _FORM_REQUIRED
        if form < _FORM_OPTIONAL or length < size + 2:
            return False
        return be16(data, at + size) == length - size - 2

    def _plausible(self, data: Octets, fields: int) -> bool:
        """Whether an accepted order can be one: side, state, price, quantity, a symbol that is text."""
        mark = data[fields + _ON_SIDE]
        if mark != _MARK_BUY and mark != _MARK_SELL and mark != _MARK_SHORT and mark != _MARK_EXEMPT:
            return False
        state = data[fields + _ON_STATE]
        if state != _STATE_LIVE and state != _STATE_DEAD:
            return False
        for i in range(8):
            if data[fields + _ON_STOCK + i] >= 128:
                return False
        return be64(data, fields + _ON_PRICE) <= _LARGEST and be32(data, fields + _ON_SHARES) <= _LARGEST

    def _accepted(self, venue: int, data: Octets, at: int) -> int:
        if not self._plausible(data, at + _AT_ACCEPTED):
            return _MALFORMED
        self._counters[_N_ACCEPTED] += 1
        ref = be32(data, at + _AT_REF)
        order = self._own(venue, ref, data, at + _AT_ACCEPTED)
        if order is None:
            order = self._adopt(venue, ref, data, at + _AT_ACCEPTED, Shares(0))
        self.order = order
        self._settle(order, data, at + _AT_ACCEPTED)
        return _CHANGED

    def _replaced(self, venue: int, data: Octets, at: int) -> int:
        fields = at + _AT_REPLACED
        if not self._plausible(data, fields):
            return _MALFORMED
        self._counters[_N_ACCEPTED] += 1
        self._counters[_N_ACCEPTED_REPLACES] += 1
        old = self.pool.find(venue, be32(data, at + _AT_REF))
        ref = be32(data, at + _AT_NEW_REF)
        new = self._own(venue, ref, data, fields)
        if new is None:
            new = self._adopt(venue, ref, data, fields, old.executed if old is not None else Shares(0))
        if new.replaces is not None and new.replaces is not old:
            self._release(new)
        new.replaces = None
        new.replaced_ref = 0  # no way back: what it replaced is gone
        if old is not None and old is not new:
            if old.replaced_by is not None:
                old.replaced_by.replaces = None
                self.recount(old.replaced_by)
                old.replaced_by = None
            old.heir_ref = ref
            self._die(old, _END_REPLACED, ref, 0)
        self.order = new
        self._settle(new, data, fields)
        return _CHANGED

    def _cancelled(self, venue: int, data: Octets, at: int, end: int, detail: int) -> int:
        order = self._known(venue, data, at)
        if order is None:
            return _IGNORED
        shares = Shares(be32(data, at + _AT_SHARES))
        self._reduce(order, shares, end, detail)
        self._counters[_N_CANCELLED] += shares
        if order.state == _DEAD:
            self._counters[_N_CANCELLED_ORDERS] += 1
        return _CHANGED

    def _executed(self, venue: int, data: Octets, at: int) -> int:
        shares = Shares(be32(data, at + _AT_SHARES))
        if shares > _LARGEST or be64(data, at + _AT_FILL_PRICE) > _LARGEST:
            return _MALFORMED
        order = self._known(venue, data, at)
        if order is None:
            return _IGNORED
        price = Price(be64(data, at + _AT_FILL_PRICE))
        self.fill_shares = shares
        self.fill_price = price
        self.fill_match = be64(data, at + _AT_FILL_MATCH)
        self.fills.add(order, shares, price, self.fill_match)
        self._inherit(order, shares)
        self.book_fill(order.instrument, order.side, shares, price)
        self._counters[_N_EXECUTIONS] += 1
        self._counters[_N_EXECUTED_SHARES] += shares
        if order.side == _BUY:
            self._counters[_N_BOUGHT_SHARES] += shares
        else:
            self._counters[_N_SOLD_SHARES] += shares
        self._reduce(order, shares, _END_FILLED, 0)
        return _FILLED

    def _inherit(self, order: Order, shares: Shares) -> None:
        """Executed shares count against the order and everything that replaces or has replaced it."""
        order.executed += shares
        heir = order.replaced_by
        ref = order.heir_ref
        while heir is not None or ref != 0:
            if heir is None:
                heir = self.pool.find(order.venue, ref)
                if heir is None:
                    return
            heir.executed += shares
            ref = heir.heir_ref
            heir = heir.replaced_by

    def _broken(self, venue: int, data: Octets, at: int) -> int:
        ref = be32(data, at + _AT_REF)
        match = be64(data, at + _AT_BROKEN_MATCH)
        fills = self.fills
        if not fills.take(venue, ref, match):
            self._counters[_N_UNKNOWN] += 1
            return _IGNORED
        self._counters[_N_BROKEN] += 1
        self.book_fill(fills.instrument, fills.side, -fills.shares, fills.price)
        order = self.pool.find(venue, ref)
        if order is None or order.instrument is not fills.instrument:
            order = Order()  # it is forgotten: this one stands for it
            order.venue = venue
            order.ref = ref
            order.side = fills.side
            order.owner = fills.owner
            order.price = fills.price
            order.instrument = fills.instrument
        self.order = order
        self.fill_shares = -fills.shares
        self.fill_price = fills.price
        self.fill_match = match
        return _BROKEN

    def _rejected(self, venue: int, data: Octets, at: int) -> int:
        self._counters[_N_REJECTED] += 1
        order = self._known(venue, data, at)
        if order is None:
            return _IGNORED
        self._release(order)
        self._die(order, _END_REJECTED, be16(data, at + _AT_REJECT_REASON), 0)
        return _REJECTED

    def _priority(self, venue: int, data: Octets, at: int) -> int:
        if be64(data, at + _AT_PRIORITY_PRICE) > _LARGEST:
            return _MALFORMED
        order = self._known(venue, data, at)
        if order is None:
            return _IGNORED
        order.price = Price(be64(data, at + _AT_PRIORITY_PRICE))
        order.reference = be64(data, at + _AT_PRIORITY_REFERENCE)
        self._update(order)
        return _CHANGED

    def _modified(self, venue: int, data: Octets, at: int) -> int:
        order = self._known(venue, data, at)
        if order is None or order.state == _DEAD:
            return _IGNORED
        shares = order.remaining - Shares(be32(data, at + _AT_MODIFIED_SHARES))
        self._reduce(order, shares if shares > 0 else Shares(0), _END_MODIFIED, 0)
        return _CHANGED

    def _queried(self, venue: int, data: Octets, at: int) -> int:
        """Everything sent before the query has been answered by now; what has not, never arrived or was ignored.

        An order that is still `cancelling` lives: its cancel was lost, and the caller sends it again.
        """
        for order in self.open_orders():
            if order.venue != venue:
                continue
            if order.state == _PENDING:
                self._counters[_N_LOST] += 1
                self._die(order, _END_LOST, 0, 0)
            else:
                order.cancel_rejected = False
        if be32(data, at + _AT_REF) > self.refs[venue]:
            self._advance(venue, be32(data, at + _AT_REF))
        return _QUERIED
