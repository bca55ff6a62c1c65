"""Order flow from an ITCH file in BinaryFILE form.

Adds enter the engine under the file's own references; deletes, cancels and replaces follow them; an execution becomes
an opposite immediate-or-cancel order of that price and size, which trades by price-time priority with whoever stands
first. What refers to orders the engine does not hold cannot touch a book: it is counted and goes to the feed as it is,
as a slice of a real feed does. So every message of the file leads to at least one message of ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median_low
from typing import Any

from exchange.market import Market
from exchange.orders import Order, limit_order
from protocols import itch50
from protocols.errors import ProtocolError
from protocols.itch50 import (
    AddOrder,
    AddOrderMpid,
    ItchMessage,
    OrderCancel,
    OrderDelete,
    OrderExecuted,
    OrderExecutedWithPrice,
    OrderReplace,
    SystemEvent,
)

MARKET_OPENS = "Q"
# Enough prices to know about where a symbol trades.
_PRICES_KEPT = 101
_COUNTERS = (
    "messages",
    "unknown_references",
    "orphaned_references",
    "gone_references",
    "refused",
    "adds",
    "cancels",
    "replaces",
    "executions",
    "verbatim",
)


class ReplayError(ValueError):
    """A file that cannot be replayed; the text says which message and why."""


@dataclass
class Survey:
    """What a first pass over the file found out."""

    messages: int = 0
    first_time: int = 0
    highest_reference: int = 0
    opens_market: bool = False
    locates: dict[str, int] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)


def survey(messages: Iterable[bytes]) -> Survey:
    """Decode a whole file once: its symbols with locates and usual prices, its references, its first time.

    Raises ReplayError for a message that does not decode, a locate used twice, or an empty file.
    """
    found = Survey()
    prices: dict[str, list[int]] = {}
    for number, data in enumerate(messages, 1):
        try:
            message = itch50.decode(data)
        except ProtocolError as error:
            raise ReplayError(f"message {number} is not ITCH 5.0: {error}") from error
        found.messages = number
        found.first_time = found.first_time or message.timestamp
        found.highest_reference = max(found.highest_reference, _reference(message))
        found.opens_market |= isinstance(message, SystemEvent) and message.event_code == MARKET_OPENS
        symbol = getattr(message, "stock", "")
        if symbol and message.stock_locate:
            known = found.locates.setdefault(symbol, message.stock_locate)
            if known != message.stock_locate:
                raise ReplayError(f"message {number} gives {symbol} the locate {message.stock_locate} after {known}")
        if isinstance(message, AddOrder | AddOrderMpid) and len(seen := prices.setdefault(symbol, [])) < _PRICES_KEPT:
            seen.append(message.price)
    if not found.messages:
        raise ReplayError("the file holds no message")
    found.prices = {symbol: median_low(seen) for symbol, seen in prices.items()}
    return found


def _reference(message: ItchMessage) -> int:
    if isinstance(message, OrderReplace):
        return message.new_order_reference_number
    return getattr(message, "order_reference_number", 0)


class Replay:
    """Feeds the messages of a file into a market, each at its own timestamp."""

    def __init__(self, market: Market, messages: Iterable[bytes], opens_market: bool = True) -> None:
        self._market = market
        self._messages: Iterator[bytes] = iter(messages)
        self._next: bytes | None = None
        self._counts: Counter[str] = Counter()
        self._by_type: Counter[str] = Counter()
        # Until the file is done with them; an order's token is what the file has left of it.
        self._orders: dict[int, Order] = {}
        self._orphans: set[int] = set()
        self._opens_market = opens_market
        self._act: dict[type[ItchMessage], Callable[[Any, bytes], None]] = {
            AddOrder: self._add,
            AddOrderMpid: self._add,
            OrderDelete: self._delete,
            OrderCancel: self._cancel,
            OrderReplace: self._replace,
            OrderExecuted: self._execute,
            OrderExecutedWithPrice: self._execute,
            SystemEvent: self._system_event,
        }

    def start(self, now: int) -> None:  # noqa: ARG002 - the file brings its own times
        """Begin with the first message."""
        self._next = next(self._messages, None)

    def next_time(self) -> int | None:
        """Timestamp of the next message of the file, None at its end."""
        return None if self._next is None else int.from_bytes(self._next[5:11], "big")

    def step(self) -> None:
        """Act on the next message."""
        data = self._next
        if data is None:
            return
        self._next = next(self._messages, None)
        message = itch50.decode(data)
        self._counts["messages"] += 1
        self._by_type[message.TYPE] += 1
        self._act.get(type(message), self._verbatim)(message, data)

    def counters(self) -> dict[str, Any]:
        """Messages replayed, what became of them, and how many referred to orders the slice does not hold.

        ``unknown_references`` point before the slice; ``orphaned_references`` to orders that such a message
        renamed; ``gone_references`` to orders that traded away here but not in the file.
        """
        return {name: self._counts[name] for name in _COUNTERS} | {"by_type": dict(sorted(self._by_type.items()))}

    def _add(self, message: AddOrder | AddOrderMpid, _data: bytes) -> None:
        ref = message.order_reference_number
        book = self._market.engine.books.get(message.stock)
        if ref in self._orders or book is None:
            self._counts["refused"] += 1
            return
        order = limit_order(book, message.buy_sell_indicator == "B", message.shares, message.price, ref)
        order.token = message.shares
        if isinstance(message, AddOrderMpid):
            order.mpid = message.attribution.encode("ascii").ljust(4)
        self._orders[ref] = order
        self._market.enter(order, message.timestamp)
        self._counts["adds"] += 1

    def _delete(self, message: OrderDelete, data: bytes) -> None:
        order = self._live(message.order_reference_number, message, data)
        if order is not None:
            self._market.cancel(order, 0, message.timestamp)
            del self._orders[order.ref]
            self._counts["cancels"] += 1

    def _cancel(self, message: OrderCancel, data: bytes) -> None:
        order = self._live(message.order_reference_number, message, data)
        if order is not None:
            self._market.cancel(order, max(0, order.shares - message.cancelled_shares), message.timestamp)
            self._used(order, message.cancelled_shares)
            self._counts["cancels"] += 1

    def _replace(self, message: OrderReplace, data: bytes) -> None:
        new_ref = message.new_order_reference_number
        old = self._live(message.original_order_reference_number, message, data)
        if old is None:
            self._orphans.add(new_ref)
            return
        new = limit_order(old.book, old.buy, message.shares, message.price, new_ref)
        new.token, new.mpid = message.shares, old.mpid
        self._orders[new_ref] = new
        self._market.replace(old, new, message.timestamp)
        del self._orders[old.ref]
        self._counts["replaces"] += 1

    def _execute(self, message: OrderExecuted | OrderExecutedWithPrice, data: bytes) -> None:
        order = self._live(message.order_reference_number, message, data)
        if order is None:
            return
        ref = self._market.engine.next_reference()
        taker = limit_order(order.book, not order.buy, message.executed_shares, order.price, ref)
        taker.ioc = True
        self._market.enter(taker, message.timestamp)
        self._used(order, message.executed_shares)
        self._counts["executions"] += 1

    def _used(self, order: Order, shares: int) -> None:
        """Forget an order of which neither the file nor the book has anything left."""
        order.token -= shares
        if order.token <= 0 and not order.shares:
            del self._orders[order.ref]

    def _system_event(self, message: SystemEvent, _data: bytes) -> None:
        # The exchange originates its own day; of the file's events only the market's opening has its time here.
        if message.event_code == MARKET_OPENS:
            self._market.system_event(MARKET_OPENS, message.timestamp)

    def _verbatim(self, message: ItchMessage, data: bytes) -> None:
        self._market.publish_verbatim(data, message.timestamp)
        self._counts["verbatim"] += 1

    def _live(self, ref: int, message: ItchMessage, data: bytes) -> Order | None:
        """The resting order a message refers to; when there is none, the message is counted and published as it is."""
        order = self._orders.get(ref)
        if order is not None and order.shares:
            return order
        if order is not None:
            self._counts["gone_references"] += 1
        elif ref in self._orphans:
            self._counts["orphaned_references"] += 1
        else:
            self._counts["unknown_references"] += 1
        self._verbatim(message, data)
        return None
