"""The table of checks, walked one after the other: the first one that refuses says what breaks which limit.

The order of the walk: first what needs a flag only; then the order's own terms, because the products that follow fit
64 bits only for a quantity and a price within their limits; then what the symbol and the firm hold already; last what
needs a search (own orders, history).

Values of a refusal are rounded up, so that a value shown always lies beyond the limit shown.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

import cython

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import Order
from hftapp.trader.risk.checks import NAMES
from hftapp.trader.risk.limits import Limits
from hftapp.trader.risk.packing import MAX_INSTRUMENTS, MAX_SESSIONS
from hftapp.trader.risk.sent import NOTHING, SentOrders
from hftapp.trader.totals import Totals

if TYPE_CHECKING:
    from hftapp.config import Risk

MAX_PRICE: Final = 199_999_9900
"""Largest price of an order (OUCH 5.0, data type Price: 199,999.9900)."""
INCREMENT: Final = 100
"""Prices of 1 dollar and more are multiples of a cent (Regulation NMS Rule 612)."""
if not cython.compiled:
    from hftapp.trader.risk.checks import (
        DUPLICATE,
        EXECUTED_NOTIONAL,
        FAT_FINGER,
        GROSS_EXPOSURE,
        HALTED,
        KILL_SWITCH,
        LOCATE,
        NET_EXPOSURE,
        OPEN_GAP,
        OPEN_NOTIONAL,
        OPEN_ORDERS,
        ORDER_NOTIONAL,
        PERMISSION,
        PORT_RATE,
        POSITION,
        PRICE,
        PRICE_COLLAR,
        QUANTITY,
        RESTRICTED,
        SELF_CROSS,
        SHORT_PRICE,
        SIDE,
        STALE_BOOK,
        SYMBOL_OPEN_NOTIONAL,
        SYMBOL_RATE,
    )
    from hftapp.trader.risk.packing import place_of, terms_of
    from hftapp.units import Notional, Price, Shares

    _MAX_PRICE, _INCREMENT = MAX_PRICE, INCREMENT
    _DOLLAR = _BPS = 10_000
    _SECOND = 1_000_000_000
    _NOTHING = NOTHING


class Walk:
    """What all checks look at, and every check of `checks.CHECKS` in its order. See `RiskGate`, which is all of it."""

    def __init__(
        self, settings: Risk, totals: Totals, sessions: int = 1, refused: array[int] | memoryview | None = None
    ) -> None:
        if not 1 <= sessions <= MAX_SESSIONS:
            raise ValueError(f"{sessions} order sessions: the risk gate has room for 1 to {MAX_SESSIONS}")
        self.killed = self.stale = self.gap_open = self.tripped = False
        self.venue = 0
        self.value = self.limit = 0
        self.refused = array("q", [0]) * len(NAMES) if refused is None else refused
        if len(self.refused) < len(NAMES):
            raise ValueError(f"{len(self.refused)} counters for {len(NAMES)} codes: one for each is needed")
        self._held = totals
        self._sessions = sessions
        self.settings = settings
        self.limits = Limits(settings)
        self._counts = array("i", [0]) * MAX_INSTRUMENTS
        self._every = self._windows()
        self._sent = self._every[0]

    def load(self, settings: Risk) -> None:
        """Hold every later order against these limits. The windows of rates and duplicates begin anew."""
        self.settings = settings
        self.limits = Limits(settings)
        self._counts = array("i", [0]) * MAX_INSTRUMENTS
        self._every = self._windows()
        self._sent = self._every[self.venue]

    def _windows(self) -> list[SentOrders]:
        return [SentOrders(venue, self.limits.port_rate, self._counts) for venue in range(self._sessions)]

    def turn_to(self, venue: int) -> None:
        """The next orders are for this order session. Raises IndexError where there is none."""
        if not 0 <= venue < self._sessions:
            raise IndexError(f"order session {venue}: the risk gate has {self._sessions}")
        self.venue = venue
        self._sent = self._every[venue]

    def suppose(self, instrument: Instrument, side: int, shares: Shares, price: Price, sent: int) -> None:
        """Let an order count as open although it was not sent (`sent` 1), and no longer (-1).

        So what goes together can be weighed together before any of it is sent.
        """
        signed = Shares(sent * shares)
        if side > 0:
            instrument.exposed_buy += signed
        else:
            instrument.exposed_sell += signed
        instrument.open_notional += signed * price
        self._held.open_notional += signed * price
        self._held.open_count += sent
        self._counts[instrument.index] += sent

    def overrun(self) -> bool:
        """To be asked after executions: True, once, when their notional is over its limit; the kill switch is pulled.

        The caller takes every open order off before it looks at the next event.
        """
        if self._held.executed_notional <= self.limits.executed_notional or self.tripped:
            return False
        self.tripped = True
        return True

    def _decide(
        self, instrument: Instrument, side: int, shares: Shares, price: Price, replaces: Order | None, now: int
    ) -> int:
        """Walk the table, and count the refusals it finds."""
        code = self._state(instrument)
        if code == 0:
            code = self._terms(instrument, side, shares, price)
        if code == 0:
            code = self._holdings(instrument, side, shares, price, replaces)
        if code == 0:
            code = self._totals(instrument, side, shares * price, replaces is None)
        if code == 0:
            code = self._crossing(instrument, side, price)
        if code == 0:
            terms = terms_of(side, shares, price) if replaces is None else _NOTHING
            code = self._history(instrument, place_of(instrument.index, self.venue), terms, now)
        if code != 0:
            self.refused[code] += 1
        return code

    def _refuse(self, code: int, value: int, limit: int) -> int:
        self.value = value
        self.limit = limit
        return code

    def _state(self, instrument: Instrument) -> int:
        """Whether anything may be sent at all, and in this symbol."""
        if self.killed or self.tripped:
            return self._refuse(KILL_SWITCH, 1, 0)
        if self.stale:
            return self._refuse(STALE_BOOK, 1, 0)
        if self.gap_open:
            return self._refuse(OPEN_GAP, 1, 0)
        if instrument.halted:
            return self._refuse(HALTED, 1, 0)
        if not instrument.permitted:
            return self._refuse(PERMISSION, 0, 1)
        if instrument.restricted:
            return self._refuse(RESTRICTED, 1, 0)
        return 0

    def _terms(self, instrument: Instrument, side: int, shares: Shares, price: Price) -> int:
        """The order by itself, and against the market."""
        if side != 1 and side != -1:
            return self._refuse(SIDE, side, 1)
        if shares < 1 or shares > self.limits.order_shares:
            return self._refuse(QUANTITY, shares, self.limits.order_shares)
        if price < 1 or price > _MAX_PRICE:
            return self._refuse(PRICE, price, _MAX_PRICE)
        if price >= _DOLLAR and price % _INCREMENT != 0:
            return self._refuse(PRICE, price, price - price % _INCREMENT)
        if shares * price > self.limits.order_notional:
            return self._refuse_value(ORDER_NOTIONAL, shares * price, self.limits.order_notional)
        # Twice the reference, so that a mid between two prices stays an integer.
        reference = instrument.bid + instrument.ask
        if instrument.bid == 0 or instrument.ask == 0:
            reference = Price(2 * instrument.last)
        distance = 2 * price - reference
        if distance < 0:
            distance = -distance
        if distance * _BPS > self.limits.collar_bps * reference or reference == 0:
            return self._refuse_ratio(PRICE_COLLAR, distance, reference, self.limits.collar_bps)
        reference = instrument.ask if side > 0 else instrument.bid
        through = (price - reference) * side
        if through * _BPS > self.limits.fat_finger_bps * reference and reference != 0:
            return self._refuse_ratio(FAT_FINGER, through, reference, self.limits.fat_finger_bps)
        return 0

    def _holdings(self, instrument: Instrument, side: int, shares: Shares, price: Price, replaces: Order | None) -> int:
        """The position that the order could lead to."""
        extra = shares
        if replaces is not None:
            extra = shares - replaces.remaining if shares > replaces.remaining else Shares(0)
        if side > 0:
            reached = instrument.position + instrument.exposed_buy + extra
        else:
            reached = instrument.exposed_sell + extra - instrument.position
        if reached > self.limits.position:
            return self._refuse(POSITION, reached, self.limits.position)
        if side < 0 and reached > 0:
            if reached > instrument.borrow:
                return self._refuse(LOCATE, reached, instrument.borrow)
            if instrument.short_restricted and price <= instrument.bid:
                return self._refuse(SHORT_PRICE, price, instrument.bid)
        return 0

    def _totals(self, instrument: Instrument, side: int, notional: Notional, adds: bool) -> int:
        """Everything the firm has open and holds, with this order; the order that it replaces still counts."""
        total = instrument.open_notional + notional
        if total > self.limits.symbol_open_notional:
            return self._refuse_value(SYMBOL_OPEN_NOTIONAL, total, self.limits.symbol_open_notional)
        total = self._held.open_notional + notional
        if total > self.limits.open_notional:
            return self._refuse_value(OPEN_NOTIONAL, total, self.limits.open_notional)
        if self._held.open_count + adds > self.limits.open_orders:
            return self._refuse(OPEN_ORDERS, self._held.open_count + adds, self.limits.open_orders)
        if total + self._held.gross_exposure > self.limits.gross_exposure:
            return self._refuse_value(GROSS_EXPOSURE, total + self._held.gross_exposure, self.limits.gross_exposure)
        # The open orders of both sides count, as if all were on this one: never too little, and one total for all.
        total += Notional(self._held.net_exposure * side)
        if total > self.limits.net_exposure:
            return self._refuse_value(NET_EXPOSURE, total, self.limits.net_exposure)
        if self._held.executed_notional > self.limits.executed_notional:
            self.overrun()
            return self._refuse_value(EXECUTED_NOTIONAL, self._held.executed_notional, self.limits.executed_notional)
        return 0

    def _crossing(self, instrument: Instrument, side: int, price: Price) -> int:
        """Whether it could trade with an own open order of the other side."""
        if (instrument.exposed_sell if side > 0 else instrument.exposed_buy) == 0:
            return 0
        for i in range(instrument.own_count):
            order = cython.cast(Order, instrument.own[i])
            if order.side != side and (price - order.price) * side >= 0:
                return self._refuse(SELF_CROSS, price, order.price)
        return 0

    def _history(self, instrument: Instrument, place: int, terms: int, now: int) -> int:
        """The orders that were sent before."""
        if self._sent.full(now):
            return self._refuse(PORT_RATE, self.limits.port_rate + 1, self.limits.port_rate)
        if self._counts[instrument.index] >= self.limits.symbol_rate:
            for sent in self._every:
                sent.expire(now)
            found = self._counts[instrument.index] + 1
            if found > self.limits.symbol_rate:
                return self._refuse(SYMBOL_RATE, found, self.limits.symbol_rate)
        if terms >= 0:
            window = self.limits.duplicate_window
            left = self._sent.has(place, terms, now - window)
            if left > 0:
                return self._refuse(DUPLICATE, (window - left) // 1000, window // 1000)
        return 0

    def _refuse_value(self, code: int, value: int, limit: int) -> int:
        """Say price4 values in dollars."""
        return self._refuse(code, (value + _DOLLAR - 1) // _DOLLAR, limit // _DOLLAR)

    def _refuse_ratio(self, code: int, distance: int, reference: int, limit: int) -> int:
        """Say a distance as 1/100 % of its reference; without a reference, as the price it is."""
        if reference == 0:
            return self._refuse(code, distance // 2, limit)
        return self._refuse(code, (distance * _BPS + reference - 1) // reference, limit)
