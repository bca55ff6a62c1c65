"""The orders that wait outside the books for a cross."""

from __future__ import annotations

from exchange.orders import Order

_SLACK = 64


class HeldOrders:
    """Orders by symbol, in the order they came. Cancelled ones (no shares) are forgotten by and by."""

    def __init__(self) -> None:
        self._orders: dict[str, list[Order]] = {}
        self._limit: dict[str, int] = {}

    def add(self, order: Order) -> None:
        """Keep an order."""
        symbol = order.book.symbol
        orders = self._orders.setdefault(symbol, [])
        orders.append(order)
        if len(orders) > self._limit.get(symbol, _SLACK):
            orders[:] = [one for one in orders if one.shares]
            self._limit[symbol] = 2 * len(orders) + _SLACK

    def of(self, symbol: str) -> list[Order]:
        """The open orders of a symbol."""
        return [order for order in self._orders.get(symbol, ()) if order.shares]

    def take(self, symbol: str) -> list[Order]:
        """The open orders of a symbol, which are held no longer."""
        self._limit.pop(symbol, None)
        return [order for order in self._orders.pop(symbol, ()) if order.shares]

    def symbols(self) -> list[str]:
        """The symbols with open orders, in the order of their first one."""
        return [symbol for symbol, orders in self._orders.items() if any(order.shares for order in orders)]
