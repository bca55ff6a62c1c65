"""Orders of the house for the opening and closing crosses: what index funds and late deciders send.

Per symbol and cross a few on-open or on-close orders come in before its cut-off, half of them at the market, the others
around the reference price; buys and sells do not balance, so that there is an imbalance to indicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exchange.clock import SECOND
from exchange.flow.random64 import Random64
from exchange.market import Market
from exchange.orders import limit_order
from exchange.participant import Participant
from exchange.schedule import Schedule

# When the house sends, in seconds before the cross: well inside what the exchange takes, on-open orders until 2 minutes
# before the opening and on-close orders until 10 minutes before the close.
_WINDOWS: tuple[tuple[str, int, int], ...] = (("O", 300, 150), ("C", 900, 630))
# Most of the symbols of a real day have interest in both crosses; a few orders each make a price.
ORDERS_PER_SYMBOL = 6
_AT_MARKET = 0.5
_BUYS = 0.55
_SPREAD = 0.01
_LOT = 100
# OUCH 5.0 §5.1: the price of an order without a limit.
_MARKET_PRICE = 2_000_000_000


class CrossInterest(Participant):
    """Sends its orders at times drawn in advance, in their order. ``symbols`` take part, ``seed`` is 64 bits.

    ``schedule`` says when the crosses are.
    """

    def __init__(self, market: Market, symbols: Sequence[str], seed: int, schedule: Schedule) -> None:
        self._market = market
        self._owner = market.join(self)
        rng = Random64(seed)
        plan: list[tuple[int, int, str, str]] = []
        times = {"O": schedule.market_opens, "C": schedule.market_closes}
        for cross, before, until in _WINDOWS:
            begin, end = times[cross] - before * SECOND, times[cross] - until * SECOND
            for symbol in symbols:
                for _ in range(ORDERS_PER_SYMBOL):
                    plan.append((begin + rng.below(end - begin), len(plan), symbol, cross))
        self._plan = sorted(plan, reverse=True)
        self._rng = rng
        self._sent = 0
        self._executed = 0

    def start(self, now: int) -> None:
        """What should have come before ``now`` does not come at all."""
        while self._plan and self._plan[-1][0] < now:
            self._plan.pop()

    def next_time(self) -> int | None:
        """When the next order is due."""
        return self._plan[-1][0] if self._plan else None

    def step(self) -> None:
        """Send the next order."""
        time, _, symbol, cross = self._plan.pop()
        market = self._market
        reference = market.directory.listings[symbol].price
        buy = self._rng.random() < _BUYS
        if self._rng.random() < _AT_MARKET:
            price = _MARKET_PRICE
        else:
            away = int(reference * _SPREAD * (2 * self._rng.random() - 1))
            price = max(_LOT, (reference + away) // _LOT * _LOT)
        order = limit_order(
            market.book(symbol),
            buy,
            _LOT * (1 + self._rng.below(20)),
            price,
            market.engine.next_reference(),
            self._owner,
        )
        order.auction = ord(cross)
        self._sent += 1
        market.enter(order, time)

    def counters(self) -> dict[str, Any]:
        """Orders sent and shares executed in crosses."""
        return {"orders": self._sent, "executed_shares": self._executed}

    def auctioned(self, order: Any, shares: int, shown: int, price: int, match: int, cross: int) -> None:
        """Count an own execution."""
        del order, shown, price, match, cross
        self._executed += shares
