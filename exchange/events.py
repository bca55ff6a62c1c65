"""What the matching engine reports: the one source of both the OUCH answers and the ITCH messages.

Every event carries the numbers of its own moment, because the orders it points to go on changing while one operation
is worked off. ``time`` is nanoseconds since midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from exchange.orders import Order


class Reject(IntEnum):
    """Why the engine itself refuses an order; the values are OUCH 5.0 reject codes."""

    CLOSED = 0x0002
    INVALID_QUANTITY = 0x0013
    INVALID_SYMBOL = 0x0017
    INVALID_PRICE = 0x001D


# Reasons of Cancelled (OUCH 5.0 cancel reason codes) that the engine gives by itself.
CANCEL_USER = "U"
CANCEL_IOC = "I"
CANCEL_POST_ONLY = "G"
# Given by the gateway, not by the engine.
CANCEL_SYSTEM = "Z"


@dataclass(slots=True)
class Accepted:
    """The order is in; matching follows."""

    time: int
    order: Order
    shares: int


@dataclass(slots=True)
class Rejected:
    """The order is refused and leaves no trace."""

    time: int
    order: Order
    reason: Reject


@dataclass(slots=True)
class Executed:
    """A trade at the resting order's price; ``remaining`` are the maker's open shares after it."""

    time: int
    maker: Order
    taker: Order
    shares: int
    price: int
    match: int
    remaining: int


@dataclass(slots=True)
class Rested:
    """The order now stands on the book with ``shares``.

    ``replaces`` is the reference whose displayed entry this one takes over (ITCH `U`), 0 for a plain add.
    """

    time: int
    order: Order
    shares: int
    replaces: int


@dataclass(slots=True)
class Cancelled:
    """``shares`` are off the order, ``remaining`` stay; ``shown`` when the feed had displayed them."""

    time: int
    order: Order
    shares: int
    remaining: int
    reason: str
    shown: bool


@dataclass(slots=True)
class Modified:
    """Shares taken off by a modify: the order keeps its place; ``shown`` when the feed had displayed them."""

    time: int
    order: Order
    shares: int
    remaining: int
    shown: bool


@dataclass(slots=True)
class Replaced:
    """``old`` is gone, ``new`` is in with ``shares`` exposed; matching follows.

    ``withdrawn`` when the feed must delete the old entry now, because no plain replace of it will follow.
    """

    time: int
    old: Order
    new: Order
    shares: int
    withdrawn: bool


Event = Accepted | Rejected | Executed | Rested | Cancelled | Modified | Replaced
