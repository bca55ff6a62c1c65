"""The risk gate: an ordered table of checks between every strategy and the wire. Integers only.

Each check gets the order and returns None, or the refusal with the value found and the limit it breaks. The first one
that refuses ends the walk. Cancels pass always: taking risk off is never refused.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from hftapp.config import Risk
from hftapp.trader.market import Instrument
from hftapp.trader.order import BUY, SELL, Order
from hftapp.trader.orders import Orders

SECOND = 1_000_000_000
DOLLAR = 10_000  # price4 units


class Intent(NamedTuple):
    """An order a strategy wants: shares still to execute at price4; `replaces` is the live order it would replace."""

    instrument: Instrument
    side: str
    shares: int
    price: int
    replaces: Order | None
    now: int


class Refusal(NamedTuple):
    """Why an order was not sent: the check's name, the value found, the limit."""

    check: str
    symbol: str
    value: int
    limit: int


class RiskGate:
    """All limits of one trader, over all its strategies. `gap_open` tells whether the books are behind the feed."""

    def __init__(self, limits: Risk, orders: Orders, gap_open: Callable[[], bool] = lambda: False) -> None:
        self.limits = limits
        self.killed = False
        self.stale = False
        self.refused: dict[str, int] = {}
        self._orders = orders
        self._gap_open = gap_open
        self._sent: deque[int] = deque()

    def check(self, intent: Intent) -> Refusal | None:
        """Walk the table; None means: send it, and it counts against the rate from now on."""
        for name, rule in CHECKS:
            broken = rule(self, intent)
            if broken is not None:
                self.refused[name] = self.refused.get(name, 0) + 1
                return Refusal(name, intent.instrument.symbol, broken[0], broken[1])
        self._sent.append(intent.now)
        return None

    def _kill_switch(self, _intent: Intent) -> tuple[int, int] | None:
        return (1, 0) if self.killed else None

    def _stale_book(self, _intent: Intent) -> tuple[int, int] | None:
        return (1, 0) if self.stale else None

    def _open_gap(self, _intent: Intent) -> tuple[int, int] | None:
        return (1, 0) if self._gap_open() else None

    def _halted(self, intent: Intent) -> tuple[int, int] | None:
        return (1, 0) if intent.instrument.halted else None

    def _size(self, intent: Intent) -> tuple[int, int] | None:
        limit = self.limits.max_order_shares
        return None if 1 <= intent.shares <= limit else (intent.shares, limit)

    def _price_collar(self, intent: Intent) -> tuple[int, int] | None:
        """Distance from the mid (else the last price) in 1/100 %, rounded up; no reference price refuses."""
        limit = self.limits.price_collar_bps
        reference = intent.instrument.mid() or intent.instrument.last
        if reference <= 0 or intent.price <= 0:
            return intent.price, limit
        distance = -(-abs(intent.price - reference) * 10_000 // reference)
        return None if distance <= limit else (distance, limit)

    def _order_notional(self, intent: Intent) -> tuple[int, int] | None:
        """In dollars, rounded up."""
        limit = self.limits.max_order_notional
        value = -(-intent.shares * intent.price // DOLLAR)
        return None if value <= limit else (value, limit)

    def _position(self, intent: Intent) -> tuple[int, int] | None:
        """Position if everything open on this side, and this order, were filled and nothing on the other."""
        limit = self.limits.max_position_shares
        symbol, side = intent.instrument.symbol, intent.side
        position = self._orders.positions.get(symbol, 0)
        extra = intent.shares
        if intent.replaces is not None:
            extra = max(0, extra - intent.replaces.remaining)
        exposed = self._orders.exposure(symbol, side) + extra
        reached = position + exposed if side == BUY else exposed - position
        return None if reached <= limit else (reached, limit)

    def _open_notional(self, intent: Intent) -> tuple[int, int] | None:
        """In dollars, rounded up, this order included."""
        limit = self.limits.max_open_notional
        value = -(-(self._orders.open_notional + intent.shares * intent.price) // DOLLAR)
        return None if value <= limit else (value, limit)

    def _open_orders(self, intent: Intent) -> tuple[int, int] | None:
        limit = self.limits.max_open_orders
        count = self._orders.open_count + (0 if intent.replaces is not None else 1)
        return None if count <= limit else (count, limit)

    def _self_cross(self, intent: Intent) -> tuple[int, int] | None:
        """An order must not be able to trade with an own open order on the other side."""
        other = SELL if intent.side == BUY else BUY
        for order in self._orders.open_orders(intent.instrument.symbol):
            if order.side != other:
                continue
            crossing = order.price <= intent.price if intent.side == BUY else order.price >= intent.price
            if crossing:
                return intent.price, order.price
        return None

    def _rate(self, intent: Intent) -> tuple[int, int] | None:
        """Orders and replaces in the second that ends now, this one included."""
        limit = self.limits.max_orders_per_second
        sent = self._sent
        while sent and sent[0] <= intent.now - SECOND:
            sent.popleft()
        return None if len(sent) < limit else (len(sent) + 1, limit)


CHECKS: tuple[tuple[str, Callable[[RiskGate, Intent], tuple[int, int] | None]], ...] = (
    ("kill_switch", RiskGate._kill_switch),
    ("stale_book", RiskGate._stale_book),
    ("open_gap", RiskGate._open_gap),
    ("halted", RiskGate._halted),
    ("size", RiskGate._size),
    ("price_collar", RiskGate._price_collar),
    ("order_notional", RiskGate._order_notional),
    ("position", RiskGate._position),
    ("open_notional", RiskGate._open_notional),
    ("open_orders", RiskGate._open_orders),
    ("self_cross", RiskGate._self_cross),
    ("rate", RiskGate._rate),
)
