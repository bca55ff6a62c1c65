"""What the firm's books are worth at the mids the trader knows, and how large they are.

Money is price4 times shares. Mids are kept doubled (bid plus ask), so that everything is an integer until it is halved,
rounded down, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from office.monitor.books import FirmBooks, Holding
from office.monitor.trader import TraderFigures


@dataclass(frozen=True, slots=True)
class Valuation:
    """Books beside mids; always as they are now."""

    books: FirmBooks
    trader: TraderFigures

    def profit_of(self, holding: Holding) -> int | None:
        """Cash plus shares at the mid; without shares it needs no mid, without a mid nobody knows (None)."""
        twice_mid = self.trader.twice_mid(holding.symbol)
        if holding.shares and not twice_mid:
            return None
        return (2 * holding.cash + holding.shares * twice_mid) // 2

    def profit(self) -> int:
        """Of all symbols that can be valued."""
        marked = [one for one in self.books.holdings.values() if self.profit_of(one) is not None]
        return sum(2 * one.cash + one.shares * self.trader.twice_mid(one.symbol) for one in marked) // 2

    def unmarked(self) -> list[str]:
        """Symbols that cannot be valued."""
        return sorted(name for name, one in self.books.holdings.items() if self.profit_of(one) is None)

    def exposure(self) -> dict[str, int]:
        """Positions at the mid (`gross`: added, `net`: long less short), and `open_notional` of all open orders.

        Where no mid is known, at the price that the firm traded at last: what is held is never without a size.
        """
        held = self.books.holdings.values()
        values = [one.shares * (self.trader.twice_mid(one.symbol) or 2 * one.last) for one in held]
        return {
            "gross": sum(abs(value) for value in values) // 2,
            "net": sum(values) // 2,
            "open_notional": sum(one.open_notional for one in held),
        }

    def limited(self) -> dict[str, int]:
        """What the limits limit, by the name of the limit."""
        exposure = self.exposure()
        return {
            "position_shares": max((abs(one.shares) for one in self.books.holdings.values()), default=0),
            "gross_exposure": exposure["gross"],
            "net_exposure": abs(exposure["net"]),
            "open_notional": exposure["open_notional"],
            "loss": max(0, -self.profit()),
            "order_to_trade": self.books.messages // max(1, self.books.executions),
        }

    def row(self, holding: Holding) -> dict[str, Any]:
        """A symbol as plain data; `mid` in price4."""
        told = self.trader.position(holding.symbol)
        return {
            "symbol": holding.symbol,
            "shares": holding.shares,
            "trader_shares": None if told is None else told[0],
            "bought": holding.bought,
            "sold": holding.sold,
            "open_buy": holding.open_buy,
            "open_sell": holding.open_sell,
            "open_notional": holding.open_notional,
            "mid": self.trader.twice_mid(holding.symbol) / 2 or None,
            "profit": self.profit_of(holding),
        }
