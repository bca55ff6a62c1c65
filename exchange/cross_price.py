"""The price of a cross: where the most shares trade.

The rules are those of Nasdaq Rules 4752(d) (opening), 4753(b) (halt) and 4754(b) (closing), in this order:

1. the price at which the most shares are executed;
2. of those, the one that leaves the smallest imbalance;
3. of those, an entered price at which shares will remain unexecuted: the limit of an order of the heavier side;
4. of those, the one nearest to the anchor (the midpoint of the touch); of two as near, the lower.

Candidates are all limit prices and the anchor. Imbalance-only orders trade with the imbalance that the others leave,
never with each other. Because rule 1 looks at every entered price, no two orders that are left could trade with each
other: the book is never crossed after a cross (see the tests).

Prices are price4 integers, quantities whole shares.
"""

from __future__ import annotations

from dataclasses import dataclass

BUY, SELL, BALANCED = "B", "S", "N"


@dataclass(frozen=True, slots=True)
class Clearing:
    """What a cross at ``price`` does: shares ``paired``, shares left over and on which side (ITCH NOII code)."""

    price: int
    paired: int
    imbalance: int
    direction: str


class Interest:
    """How much is wanted and offered at each limit price, market orders and imbalance-only orders apart."""

    def __init__(self) -> None:
        self.market_buy = 0
        self.market_sell = 0
        self._limits: dict[int, list[int]] = {}
        self._offset_buy = 0
        self._buy = 0

    def __bool__(self) -> bool:
        return bool(self.market_buy or self.market_sell or self._limits)

    def add_market(self, buy: bool, shares: int) -> None:
        """Add shares that trade at any price."""
        if buy:
            self.market_buy += shares
        else:
            self.market_sell += shares

    def add(self, buy: bool, price: int, shares: int, imbalance_only: bool = False) -> None:
        """Add shares with a limit."""
        row = self._limits.setdefault(price, [0, 0, 0, 0])
        row[(0 if buy else 1) + (2 if imbalance_only else 0)] += shares
        if buy:
            if imbalance_only:
                self._offset_buy += shares
            else:
                self._buy += shares

    def clear(self, anchor: int, low: int = 0, high: int = 0) -> Clearing | None:
        """The best price, at or within ``low`` and ``high`` if they are given; None when there is no candidate.

        ``anchor``: what rule 4 measures from, 0 = there is none. Both bounds are candidates too.
        """
        prices = set(self._limits)
        prices.update(price for price in (anchor, low, high) if price)
        best_rank: tuple[int, int, bool, int, int] | None = None
        best_left = 0
        wanted, offered = self.market_buy + self._buy, self.market_sell
        offset_wanted, offset_offered = self._offset_buy, 0
        for price in sorted(prices):
            row = self._limits.get(price, _NOTHING)
            offered += row[1]
            offset_offered += row[3]
            if low <= price and (not high or price <= high):
                paired, left = _at(wanted, offered, offset_wanted, offset_offered)
                entered = left > 0 < row[0] or left < 0 < row[1]
                rank = (-paired, abs(left), not entered, abs(price - anchor) if anchor else 0, price)
                if best_rank is None or rank < best_rank:
                    best_rank, best_left = rank, left
            wanted -= row[0]
            offset_wanted -= row[2]
        if best_rank is None:
            return None
        direction = BUY if best_left > 0 else SELL if best_left < 0 else BALANCED
        return Clearing(best_rank[4], -best_rank[0], abs(best_left), direction)


_NOTHING = (0, 0, 0, 0)


def _at(wanted: int, offered: int, offset_wanted: int, offset_offered: int) -> tuple[int, int]:
    """Shares paired, and shares left: above 0 to buy, below 0 to sell."""
    left = wanted - offered
    if left >= 0:
        offset = min(left, offset_offered)
        return offered + offset, left - offset
    offset = min(-left, offset_wanted)
    return wanted + offset, left + offset
