"""The spoofer: large orders it does not want to trade, against a small one that it does.

The genuine order stands at the touch, the pressure away from it on the other side. When the genuine order has traded,
or did not in time, the pressure goes within milliseconds; so it does when the touch comes near it.
"""

from __future__ import annotations

from collections.abc import Iterator

from exchange.flow.agent import MS, Agent
from exchange.flow.agent_spec import Parameter
from exchange.orders import Order

_WITHDRAWN_WITHIN = MS // 4

SHARED: tuple[Parameter, ...] = (
    Parameter("side", "side", "both", 0, 0, "side of the genuine order: B, S, or both, one at random each time"),
    Parameter("genuine", "shares", 100, 1, 999_999, "shares it wants to trade"),
    Parameter("away", "ticks", 5, 2, 10_000, "distance of the pressure from the touch"),
    Parameter("hold", "seconds", 8.0, 0.001, 86_400.0, "how long it waits for the genuine order to trade"),
    Parameter("chase", "ms", 20.0, 1.0, 60_000.0, "how often it looks at the market"),
    Parameter("react", "ms", 3.0, 0.001, 1000.0, "longest time from the trade to the first cancel"),
)


class Spoofer(Agent):
    """Pressure is ``orders`` orders of ``size`` shares at one price."""

    KIND = "spoof"
    INTENT = "move the price with orders that are not meant to trade"
    HONEST = False
    PARAMETERS = (
        *SHARED,
        Parameter("size", "shares", 5000, 1, 999_999, "shares of each order of the pressure"),
        Parameter("orders", "orders", 1, 1, 100, "orders of the pressure"),
    )

    def episode(self) -> Iterator[int]:
        """Press, wait for the trade, withdraw."""
        touch = self.touch()
        if touch is None:
            return
        buy = self.chosen_side()
        self.side = "B" if buy else "S"
        account = self.accounts[0]
        size = self.value("size")
        prices = self.pressure_prices(not buy)
        pressure = [account.enter(self.book, not buy, size, price, self.now) for price in prices]
        yield self.now + 1 + self.rng.below(MS)
        genuine = account.enter(
            self.book, buy, self.value("genuine"), self._front(buy, self.touch() or touch), self.now
        )
        self.genuine = [genuine.ref]
        end = self.now + self.value("hold")
        while account.filled == 0 and self.now < end and not self._at_risk(not buy, prices[0]):
            self.react_after(1 + self.rng.below(self.value("react")))
            yield min(end, self.now + self.value("chase"))
            if account.filled == 0:
                genuine = self._chase(genuine)
        for order in pressure:
            account.cancel(order, self.now)
            yield self.now + 1 + self.rng.below(_WITHDRAWN_WITHIN)
        account.cancel(genuine, self.now)

    def pressure_prices(self, buy: bool) -> list[int]:
        """Where the pressure stands, one price an order."""
        return [self._away(buy, self.value("away"))] * self.value("orders")

    def _away(self, buy: bool, ticks: int) -> int:
        """A price so many ticks behind the touch of a side."""
        level = self.book.side(buy).best_displayed()
        opposite = self.book.side(not buy).best_displayed()
        if level is not None:
            at = level.price
        else:
            at = opposite.price if opposite is not None else self.market.directory.listings[self.book.symbol].price
        away = ticks * self.tick(at)
        return max(self.tick(at), at - away) if buy else at + away

    def _at_risk(self, buy: bool, price: int) -> bool:
        """Whether pressure at a price is the touch of its side, or next to it."""
        level = self.book.side(buy).best_displayed()
        return level is not None and abs(level.price - price) <= self.tick(price)

    def _front(self, buy: bool, touch: tuple[int, int]) -> int:
        """The best price that does not trade at once: ahead of the touch by a tick, where there is room."""
        bid, ask = touch
        tick = self.tick(bid)
        if ask - bid <= tick:
            return bid if buy else ask
        return bid + tick if buy else ask - tick

    def _chase(self, genuine: Order) -> Order:
        """Move the genuine order when it is not the best one any more."""
        touch = self.touch()
        if touch is None or genuine.price == (touch[0] if genuine.buy else touch[1]):
            return genuine
        moved = self.accounts[0].move(genuine, self._front(genuine.buy, touch), self.now)
        if moved.ref not in self.genuine:
            self.genuine.append(moved.ref)
        return moved
