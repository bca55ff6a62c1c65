"""What books can be asked: prices, shares and orders of every level, and what remains of a displayed order."""

from __future__ import annotations

import cython

from hftapp.book.levels import Levels
from hftapp.book.order_table import OrderTable
from hftapp.book.stocks import Stocks

if not cython.compiled:
    from hftapp.units import Price, Shares


@cython.cclass
class Depth:
    """Books of the locates 0 to `max_locates` - 1, with room for so many orders and price levels before they must grow.

    `side` is 1 for bids and -1 for asks (`hftapp.trader.order`), `i` counts levels from the best, which is 0. Prices
    are price4. A locate must be below `max_locates`.
    """

    def __init__(self, max_orders: int, max_locates: int, max_levels: int) -> None:
        self.max_locates = max_locates
        self.orders = OrderTable(max(16, 1 << (2 * max_orders - 1).bit_length()))
        self.levels = Levels(2 * max_locates, max_levels)
        self.stocks = Stocks(max_locates)

    def depth(self, locate: int, side: int) -> int:
        """Return the number of price levels."""
        return self.levels.depth(2 * locate + (side < 0))

    def best_price(self, locate: int, side: int) -> Price:
        """Return the best price, 0 when the side is empty."""
        return self.levels.price(2 * locate + (side < 0), 0)

    def best_shares(self, locate: int, side: int) -> Shares:
        """Return the shares at the best price, 0 when the side is empty."""
        return self.levels.shares(2 * locate + (side < 0), 0)

    def level_price(self, locate: int, side: int, i: int) -> Price:
        """Return the price of a level, 0 when there is none."""
        return self.levels.price(2 * locate + (side < 0), i)

    def level_shares(self, locate: int, side: int, i: int) -> Shares:
        """Return the shares at a level, 0 when there is none."""
        return self.levels.shares(2 * locate + (side < 0), i)

    def level_orders(self, locate: int, side: int, i: int) -> int:
        """Return the number of orders at a level, 0 when there is none."""
        return self.levels.orders(2 * locate + (side < 0), i)

    def shares_at(self, locate: int, side: int, price: Price) -> Shares:
        """Return the shares at a price, 0 when there is no such level."""
        return self.levels.shares_at(2 * locate + (side < 0), price)

    def order_shares(self, reference: int) -> Shares:
        """Return what remains of a displayed order, 0 when it is on no book."""
        return self.orders.shares(reference)

    def order_price(self, reference: int) -> Price:
        """Return the price at which a displayed order rests, 0 when it is on no book."""
        return self.orders.price(reference)

    def side_view(self, locate: int, side: int) -> list[list[int]]:
        """Return `[price4, shares, orders]` of every level, best first."""
        half = 2 * locate + (side < 0)
        return [
            [self.levels.price(half, i), self.levels.shares(half, i), self.levels.orders(half, i)]
            for i in range(self.levels.depth(half))
        ]
