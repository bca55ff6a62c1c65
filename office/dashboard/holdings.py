"""Positions and profit: what the trader says it holds beside what the journal's executions add up to.

Money is price4 times shares. Realised profit is by FIFO: a share that is sold closes the one that was bought first.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from office.dashboard.rows import Rows
from protocols.management import Position


class Holding:
    """One symbol of one server."""

    def __init__(self, server: int, symbol: str) -> None:
        self.server = server
        self.symbol = symbol
        self.told: Position | None = None
        self.bought = self.sold = self.cash = self.realised = self.mark = 0
        self.apart = self.row = 0
        self._lots: deque[list[int]] = deque()

    @property
    def shares(self) -> int:
        """Shares by the executions of the journal."""
        return self.bought - self.sold

    @property
    def total(self) -> int:
        """Profit at the mark; without a mark what has been realised."""
        return self.cash + self.shares * self.mark if self.mark or not self.shares else self.realised

    def execute(self, side: str, shares: int, price: int) -> None:
        """Shares were bought (`B`) or sold; a negative number takes an execution back."""
        buy = side == "B"
        if buy:
            self.bought += shares
        else:
            self.sold += shares
        signed = shares if buy else -shares
        self.cash -= signed * price
        self._match(signed, price)

    def _match(self, signed: int, price: int) -> None:
        """Close the oldest lots of the other side, keep what is left. An execution that was broken counts as its
        opposite at the same price: the total is exact, and the realised part as if it had been traded back."""
        lots = self._lots
        while signed and lots and (lots[0][0] > 0) != (signed > 0):
            lot = lots[0]
            closing = min(abs(lot[0]), abs(signed))
            direction = 1 if lot[0] > 0 else -1
            self.realised += direction * closing * (price - lot[1])
            lot[0] -= direction * closing
            signed += direction * closing
            if not lot[0]:
                lots.popleft()
        if not signed:
            return
        if lots and lots[-1][1] == price:
            lots[-1][0] += signed
        else:
            lots.append([signed, price])


class Holdings:
    """All symbols of all servers. `worth` gives the mark of a symbol of a server, price4."""

    def __init__(self, rows: Rows, worth: Callable[[int, bytes], int]) -> None:
        self._rows = rows
        self._worth = worth
        self._known: dict[tuple[int, str], Holding] = {}

    def execute(self, server: int, symbol: str, side: str, shares: int, price: int, time: int) -> None:
        """An execution, or with negative shares one that was broken. `time`: ns UTC."""
        holding = self._of(server, symbol)
        holding.execute(side, shares, price)
        self._changed(holding, time)

    def tell(self, server: int, position: Position, time: int) -> None:
        """What the trader says it holds. `time`: ns UTC."""
        holding = self._of(server, position.symbol)
        holding.told = position
        self._changed(holding, time)

    @property
    def traded(self) -> bool:
        """Whether there was any execution."""
        return any(holding.bought or holding.sold for holding in self._known.values())

    def remark(self) -> tuple[int, int]:
        """Value everything anew; gives total and realised profit."""
        total = realised = 0
        for holding in self._known.values():
            if holding.shares:
                mark = self._worth(holding.server, holding.symbol.ljust(8).encode("ascii", "replace"))
                if mark and mark != holding.mark:
                    holding.mark = mark
                    self._rows.touch(holding.row)
            total += holding.total
            realised += holding.realised
        return total, realised

    def forget(self, server: int) -> None:
        """A server's positions are no longer there, nor what they made."""
        self._rows.forget(server)
        self._known = {key: holding for key, holding in self._known.items() if key[0] != server}

    def _changed(self, holding: Holding, time: int) -> None:
        """The two accounts come by different streams: for a moment they may differ, so it is said since when."""
        told = holding.told
        agree = told is None or told.shares == holding.shares
        holding.apart = 0 if agree else holding.apart or time
        self._rows.touch(holding.row)

    def _of(self, server: int, symbol: str) -> Holding:
        found = self._known.get((server, symbol))
        if found is None:
            found = self._known[server, symbol] = Holding(server, symbol)
            found.row = self._rows.add(found)
        return found


def position_row(holding: Holding) -> Sequence[Any]:
    """The row of the table `positions`."""
    told = holding.told
    by_trader = (
        (told.shares, holding.shares, told.exposed_buy, told.exposed_sell, told.open_notional)
        if told
        else (holding.shares, holding.shares, 0, 0, 0)
    )
    return (
        *(holding.server, *by_trader, holding.mark, holding.bought, holding.sold),
        *(holding.realised, holding.total, holding.apart / 1e6, holding.symbol),
    )
