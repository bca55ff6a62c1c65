"""One account that trades with itself, and its honest twin, whom self-match prevention keeps from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from exchange.flow.agent import MS, Agent
from exchange.flow.agent_spec import Parameter

_LOOK_AGAIN = 20 * MS


class SelfTrader(Agent):
    """``trades`` times it quotes alone inside the spread and hits that itself; where there is no room it waits."""

    KIND = "self"
    INTENT = "trade with oneself, again and again"
    HONEST = False
    PREVENTION: ClassVar[int] = 0
    PARAMETERS = (
        Parameter("size", "shares", 100, 1, 999_999, "shares of each order"),
        Parameter("trades", "trades", 5, 1, 1000, "trades an episode"),
        Parameter("react", "ms", 50.0, 0.001, 1000.0, "longest time from the quote to the hit"),
        Parameter("patience", "seconds", 3.0, 0.0, 3600.0, "how long it waits for room inside the spread"),
    )

    def episode(self) -> Iterator[int]:
        """Quote and hit, the sides in turn."""
        self.side = "BS"
        account, size = self.accounts[0], self.value("size")
        buy = self.rng.random() < 0.5
        for _ in range(self.value("trades")):
            end = self.now + self.value("patience")
            while (price := self._inside(buy)) == 0 and self.now < end:
                yield self.now + _LOOK_AGAIN
            if price == 0:
                return
            order = account.enter(self.book, buy, size, price, self.now, prevention=self.PREVENTION)
            yield self.now + 1 + self.rng.below(self.value("react"))
            account.enter(self.book, not buy, size, price, self.now, ioc=True, prevention=self.PREVENTION)
            account.cancel(order, self.now)
            yield self.now + 1 + self.rng.below(self.value("react"))
            buy = not buy

    def _inside(self, buy: bool) -> int:
        """A price a tick ahead of the touch, 0 when there is no room for one."""
        touch = self.touch()
        if touch is None or touch[1] - touch[0] < 2 * self.tick(touch[0]):
            return 0
        return touch[0] + self.tick(touch[0]) if buy else touch[1] - self.tick(touch[0])


class Guarded(SelfTrader):
    """The same orders with self-match prevention (OUCH 5.0 §5.7: cancel the resting one, within the firm)."""

    KIND = "guard"
    INTENT = "trade on both sides, never with oneself"
    HONEST = True
    PREVENTION = ord("O")
