"""Own orders of all venues as they are sent and as they end: states, replace chains, what is open.

What OUCH leaves to the client and is decided here:

- A replace carries the liability of the whole chain (executed shares included), so fills that race with it cannot make
  the position larger than intended.
- An order that dies (filled, cancelled) takes its replace in flight with it: the exchange answers a replace of a dead
  order with silence.
- Dead orders are forgotten in the order of their end, `MAX_DEAD` later.
"""

from __future__ import annotations

from array import array
from typing import Final

import cython

from hftapp.trader import order as words
from hftapp.trader.instrument import Instrument
from hftapp.trader.order import ADOPTED, BUY, DAY, DEAD, LIVE, MARK_BUY, MARK_SELL, MARK_SHORT, PENDING, Order
from hftapp.trader.order_pool import OrderPool
from hftapp.trader.totals import Totals

if not cython.compiled:
    from hftapp.octets import Room, copy
    from hftapp.units import Price, Shares

MAX_DEAD: Final = 16_384
"""Dead orders remembered: late messages about them are still understood."""
MAX_OPEN: Final = 4_096
"""Open orders there is room for without making new ones while trading."""
ROOM: Final = 16
"""Open orders of one instrument that room is made for at a time."""
MAX_QUANTITY: Final = 999_999
"""Largest quantity of an order (OUCH 5.0, Enter Order); a replace names the total of its whole chain."""

_BUY, _PENDING, _LIVE, _DEAD, _DAY, _ADOPTED = BUY, PENDING, LIVE, DEAD, DAY, ADOPTED
_MARK_BUY, _MARK_SELL, _MARK_SHORT = MARK_BUY, MARK_SELL, MARK_SHORT
_END_SAID = words.SAID
_MAX_QUANTITY = MAX_QUANTITY
_TOKEN = words.TOKEN
_DIGITS = 10  # of the largest UserRefNum


