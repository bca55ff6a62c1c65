"""The Net Order Imbalance Indicator (ITCH 5.0 `I`): what a cross would do if it were held now."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.book import Book
from exchange.cross_price import Clearing
from protocols.itch50 import Noii

INSUFFICIENT, PAUSED, NO_VARIATION = "O", "P", " "


@dataclass(frozen=True, slots=True)
class Indication:
    """``near``: with the continuous book; ``far``: of the orders for the cross alone; None = nothing would trade.

    ``reference``: the price at or within the touch at which the orders for the cross pair best; None = no price known.
    """

    near: Clearing | None
    far: Clearing | None
    reference: Clearing | None


def noii(book: Book, cross: str, indication: Indication, time: int) -> Noii:
    """The message about one book."""
    near, far, reference = indication.near, indication.far, indication.reference
    near_price = 0 if near is None else near.price
    reference_price = 0 if reference is None else reference.price
    if reference is None or not (reference.paired or reference.imbalance):
        direction = INSUFFICIENT
    else:
        direction = reference.direction
    return Noii(
        stock_locate=book.locate,
        tracking_number=0,
        timestamp=time,
        paired_shares=0 if reference is None else reference.paired,
        imbalance_shares=0 if reference is None else reference.imbalance,
        imbalance_direction=PAUSED if book.halted else direction,
        stock=book.symbol,
        far_price=0 if far is None else far.price,
        near_price=near_price,
        current_reference_price=reference_price,
        cross_type=cross,
        price_variation_indicator=price_variation(near_price, reference_price),
    )


def price_variation(near: int, reference: int) -> str:
    """How far the near price is from the reference price, as an ITCH code; blank when one is missing (0)."""
    if not near or not reference:
        return NO_VARIATION
    percent = abs(near - reference) * 100 // reference
    if percent < 1:
        return "L"
    if percent < 10:
        return str(percent)
    return "A" if percent < 20 else "B" if percent < 30 else "C"
