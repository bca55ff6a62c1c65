"""What the matching engine reports, as it happens: the one source of both the OUCH answers and the ITCH messages.

A sink is called in the middle of an operation. It reads the orders it is given at once, because they go on changing,
and it must not call the engine back.
"""

from __future__ import annotations

from enum import IntEnum

from exchange.orders import Order


class Reject(IntEnum):
    """Why the engine itself refuses an order; the values are OUCH 5.0 reject codes (§5.4)."""

    CLOSED = 0x0002
    HALTED = 0x0007
    INVALID_MIN_QUANTITY = 0x000D
    INVALID_QUANTITY = 0x0013
    INVALID_PRICE = 0x001D


# Reasons of a cancel (OUCH 5.0 §5.5).
CANCEL_REGULATORY = "D"
CANCEL_CLOSED = "E"
CANCEL_POST_ONLY = "G"
CANCEL_ON_OPEN = "H"
CANCEL_IOC = "I"
CANCEL_SELF_MATCH = "Q"
CANCEL_SUPERVISORY = "S"
CANCEL_TIME = "T"
CANCEL_USER = "U"
CANCEL_SYSTEM = "Z"


class Sink:
    """Takes the events of one engine. This one drops them all; override what is of interest."""

    def accepted(self, order: Order) -> None:
        """The order is in with ``order.shares`` at ``order.price``; matching follows."""

    def rejected(self, order: Order, reason: int) -> None:
        """The order is refused and leaves no trace."""

    def replaced(self, old: Order, new: Order, withdrawn: bool) -> None:
        """``old`` is gone, ``new`` is in with ``new.shares`` exposed; matching follows.

        ``withdrawn`` when the feed must delete the old entry now, because no plain replace of it will follow.
        """

    def rested(self, order: Order, replaces: int) -> None:
        """The order now stands on the book with ``order.shares`` in its own entry (the displayed part, if it has one).

        ``replaces`` is the feed's reference of the entry that this one takes over (ITCH `U`), 0 for a plain add.
        """

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        """A trade at the resting price. ``maker`` is the entry that traded: of a reserve order, maybe the hidden one,
        whose ``front`` is the order. ``maker.shares`` are what is left of the entry."""

    def auctioned(self, order: Order, shares: int, shown: int, price: int, match: int, cross: int) -> None:
        """One order's part in a cross of type ``cross`` (ITCH cross type); ``shown`` of the shares were displayed."""

    def prevented(
        self,
        order: Order,
        maker: Order,
        taker: Order,
        decrement: int,
        shown: int,
        shares: int,
        price: int,
        strategy: int,
    ) -> None:
        """Self-match prevention took ``decrement`` shares off ``order``, ``shown`` of which were displayed.

        ``shares`` at ``price`` would have traded between the entry ``maker`` and ``taker``, as `executed` has them;
        ``strategy`` is the code of OUCH 5.0 §5.7 that was applied.
        """

    def cancelled(self, order: Order, shares: int, shown: int, reason: str) -> None:
        """``shares`` are off the order, ``shown`` of which the feed had displayed; ``order.open_shares()`` stay."""

    def modified(self, order: Order, shares: int, shown: int) -> None:
        """Shares taken off by a modify: the order keeps its place; ``shown`` of them were displayed."""

    def shrunk(self, order: Order, shown: int) -> None:
        """The displayed size fell by ``shown`` for a replace that kept its place; only the feed says so."""

    def restated(self, order: Order) -> None:
        """A reserve order shows ``order.shares`` anew, under ``order.shown_ref``, at the back of its queue."""
