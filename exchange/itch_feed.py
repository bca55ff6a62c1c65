"""From the engine's events to the ITCH 5.0 messages that the feed shows.

Displayed adds are `A` or `F`, executions of displayed orders `E`, executions against hidden ones `P`, reductions `X`,
removals `D`, replaces that rest whole `U`. Resting orders execute at their own price, so `C` never arises.
"""

from __future__ import annotations

from exchange.book import Book
from exchange.events import Cancelled, Event, Executed, Modified, Replaced, Rested
from protocols.itch50 import (
    AddOrder,
    AddOrderMpid,
    ItchMessage,
    OrderCancel,
    OrderDelete,
    OrderExecuted,
    OrderReplace,
    Trade,
)

# Nasdaq's internal tracking number is opaque to receivers (ITCH 5.0 §4.2); ours is always 0.
TRACKING = 0


def message_for(event: Event, book: Book) -> ItchMessage | None:
    """The message that shows ``event`` on the feed, None when it leaves the displayed book as it was."""
    if isinstance(event, Rested):
        return _rested(event, book)
    if isinstance(event, Executed):
        return _executed(event, book)
    if isinstance(event, Cancelled | Modified):
        return _reduced(event, book)
    if isinstance(event, Replaced) and event.withdrawn:
        return _delete(event.old.ref, event.time, book)
    return None


def _rested(event: Rested, book: Book) -> ItchMessage | None:
    order = event.order
    if not order.displayed:
        return None
    if event.replaces:
        return OrderReplace(
            stock_locate=book.locate,
            tracking_number=TRACKING,
            timestamp=event.time,
            original_order_reference_number=event.replaces,
            new_order_reference_number=order.ref,
            shares=event.shares,
            price=order.price,
        )
    side = "B" if order.buy else "S"
    if order.attribution:
        return AddOrderMpid(
            stock_locate=book.locate,
            tracking_number=TRACKING,
            timestamp=event.time,
            order_reference_number=order.ref,
            buy_sell_indicator=side,
            shares=event.shares,
            stock=book.symbol,
            price=order.price,
            attribution=order.attribution,
        )
    return AddOrder(
        stock_locate=book.locate,
        tracking_number=TRACKING,
        timestamp=event.time,
        order_reference_number=order.ref,
        buy_sell_indicator=side,
        shares=event.shares,
        stock=book.symbol,
        price=order.price,
    )


def _executed(event: Executed, book: Book) -> ItchMessage:
    if event.maker.displayed:
        return OrderExecuted(
            stock_locate=book.locate,
            tracking_number=TRACKING,
            timestamp=event.time,
            order_reference_number=event.maker.ref,
            executed_shares=event.shares,
            match_number=event.match,
        )
    # ITCH 5.0 §4.6.1: the reference is 0 since 2010 and the side always `B` since 2014.
    return Trade(
        stock_locate=book.locate,
        tracking_number=TRACKING,
        timestamp=event.time,
        order_reference_number=0,
        buy_sell_indicator="B",
        shares=event.shares,
        stock=book.symbol,
        price=event.price,
        match_number=event.match,
    )


def _reduced(event: Cancelled | Modified, book: Book) -> ItchMessage | None:
    if not event.shown or not event.shares:
        return None
    if not event.remaining:
        return _delete(event.order.ref, event.time, book)
    return OrderCancel(
        stock_locate=book.locate,
        tracking_number=TRACKING,
        timestamp=event.time,
        order_reference_number=event.order.ref,
        cancelled_shares=event.shares,
    )


def _delete(ref: int, time: int, book: Book) -> ItchMessage:
    return OrderDelete(stock_locate=book.locate, tracking_number=TRACKING, timestamp=time, order_reference_number=ref)
