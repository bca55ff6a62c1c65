"""The honest market maker: a bid and an ask around the middle, moved with the market, smaller where it holds stock."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.flow.agent import MS, Agent
from exchange.flow.agent_spec import Parameter
from exchange.orders import Order


class Quoter(Agent):
    """Quotes both sides for ``hold``, then withdraws; its label covers that time."""

    KIND = "quote"
    INTENT = "provide liquidity on both sides"
    PARAMETERS = (
        Parameter("size", "shares", 100, 1, 999_999, "shares a side"),
        Parameter("behind", "ticks", 0, 0, 1000, "distance from the touch"),
        Parameter("refresh", "ms", 100.0, 1.0, 60_000.0, "how often the quotes are looked after"),
        Parameter("hold", "seconds", 5.0, 0.01, 86_400.0, "length of an episode"),
        Parameter("limit", "shares", 1000, 1, 9_999_999, "position above which one side is not quoted"),
    )

    def episode(self) -> Iterator[int]:
        """Look after both quotes until the time is over."""
        self.side = "BS"
        end = self.now + self.value("hold")
        quotes: dict[bool, Order | None] = {True: None, False: None}
        while self.now < end:
            touch = self.touch()
            if touch is not None:
                for buy in (True, False):
                    quotes[buy] = self._quote(quotes[buy], buy, touch)
            self.react_after(self.rng.below(5 * MS) + MS)
            yield min(end, self.now + self.value("refresh"))
        self.accounts[0].cancel_all(self.now)

    def _quote(self, order: Order | None, buy: bool, touch: tuple[int, int]) -> Order | None:
        account = self.accounts[0]
        at = touch[0] if buy else touch[1]
        away = self.value("behind") * self.tick(at)
        price = max(self.tick(at), at - away if buy else at + away)
        live = order is not None and order.open_shares() > 0
        if (account.position if buy else -account.position) >= self.value("limit"):
            if order is not None and live:
                account.cancel(order, self.now)
            return None
        if order is None or not live:
            return account.enter(self.book, buy, self.value("size"), price, self.now)
        return order if order.price == price else account.move(order, price, self.now)
