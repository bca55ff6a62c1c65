"""The honest twin of the layerer: a market maker with a ladder of orders, one a price, on both sides."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.flow.agent import Agent
from exchange.flow.agent_spec import Parameter
from exchange.orders import Order


class Ladder(Agent):
    """``levels`` orders a side, a tick apart from the touch on; they follow the market until ``hold`` is over."""

    KIND = "ladder"
    INTENT = "provide liquidity at several prices on both sides"
    PARAMETERS = (
        Parameter("size", "shares", 1500, 1, 999_999, "shares of each order"),
        Parameter("levels", "levels", 5, 1, 100, "orders a side"),
        Parameter("refresh", "ms", 200.0, 1.0, 60_000.0, "how often the ladder is looked after"),
        Parameter("hold", "seconds", 5.0, 0.01, 86_400.0, "length of an episode"),
    )

    def episode(self) -> Iterator[int]:
        """Look after both ladders until the time is over."""
        self.side = "BS"
        end = self.now + self.value("hold")
        ladders: dict[bool, list[Order]] = {True: [], False: []}
        while self.now < end:
            touch = self.touch()
            if touch is not None:
                for buy in (True, False):
                    ladders[buy] = self._look_after(ladders[buy], buy, touch[0] if buy else touch[1])
            yield min(end, self.now + self.value("refresh"))
        self.accounts[0].cancel_all(self.now)

    def _look_after(self, orders: list[Order], buy: bool, best: int) -> list[Order]:
        """The ladder as it should stand: orders that traded are entered anew, others moved."""
        account, tick = self.accounts[0], self.tick(best)
        standing = [order for order in orders if order.open_shares()]
        wanted = [best - i * tick if buy else best + i * tick for i in range(self.value("levels"))]
        ladder = []
        for number, price in enumerate(price for price in wanted if price > 0):
            if number >= len(standing):
                ladder.append(account.enter(self.book, buy, self.value("size"), price, self.now))
            elif standing[number].price == price:
                ladder.append(standing[number])
            else:
                ladder.append(account.move(standing[number], price, self.now))
        return ladder
