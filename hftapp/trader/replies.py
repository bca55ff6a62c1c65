"""What the exchange says about own orders, and who hears of it: the orders themselves, then the desk that sent them."""

from __future__ import annotations

from collections.abc import Callable

import cython

from hftapp.trader import orders as own_orders
from hftapp.trader.desk import Desk
from hftapp.trader.instrument import Instrument
from hftapp.trader.market import Market
from hftapp.trader.orders import Orders
from hftapp.trader.risk.gate import RiskGate
from hftapp.trader.session import ReplyHandler

if not cython.compiled:
    from hftapp.octets import Octets

_MALFORMED, _FILLED, _BROKEN, _REJECTED, _QUERIED = (
    own_orders.MALFORMED,
    own_orders.FILLED,
    own_orders.BROKEN,
    own_orders.REJECTED,
    own_orders.QUERIED,
)


@cython.final
@cython.cclass
class Replies(ReplyHandler):
    """Applies OUCH messages of the exchange. `now`: time of the turn.

    `stop` is called with it when executions reach the limit of the day: before a strategy hears of the execution, every
    open order is being cancelled. `queried`: a bit for each venue whose account query was answered; who acts on it
    takes it back.
    """

    def __init__(self, orders: Orders, market: Market, risk: RiskGate) -> None:
        self.now = 0
        self.queried = 0
        self.stop: Callable[[int], None] | None = None
        self.desks: list[Desk] = []
        self._orders = orders
        self._market = market
        self._risk = risk
        self._heirs: dict[str, Desk | None] = {}

    def on_reply(self, venue: int, data: Octets, at: int, length: int) -> bool:
        """Apply one message; its instrument counts as changed, so that the strategies look at it after the last one."""
        orders = self._orders
        kind = orders.on_message(venue, data, at, length)
        if kind == _MALFORMED:
            return False
        order = orders.order
        if order is None:
            if kind == _QUERIED:
                self.queried |= 1 << venue
            return True
        instrument = order.instrument
        self._market.touch(instrument)
        if kind in (_FILLED, _BROKEN):
            if self._risk.overrun() and self.stop is not None:
                self.stop(self.now)
        elif kind != _REJECTED and not order.cancel_rejected:
            return True
        desk = self.desks[order.owner] if order.owner >= 0 else self._heir(instrument)
        if desk is None:
            return True
        desk.now = self.now
        if kind in (_FILLED, _BROKEN):
            desk.filled(instrument, order, orders.fill_shares, orders.fill_price)
        else:
            desk.rejected(instrument, order)
        return True

    def _heir(self, instrument: Instrument) -> Desk | None:
        """The desk that answers for an order of another run: one that names its symbol, else one that takes any."""
        symbol = instrument.symbol
        if symbol not in self._heirs:
            found = [desk for named in (True, False) for desk in self.desks if desk.inherits(symbol, named=named)]
            self._heirs[symbol] = found[0] if found else None
        return self._heirs[symbol]
