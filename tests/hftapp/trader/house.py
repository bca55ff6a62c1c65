"""The trader's orders at one venue, spoken to in messages rather than in bytes."""

from typing import Any

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import ADOPTED, BUY, SELL, Order
from hftapp.trader.orders import Orders
from hftapp.units import Notional, Price, Shares
from protocols import ouch50


class House(Orders):
    """The orders of one venue with the instruments they name, spoken to in messages rather than in bytes."""

    def __init__(self, run: str = "", **settings: Any) -> None:
        self.instruments: dict[str, Instrument] = {}
        super().__init__(self.instrument, run=run, **{"max_open": 8, "max_dead": 64, "max_fills": 64, **settings})

    def instrument(self, symbol: str) -> Instrument:
        return self.instruments.setdefault(symbol, Instrument(symbol, len(self.instruments)))

    @property
    def aapl(self) -> Instrument:
        return self.instrument("AAPL")

    def buy(self, shares: int = 100, price: int = 10_0000, side: int = BUY) -> Order:
        return self.enter(self.aapl, 0, side, Shares(shares), Price(price))

    def hear(self, message: ouch50.OuchOutbound) -> int:
        return self.raw(message.encode())

    def raw(self, data: bytes) -> int:
        return self.on_message(0, b"..." + data + b"..", 3, len(data))

    def count(self, name: str) -> int:
        return self.counts()[name]

    @property
    def fill(self) -> tuple[Order | None, int, int, int]:
        return self.order, self.fill_shares, self.fill_price, self.fill_match

    @property
    def adopted(self) -> list[Order]:
        found = [order for order in self.open_orders() if order.owner == ADOPTED]
        assert len(found) == self.adopted_count
        return found

    def check(self) -> None:
        """Everything that is kept up to date is what it would be if it were added up now."""
        everything = self.open_orders()
        assert self.open_count == len(everything)
        assert self.open_notional == sum((order.remaining * order.price for order in everything), Notional(0))
        for instrument in self.instruments.values():
            own = instrument.own[: instrument.own_count]
            assert set(own) == {order for order in everything if order.instrument is instrument}
            assert all(order.place == place for place, order in enumerate(own))
            assert all(order.side == 0 for order in instrument.own[instrument.own_count :])
            assert instrument.open_notional == sum((order.remaining * order.price for order in own), Notional(0))
            for side, exposed in ((BUY, instrument.exposed_buy), (SELL, instrument.exposed_sell)):
                assert exposed == sum(exposure(order) for order in own if order.side == side)


def exposure(order: Order) -> int:
    if order.replaces is not None:
        return 0
    return max(order.remaining, order.replaced_by.remaining if order.replaced_by is not None else 0)
