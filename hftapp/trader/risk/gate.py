"""The risk gate: every order and replace passes all checks of `checks.CHECKS`, or the first that refuses says why.

Two ways lead to the same answer. `_plain` may only accept: it looks at all conditions at once, in the fewest
instructions, some of them more strictly than needed. What it does not accept walks the table (`walk.py`), which decides
every refusal and says what broke which limit. A test holds the two against each other on random orders.

Cancels are never asked about: taking risk off is never refused. Nothing is divided on the way of an order that passes:
`distance * 10,000 > limit * reference` says the same as a ratio.
"""

from __future__ import annotations

import cython

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import Order
from hftapp.trader.risk.sent import NOTHING
from hftapp.trader.risk.walk import INCREMENT, MAX_PRICE, Walk

if not cython.compiled:
    from hftapp.trader.risk.packing import chain_of, place_of, terms_of
    from hftapp.units import Price, Shares

    _MAX_PRICE, _INCREMENT = MAX_PRICE, INCREMENT
    _BPS = 10_000
    _NOTHING = NOTHING


@cython.final
@cython.cclass
class RiskGate(Walk):
    """All limits of one trader, over all its strategies and order sessions (at most `MAX_SESSIONS`).

    Whoever knows sets `killed`, `stale`, `gap_open`, and says by `turn_to` which `venue` the next order is for.
    After a refusal `value` and `limit` hold what was found and what it breaks, in the unit of the configuration, prices
    in price4. `refused` counts by code; it may lie in memory that others read. `tripped`: the gate pulled the kill
    switch itself; nothing passes any more, and whoever owns the open orders has to take them off.
    """

    def check(
        self, instrument: Instrument, side: int, shares: Shares, price: Price, replaces: Order | None, now: int
    ) -> int:
        """0: send it, and it counts from now on; otherwise the code of the check that refuses.

        Shares are those still to execute, at price4; `replaces` is the live order that it would replace.
        """
        code = self.weigh(instrument, side, shares, price, replaces, now)
        if code == 0:
            self.count(instrument, side, shares, price, replaces, now)
        return code

    def weigh(
        self, instrument: Instrument, side: int, shares: Shares, price: Price, replaces: Order | None, now: int
    ) -> int:
        """As `check`, but whoever sends the order lets it `count`, before the next one is weighed."""
        # All calls are the last thing done here, so that no register has to be saved for an order that simply passes.
        if _plain(self, instrument, side, shares, price) and _unheard(
            self, instrument, side, shares, price, replaces, now
        ):
            if (instrument.exposed_sell if side > 0 else instrument.exposed_buy) == 0:
                return 0
            return self._opposed(instrument, side, shares, price, replaces, now)
        return self._decide(instrument, side, shares, price, replaces, now)

    def count(
        self, instrument: Instrument, side: int, shares: Shares, price: Price, replaces: Order | None, now: int
    ) -> None:
        """An order that was weighed has been sent: rates and duplicates count it from now on."""
        terms = terms_of(side, shares, price) if replaces is None else _NOTHING
        self._sent.add(place_of(instrument.index, self.venue), terms, now)

    def _opposed(
        self, instrument: Instrument, side: int, shares: Shares, price: Price, replaces: Order | None, now: int
    ) -> int:
        """`weigh` an order that is all right where own orders of the other side are open."""
        if self._crossing(instrument, side, price) == 0:
            return 0
        return self._decide(instrument, side, shares, price, replaces, now)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
@cython.returns(cython.bint)
@cython.locals(
    gate=RiskGate,
    instrument=Instrument,
    side=cython.longlong,
    shares=cython.longlong,
    price=cython.longlong,
    replaces=Order,
    now=cython.longlong,
    before=cython.longlong,
)
def _unheard(
    gate: RiskGate, instrument: Instrument, side: int, shares: Shares, price: Price, replaces: Order | None, now: int
) -> bool:
    """Whether no rate is used up and the order can be no duplicate; False: perhaps it is.

    The newest order with the same hash counts as the same: it is old enough, or the table looks closer.
    """
    if gate._counts[instrument.index] >= gate.limits.symbol_rate or now < gate._sent.full_until:
        return False
    if now - gate._sent.newest >= gate.limits.duplicate_window or replaces is not None:
        return True
    before = gate._sent.heads[
        chain_of(place_of(instrument.index, gate.venue), terms_of(side, shares, price)) & gate._sent.mask
    ]
    return before < 0 or gate._sent.log[(before & gate._sent.mask) << 2] <= now - gate.limits.duplicate_window


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
@cython.returns(cython.bint)
@cython.locals(
    gate=RiskGate,
    instrument=Instrument,
    side=cython.longlong,
    shares=cython.longlong,
    price=cython.longlong,
    cents=cython.uint,
    notional=cython.longlong,
    middle=cython.longlong,
    distance=cython.longlong,
    reached=cython.longlong,
    opened=cython.longlong,
)
def _plain(gate: RiskGate, instrument: Instrument, side: int, shares: Shares, price: Price) -> bool:
    """Whether an order breaks no limit of its terms, its symbol and the firm; False: perhaps it does. Own orders of the
    other side are another matter.

    More strictly than the table, no price goes through the other side's best one, and what an order replaces is
    not taken off the position.
    """
    # One jump for all flags, which are as good as never set.
    if gate.killed | gate.tripped | gate.stale | gate.gap_open | instrument.halted | instrument.restricted:
        return False
    if not instrument.permitted or shares < 1 or shares > gate.limits.order_shares or price < 1 or price > _MAX_PRICE:
        return False
    cents = price
    if cents % _INCREMENT != 0:
        return False
    notional = shares * price
    middle = instrument.bid + instrument.ask
    distance = 2 * price - middle if 2 * price > middle else middle - 2 * price
    if notional > gate.limits.order_notional or distance * _BPS > gate.limits.collar_bps * middle:
        return False
    if side == 1:
        reached = instrument.position + instrument.exposed_buy + shares
        if price > instrument.ask or instrument.bid == 0:
            return False
    elif side != -1:
        return False
    else:
        reached = instrument.exposed_sell + shares - instrument.position
        if price < instrument.bid or instrument.bid == 0 or instrument.ask == 0:
            return False
        if reached > instrument.borrow or instrument.short_restricted:
            return False
    opened = gate._held.open_notional + notional
    return (
        reached <= gate.limits.position
        and instrument.open_notional + notional <= gate.limits.symbol_open_notional
        and opened <= gate.limits.open_notional
        and gate._held.open_count < gate.limits.open_orders
        and opened + gate._held.gross_exposure <= gate.limits.gross_exposure
        and opened + gate._held.net_exposure * side <= gate.limits.net_exposure
        and gate._held.executed_notional <= gate.limits.executed_notional
    )
