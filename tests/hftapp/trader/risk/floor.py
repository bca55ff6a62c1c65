"""A gate with small limits, an instrument around 100 dollars, and the totals that `Orders` would keep."""

from typing import Any

from hftapp.config import Risk
from hftapp.trader.instrument import Instrument
from hftapp.trader.order import Order
from hftapp.trader.risk.checks import NAMES
from hftapp.trader.risk.gate import RiskGate
from hftapp.trader.totals import Totals
from hftapp.units import Price, Shares

BUY, SELL = 1, -1
DOLLAR = 10_000
PRICE = 100 * DOLLAR
CENT = 100
SECOND = 1_000_000_000
MICROSECOND = 1_000
START = 1_000 * SECOND

LIMITS: dict[str, Any] = {
    "max_order_shares": 1_000,
    "max_order_notional": 200_000,
    "price_collar_bps": 100,
    "fat_finger_bps": 50,
    "max_position_shares": 2_000,
    "max_symbol_open_notional": 300_000,
    "max_open_notional": 500_000,
    "max_open_orders": 5,
    "max_gross_exposure": 1_000_000,
    "max_net_exposure": 800_000,
    "max_executed_notional": 5_000_000,
    "max_orders_per_second": 10,
    "max_symbol_orders_per_second": 6,
    "duplicate_window_us": 500,
    "permitted": ("*",),
    "restricted": (),
    "borrow": {"*": 1_000},
}


class Floor:
    """Gate, totals, one instrument quoted 99.98 to 100.02 with 1,000 shares located."""

    def __init__(self, sessions: int = 1, **changes: object) -> None:
        self.totals = Totals()
        self.instrument = instrument()
        self.gate = RiskGate(Risk(**(LIMITS | changes)), self.totals, sessions)
        self.now = START

    def ask(
        self,
        side: int = BUY,
        shares: int = 100,
        price: int = PRICE,
        *,
        replaces: Order | None = None,
        instrument: Instrument | None = None,
        after: int = SECOND,
    ) -> str:
        """The name of the check that refuses an order `after` ns, "passed" when none does."""
        self.now += after
        code = self.gate.check(instrument or self.instrument, side, Shares(shares), Price(price), replaces, self.now)
        return NAMES[code]

    @property
    def said(self) -> tuple[int, int]:
        """Value and limit of the last refusal."""
        return self.gate.value, self.gate.limit

    def own(self, side: int, shares: int = 100, price: int = PRICE) -> Order:
        """An open order of ours in the instrument."""
        order = resting(side, shares, price)
        self.instrument.own.append(order)
        self.instrument.own_count += 1
        if side == BUY:
            self.instrument.exposed_buy += order.remaining
        else:
            self.instrument.exposed_sell += order.remaining
        return order


def instrument(symbol: str = "AAPL", index: int = 3) -> Instrument:
    """A symbol quoted 99.98 to 100.02."""
    made = Instrument(symbol, index)
    made.bid, made.ask = Price(PRICE - 2 * CENT), Price(PRICE + 2 * CENT)
    made.bid_shares = made.ask_shares = Shares(500)
    made.borrow = Shares(1_000)
    return made


def resting(side: int, shares: int = 100, price: int = PRICE) -> Order:
    """An order on the book."""
    order = Order()
    order.side, order.remaining, order.price = side, Shares(shares), Price(price)
    return order
