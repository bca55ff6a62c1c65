"""The wash trader: two accounts of one beneficial owner that trade with each other, at a touch they make themselves."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.flow.agent import MS, Agent
from exchange.flow.agent_spec import Parameter

_LOOK_AGAIN = 20 * MS


class Washer(Agent):
    """``trades`` times one account quotes alone inside the spread and the other one hits it.

    The sides alternate, so that neither gains a position. Where there is no room inside the spread it waits for some,
    ``patience`` at most.
    """

    KIND = "wash"
    INTENT = "show volume without a change of ownership"
    HONEST = False
    ACCOUNTS = 2
    PARAMETERS = (
        Parameter("size", "shares", 200, 1, 999_999, "shares of each trade"),
        Parameter("trades", "trades", 2, 1, 1000, "trades an episode"),
        Parameter("react", "ms", 2.0, 0.001, 1000.0, "longest time from the quote to the hit"),
        Parameter("patience", "seconds", 5.0, 0.0, 3600.0, "how long it waits for room inside the spread"),
    )

    def episode(self) -> Iterator[int]:
        """Quote with one, hit with the other, and the other way round."""
        self.side = "BS"
        quoting, hitting = self.accounts
        buy = self.rng.random() < 0.5
        for _ in range(self.value("trades")):
            end = self.now + self.value("patience")
            price = self._inside(buy)
            while price == 0 and self.now < end:
                yield self.now + _LOOK_AGAIN
                price = self._inside(buy)
            if price == 0:
                return
            order = quoting.enter(self.book, buy, self.value("size"), price, self.now)
            yield self.now + 1 + self.rng.below(self.value("react"))
            hitting.enter(self.book, not buy, self.value("size"), price, self.now, ioc=True)
            quoting.cancel(order, self.now)
            yield self.now + 1 + self.rng.below(self.value("react"))
            buy = not buy

    def _inside(self, buy: bool) -> int:
        """A price a tick ahead of the touch, 0 when there is no room for one."""
        touch = self.touch()
        if touch is None:
            return 0
        tick = self.tick(touch[0])
        if touch[1] - touch[0] < 2 * tick:
            return 0
        return touch[0] + tick if buy else touch[1] - tick
