"""Agents that move the price by taking: one at the close, one to turn round; and one in a symbol it must not touch."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.flow.agent import Agent
from exchange.flow.agent_spec import Parameter
from exchange.flow.taker import Taker

_SIDE = Parameter("side", "side", "both", 0, 0, "direction of the push: B, S, or both, one at random each time")


class Pusher(Agent):
    """An agent that sweeps the book."""

    HONEST = False

    def sweep(self, buy: bool, bps: int, least: int = 0) -> None:
        """Take all that is displayed up to so many hundredths of a per cent beyond the touch, and up to a price that is
        ``least`` (price4, 0: none)."""
        touch = self.touch()
        if touch is None:
            return
        best = touch[1] if buy else touch[0]
        tick = self.tick(best)
        reach = best * bps // 10_000 // tick * tick
        limit = max(best + reach, least) if buy else max(tick, min(best - reach, least or best))
        shares = sum(
            level.shares for level in self.book.side(not buy) if (level.price <= limit if buy else level.price >= limit)
        )
        if shares:
            self.accounts[0].enter(self.book, buy, shares, limit, self.now, ioc=True)


class Marker(Pusher):
    """Sweeps ``pushes`` times, ``gap`` apart. When the close is, ``at`` has to say."""

    KIND = "mark"
    INTENT = "move the closing price"
    PARAMETERS = (
        _SIDE,
        Parameter("pushes", "orders", 5, 1, 1000, "sweeps an episode"),
        Parameter("reach", "bps", 4, 1, 1000, "how far each of them goes beyond the touch"),
        Parameter("gap", "ms", 400.0, 0.001, 60_000.0, "time between them"),
    )

    def episode(self) -> Iterator[int]:
        """Push, and push again."""
        buy = self.chosen_side()
        self.side = "B" if buy else "S"
        for _ in range(self.value("pushes")):
            self.sweep(buy, self.value("reach"))
            yield self.now + self.value("gap")


class Igniter(Pusher):
    """Sweeps ``pushes`` times in a hurry, each time ``reach`` further than the last, however many new orders come in
    between; waits for others to follow, and gets rid of what it took."""

    KIND = "ignite"
    INTENT = "start a move in order to turn round in it"
    PARAMETERS = (
        _SIDE,
        Parameter("pushes", "orders", 5, 3, 1000, "sweeps of the burst"),
        Parameter("reach", "bps", 3, 1, 1000, "how much further each of them goes"),
        Parameter("gap", "ms", 30.0, 0.001, 1000.0, "time between them"),
        Parameter("pause", "ms", 300.0, 0.001, 4000.0, "from the burst to the turn"),
        Parameter("turns", "orders", 20, 1, 1000, "orders it takes to turn round at most"),
    )

    def episode(self) -> Iterator[int]:
        """Push, pause, turn round."""
        buy = self.chosen_side()
        self.side = "B" if buy else "S"
        account = self.accounts[0]
        before = account.position
        touch = self.touch()
        if touch is None:
            return
        start, tick = touch[1] if buy else touch[0], self.tick(touch[0])
        for number in range(1, self.value("pushes") + 1):
            way = start * self.value("reach") * number // 10_000 // tick * tick
            self.sweep(buy, 0, start + way if buy else max(tick, start - way))
            yield self.now + self.value("gap")
        yield self.now + self.value("pause")
        for _ in range(self.value("turns")):
            left = abs(account.position - before)
            touch = self.touch()
            if not left:
                return
            if touch is not None:
                reach = touch[0] * 20 // 10_000 // self.tick(touch[0]) * self.tick(touch[0])
                price = max(self.tick(touch[0]), touch[0] - reach) if buy else touch[1] + reach
                account.enter(self.book, not buy, left, price, self.now, ioc=True)
            yield self.now + self.value("gap")


class Stray(Taker):
    """Takes like the taker, in a symbol that is on the restricted list."""

    KIND = "stray"
    INTENT = "trade in a restricted symbol"
    HONEST = False
