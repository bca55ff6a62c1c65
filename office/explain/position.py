"""Shares held, by a journal's own executions: before an order was decided, and what came of it."""

from dataclasses import dataclass

from protocols import ouch50


@dataclass(slots=True)
class Position:
    """Shares held of the order's symbol. `before`: when the order was decided, by the journal's own executions.

    `paid`: price4 times shares of this order's executions, sales negative.
    """

    symbol: str
    before: int = 0
    bought: int = 0
    sold: int = 0
    paid: int = 0

    @property
    def after(self) -> int:
        """With this order's executions, and no others."""
        return self.before + self.bought - self.sold

    def add(self, side: str, shares: int, amount: int) -> None:
        """Add an execution of the order; negative: one that was taken back."""
        if side == "B":
            self.bought += shares
            self.paid += amount
        else:
            self.sold += shares
            self.paid -= amount


class Executions:
    """Executions as they come; a Broken Trade takes that of its match back (OUCH 5.0, Broken Trade)."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, int], tuple[int, int]] = {}

    def take(self, venue: int, message: ouch50.OuchMessage) -> tuple[int, int]:
        """Shares, and price4 times shares, by which a message changes what its order has; negative: taken back."""
        if isinstance(message, ouch50.OrderExecuted):
            found = message.quantity, message.quantity * message.price
            self._known[venue, message.user_ref_num, message.match_number] = found
            return found
        if isinstance(message, ouch50.BrokenTrade):
            shares, amount = self._known.pop((venue, message.user_ref_num, message.match_number), (0, 0))
            return -shares, -amount
        return 0, 0