class OwnOrders(Totals):
    """What `Orders` is, without the exchange's messages.

    `first`: the oldest open order; the others follow by `next`. `run` begins every ClOrdID (at most 4 characters).
    `refs` are the next UserRefNums by venue, `tokens` the ClOrdIDs that go with them. `adopted_count`: another run's
    orders that are not dead.
    """

    def __init__(
        self,
        venues: int,
        run: str,
        counters: array[int] | memoryview | None,
        max_open: int,
        max_dead: int,
    ) -> None:
        super().__init__(counters)
        if len(run) > _TOKEN - _DIGITS or not run.isascii():
            raise ValueError(f"run = {run!r}: must be at most {_TOKEN - _DIGITS} ASCII characters")
        self.venues = venues
        self.pool = OrderPool(venues, max_dead, max_open)
        self.adopted_count = 0
        self.first: Order | None = None
        self._last: Order | None = None
        self._nobody = Order()
        self.refs = array("q", bytes(8 * venues))
        self._run = run.encode("ascii")
        self._token_store = bytearray(_TOKEN * venues)
        self.tokens: Room = self._token_store
        self._last_digit = len(run) + _DIGITS - 1
        for venue in range(venues):
            self._advance(venue, 1)

    def next_ref(self, venue: int = 0) -> int:
        """The UserRefNum of the next order at a venue."""
        return self.refs[venue]

    def find(self, venue: int, ref: int) -> Order | None:
        """The order of a UserRefNum that is not forgotten, None if there is none."""
        return self.pool.find(venue, ref)

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Orders that are not dead, of one symbol or all, replaces in flight included; a copy, oldest first."""
        found = []
        order = self.first
        while order is not None:
            if symbol is None or order.instrument.symbol == symbol:
                found.append(order)
            order = order.next
        return found

    def marking(self, instrument: Instrument, side: int, shares: Shares, replaces: Order | None) -> int:
        """The side to tell the exchange: sales beyond the position are short (Regulation SHO, Rule 200(g))."""
        if side == _BUY:
            return _MARK_BUY
        selling = instrument.exposed_sell + shares
        if replaces is not None:
            selling -= replaces.remaining
        return _MARK_SHORT if instrument.position < selling else _MARK_SELL

    def replaceable(self, order: Order, shares: Shares) -> bool:
        """Whether a replace can do it; otherwise the order has to be cancelled and another one entered.

        A replace keeps the mark of the sale and adds to the quantity of its chain.
        """
        if order.executed + shares > _MAX_QUANTITY:
            return False
        return self.marking(order.instrument, order.side, shares, order) == order.mark

    def enter(
        self,
        instrument: Instrument,
        venue: int,
        side: int,
        shares: Shares,
        price: Price,
        tif: int = _DAY,
        owner: int = 0,
        iso: bool = False,
        now: int = 0,
    ) -> Order:
        """A new order, its sale marked as the position demands; the caller sends it (`OuchEncoder.enter`)."""
        order = self._new(instrument, venue, side, price, shares, owner, self.marking(instrument, side, shares, None))
        order.tif = tif
        order.iso = iso
        order.entered_at = now
        self._track(order)
        return order

    def replace(self, order: Order, shares: Shares, price: Price, now: int = 0) -> Order:
        """Replace a live order by one with `shares` still to execute at `price`; it loses its priority.

        The caller sends it (`OuchEncoder.replace`). Raises ValueError for an order that is not live, has an answer
        outstanding or is not `replaceable`.
        """
        if order.state != _LIVE or order.busy():
            busy = ", busy" if order.busy() else ""
            raise ValueError(f"order {order.ref} is {words.STATES[order.state]}{busy}: not replaceable")
        if not self.replaceable(order, shares):
            raise ValueError(f"order {order.ref} cannot be replaced by {shares} shares: cancel it and enter another")
        new = self._new(order.instrument, order.venue, order.side, price, shares, order.owner, order.mark)
        new.tif = order.tif
        new.iso = False
        new.entered_at = now
        new.executed = order.executed
        new.replaces = order
        new.replaced_ref = order.ref
        order.replaced_by = new
        self._track(new)
        self.recount(order)
        return new

    def cancel(self, order: Order) -> None:
        """The rest of an order is being cancelled; the caller says so to the exchange, if need be again."""
        order.cancelling = True

    def expire(self, venue: int, reason: str) -> None:
        """The exchange ended a venue's session for good: what was open there is gone with it."""
        for order in self.open_orders():
            if order.venue == venue and order.state != _DEAD:
                order.said = reason
                if order.replaced_by is not None:
                    order.replaced_by.said = reason
                self._die(order, _END_SAID, 0, 0)

    def prepare(self, instrument: Instrument) -> None:
        """Make room for `ROOM` more open orders in an instrument, so that tracking the first ones allocates nothing."""
        instrument.own.extend([self._nobody] * ROOM)

    def _new(
        self, instrument: Instrument, venue: int, side: int, price: Price, shares: Shares, owner: int, mark: int
    ) -> Order:
        ref = self.refs[venue]
        order = self.pool.take()
        # Links and parts of totals went when it died; nothing else is left of what it was.
        order.ref = ref
        order.side = side
        order.state = _PENDING
        order.venue = venue
        order.cancelling = False
        order.owner = owner
        order.instrument = instrument
        order.executed = Shares(0)
        order.reference = 0
        order.replaced_ref = 0
        order.heir_ref = 0
        order.end = 0
        order.after_ref = 0
        order.price = price
        order.remaining = shares
        order.mark = mark
        token = venue * _TOKEN
        copy(order.token, 0, self.tokens, token, _TOKEN)
        # The next number, and its digits: a carry is rarer than a division.
        self.refs[venue] = ref + 1
        digit = token + self._last_digit
        while self.tokens[digit] == 57:
            self.tokens[digit] = 48
            digit -= 1
        self.tokens[digit] += 1
        return order

    def _track(self, order: Order) -> None:
        """An order is open from now on."""
        self.pool.add(order)
        last = self._last
        order.prev = last
        order.next = None
        if last is None:
            self.first = order
        else:
            last.next = order
        self._last = order
        instrument = order.instrument
        own = instrument.own
        if instrument.own_count == len(own):
            self.prepare(instrument)
        own[instrument.own_count] = order
        order.place = instrument.own_count
        instrument.own_count += 1
        self.open_count += 1
        # What `recount` comes to for a new order, which nothing replaces.
        value = order.remaining * order.price
        order.counted = value
        instrument.open_notional += value
        self.open_notional += value
        if order.replaces is None:
            order.exposed = order.remaining
            if order.side == _BUY:
                instrument.exposed_buy += order.remaining
            else:
                instrument.exposed_sell += order.remaining

    def _untrack(self, order: Order) -> None:
        """An order is open no longer."""
        before, after = order.prev, order.next
        if before is None:
            self.first = after
        else:
            before.next = after
        if after is None:
            self._last = before
        else:
            after.prev = before
        order.prev = None
        order.next = None
        instrument = order.instrument
        own = instrument.own
        instrument.own_count -= 1
        last = own[instrument.own_count]
        own[order.place] = last
        last.place = order.place
        own[instrument.own_count] = self._nobody
        self.open_count -= 1

    def _die(self, order: Order, end: int, detail: int, after: int) -> None:
        """An order is gone, and with it a replace of it that was in flight."""
        if order.state == _DEAD:
            return
        order.state = _DEAD
        order.remaining = Shares(0)
        order.cancel_rejected = False
        order.end = end
        order.detail = detail
        order.after_ref = after
        self._untrack(order)
        if order.owner == _ADOPTED:
            self.adopted_count -= 1
        successor = order.replaced_by
        order.replaced_by = None
        old = order.replaces
        order.replaces = None
        self.recount(order)
        self.pool.bury(order)
        if old is not None and old.replaced_by is order:
            old.replaced_by = None
            self.recount(old)
        if successor is not None:
            successor.replaces = None
            self._die(successor, end, detail, order.ref)

    def _reduce(self, order: Order, shares: Shares, end: int, detail: int) -> None:
        order.remaining -= shares if shares < order.remaining else order.remaining
        if order.remaining == 0:
            self._die(order, end, detail, 0)
        else:
            self._update(order)

    def _update(self, order: Order) -> None:
        """Count an order again, and the one that it is to replace."""
        self.recount(order)
        if order.replaces is not None:
            self.recount(order.replaces)

    def _release(self, order: Order) -> None:
        """A replace came to nothing: the order it was to replace stands as before."""
        old = order.replaces
        if old is not None and old.replaced_by is order:
            old.replaced_by = None
            old.cancelling = False
            order.replaces = None
            self.recount(old)

    def _advance(self, venue: int, ref: int) -> None:
        """The next UserRefNum of a venue, and the ClOrdID that goes with it."""
        self.refs[venue] = ref
        token = (self._run + str(ref).rjust(_DIGITS, "0").encode("ascii")).ljust(_TOKEN)
        start = venue * _TOKEN
        for i in range(_TOKEN):
            self.tokens[start + i] = token[i]
