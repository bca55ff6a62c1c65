"""Which orders a cross takes, and until when they can be changed."""

from __future__ import annotations

from enum import IntEnum

from exchange.cross_book import MARKET_PRICE, is_market
from exchange.cross_hours import CrossHours
from exchange.engine import MAX_SHARES
from exchange.orders import Order
from exchange.sink import Reject

OPENING, CLOSING, HALT = ord("O"), ord("C"), ord("H")

# A day order that came before the open: no cross type of OUCH, because the client did not ask for a cross.
WAITS_FOR_OPEN = ord("W")


class CrossReject(IntEnum):
    """Why an order for a cross is refused (OUCH 5.0 §5.4)."""

    NO_CLOSING_REFERENCE = 0x000E
    CANCEL_NOT_ALLOWED = 0x0010
    INVALID_CROSS = 0x0014
    LATE_TOO_AGGRESSIVE = 0x0019


def refusal(order: Order, now: int, hours: CrossHours | None, first_reference: int, replaced: bool = False) -> int:
    """Why the order cannot be held for its cross, 0 when it can.

    ``hours``: those of the cross; None: there is no such cross now. ``first_reference``: the reference price when
    orders began to be late (price4), 0 = there was none. ``replaced``: it takes the place of one that is held.
    """
    if order.shares <= 0 or order.shares > MAX_SHARES:
        return Reject.INVALID_QUANTITY
    if order.limit <= 0:
        return Reject.INVALID_PRICE
    if order.auction == WAITS_FOR_OPEN and order.limit > MARKET_PRICE:
        return Reject.INVALID_PRICE
    if order.auction == HALT:
        return CrossReject.INVALID_CROSS if hours is None or order.imbalance_only else 0
    if replaced and order.auction == WAITS_FOR_OPEN:
        # After the open too: its symbol is halted, and the old order would wait on.
        return 0
    if hours is None or now >= hours.at:
        return CrossReject.INVALID_CROSS
    if order.auction == WAITS_FOR_OPEN:
        return 0
    if order.imbalance_only:
        # An imbalance-only order offers a price: it has to have one (Nasdaq Rule 4702(b)(10), (13)).
        return CrossReject.INVALID_CROSS if is_market(order) else 0
    if now < hours.entry_late:
        return 0
    return _late(order, now, hours, first_reference)


def is_late(order: Order, now: int, hours: CrossHours | None) -> bool:
    """Whether the order cannot be cancelled, reduced or replaced any more before its cross."""
    if hours is None or order.auction not in (OPENING, CLOSING):
        return False
    return hours.cancel_late <= now < hours.at


def _late(order: Order, now: int, hours: CrossHours, first_reference: int) -> int:
    if now >= hours.entry_over or is_market(order):
        return CrossReject.INVALID_CROSS
    if not first_reference:
        return CrossReject.NO_CLOSING_REFERENCE
    too_aggressive = order.limit > first_reference if order.buy else order.limit < first_reference
    return CrossReject.LATE_TOO_AGGRESSIVE if too_aggressive else 0
