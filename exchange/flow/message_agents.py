"""Agents that are conspicuous by the number of their messages: three that offend, and one that only looks like it."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.flow.agent import Agent
from exchange.flow.agent_spec import Parameter

_AWAY = Parameter("away", "ticks", 20, 1, 10_000, "distance from the touch")
_SIZE = Parameter("size", "shares", 100, 1, 999_999, "shares of each order")


class MessageAgent(Agent):
    """An agent that works behind the touch, where nobody trades with it by chance."""

    HONEST = False

    def behind(self, buy: bool, ticks: int) -> int:
        """A price so many ticks behind the touch, 0 while there is none."""
        touch = self.touch()
        if touch is None:
            return 0
        best = touch[0] if buy else touch[1]
        away = ticks * self.tick(best)
        return max(self.tick(best), best - away) if buy else best + away


class Stuffer(MessageAgent):
    """Enters and withdraws ``orders`` orders one after the other, each after ``lifetime``."""

    KIND = "stuff"
    INTENT = "load the market with orders that nobody can trade with"
    PARAMETERS = (
        _SIZE,
        _AWAY,
        Parameter("orders", "orders", 300, 1, 100_000, "orders an episode"),
        Parameter("lifetime", "ms", 1.0, 0.001, 1000.0, "how long each of them stands"),
        Parameter("gap", "ms", 1.0, 0.001, 1000.0, "time from its end to the next one"),
    )

    def episode(self) -> Iterator[int]:
        """One order after the other."""
        buy = self.rng.random() < 0.5
        self.side = "B" if buy else "S"
        for _ in range(self.value("orders")):
            price = self.behind(buy, self.value("away"))
            if price == 0:
                return
            order = self.accounts[0].enter(self.book, buy, self.value("size"), price, self.now)
            yield self.now + self.value("lifetime")
            self.accounts[0].cancel(order, self.now)
            yield self.now + self.value("gap")


class Churner(Stuffer):
    """The same without haste: no second is conspicuous, only that nothing ever trades."""

    KIND = "churn"
    INTENT = "send orders for hours and never trade"
    PARAMETERS = (
        _SIZE,
        _AWAY,
        Parameter("orders", "orders", 600, 1, 100_000, "orders an episode"),
        Parameter("lifetime", "ms", 12.0, 0.001, 60_000.0, "how long each of them stands"),
        Parameter("gap", "ms", 13.0, 0.001, 60_000.0, "time from its end to the next one"),
    )


class Flooder(MessageAgent):
    """An algorithm out of control: moves one order to and fro, ``gap`` apart."""

    KIND = "flood"
    INTENT = "send messages without end, by a fault"
    PARAMETERS = (
        _SIZE,
        _AWAY,
        Parameter("messages", "messages", 1500, 1, 1_000_000, "replaces an episode"),
        Parameter("gap", "ms", 0.5, 0.001, 1000.0, "time between them"),
    )

    def episode(self) -> Iterator[int]:
        """Replace after replace."""
        buy = self.rng.random() < 0.5
        self.side = "B" if buy else "S"
        price = self.behind(buy, self.value("away"))
        if price == 0:
            return
        account = self.accounts[0]
        order = account.enter(self.book, buy, self.value("size"), price, self.now)
        for number in range(self.value("messages")):
            yield self.now + self.value("gap")
            order = account.move(order, price + (number + 1) % 2 * self.tick(price), self.now)
        account.cancel(order, self.now)


class Builder(MessageAgent):
    """The honest twin of the stuffer and the flooder: as many orders in as short a time, but they stand and trade, and
    are withdrawn without haste."""

    KIND = "build"
    INTENT = "build up quotes at many prices, as at an open"
    HONEST = True
    PARAMETERS = (
        _SIZE,
        Parameter("orders", "orders", 220, 2, 100_000, "orders an episode, half of them on each side"),
        Parameter("gap", "ms", 2.0, 0.001, 1000.0, "time from one to the next"),
        Parameter("hold", "seconds", 3.0, 0.001, 3600.0, "how long they stand"),
        Parameter("slowly", "ms", 15.0, 0.001, 60_000.0, "time between the withdrawals"),
    )

    def episode(self) -> Iterator[int]:
        """Build up from the touch outwards, wait, withdraw."""
        self.side = "BS"
        account = self.accounts[0]
        for number in range(self.value("orders")):
            buy = number % 2 == 0
            price = self.behind(buy, number // 2)
            if price:
                account.enter(self.book, buy, self.value("size"), price, self.now)
            yield self.now + self.value("gap")
        yield self.now + self.value("hold")
        for order in list(account.resting.values()):
            account.cancel(order, self.now)
            yield self.now + self.value("slowly")
