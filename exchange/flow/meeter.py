"""The honest twin of the wash trader: two desks of one owner that meet in the market by chance."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.flow.agent import Agent
from exchange.flow.agent_spec import Parameter


class Meeter(Agent):
    """One desk has stood at the touch for ``rest`` when the other one takes what it wants there, whoever's it is."""

    KIND = "meet"
    INTENT = "trade for two desks that know nothing of each other"
    ACCOUNTS = 2
    PARAMETERS = (
        Parameter("size", "shares", 400, 1, 999_999, "shares of the resting order"),
        Parameter("takes", "shares", 300, 1, 999_999, "shares of each taking order"),
        Parameter("times", "orders", 3, 1, 1000, "taking orders an episode"),
        Parameter("rest", "seconds", 0.6, 0.001, 3600.0, "time from one order to the next"),
    )

    def episode(self) -> Iterator[int]:
        """Rest with one, take with the other, several times."""
        self.side = "BS"
        resting, taking = self.accounts
        buy = self.rng.random() < 0.5
        for _ in range(self.value("times")):
            touch = self.touch()
            if touch is None:
                return
            bid, ask = touch
            room = ask - bid >= 2 * self.tick(bid)
            ahead = self.tick(bid) if room else 0
            order = resting.enter(self.book, buy, self.value("size"), bid + ahead if buy else ask - ahead, self.now)
            yield self.now + self.value("rest")
            touch = self.touch()
            if touch is not None:
                taking.enter(self.book, not buy, self.value("takes"), touch[0] if buy else touch[1], self.now, ioc=True)
            yield self.now + self.value("rest")
            resting.cancel(order, self.now)
