"""Full-depth books built from ITCH messages, order by order (ITCH 5.0 §4.1).

`OrderBooks.apply` takes any decoded ITCH message. Executions and cancels take shares from what remains of an order; at
zero the order is gone, no delete follows. A replace removes the old order and adds the new one at the back of its
level.

Hostile or incomplete input never breaks a book; it is counted: unknown references (orders from before a slice began)
are left out, an add whose reference is in use is ignored, an order of zero shares is not added, and taking more than
remains removes the order.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Final

from protocols.book_view import BookView
from protocols.itch50 import (
    AddOrder,
    AddOrderMpid,
    CrossTrade,
    ItchMessage,
    LuldAuctionCollar,
    Noii,
    OrderCancel,
    OrderDelete,
    OrderExecuted,
    OrderExecutedWithPrice,
    OrderReplace,
    RegShoShortSalePriceTestRestrictedIndicator,
    StockDirectory,
    StockTradingAction,
    Trade,
)

NO_CHANGE: Final = -1
"""What `OrderBooks.apply` returns when no book changed."""


class Level:
    """One price of one side: total shares, and the orders in the sequence in which they will be executed."""

    __slots__ = ("orders", "price", "shares")

    def __init__(self, price: int) -> None:
        self.price = price
        self.shares = 0
        self.orders: dict[int, Order] = {}


class Order:
    """A displayed order; `shares` is what remains of it."""

    __slots__ = ("book", "level", "reference", "shares", "side")

    def __init__(self, reference: int, book: "Book", side: str, shares: int, level: Level) -> None:
        self.reference = reference
        self.book = book
        self.side = side
        self.shares = shares
        self.level = level

    @property
    def price(self) -> int:
        """Price4 at which the order rests, or rested."""
        return self.level.price


class _Side:
    """The levels of one side, by key: the price for bids, minus the price for asks; so the best key is the highest.

    Changes cluster at the best price, which is the end of the sorted list, where inserting and deleting is cheap.
    """

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, Level] = {}
        self.keys: list[int] = []

    def level(self, price: int) -> Level:
        """Return the level of `price`, making it if need be."""
        key = self.sign * price
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level(price)
            self.keys.insert(bisect_left(self.keys, key), key)
        return level

    def drop(self, level: Level) -> None:
        """Forget an empty level."""
        key = self.sign * level.price
        del self.levels[key]
        del self.keys[bisect_left(self.keys, key)]

    def best(self) -> tuple[int, int, int] | None:
        """Return (price, shares, orders) of the best level."""
        if not self.keys:
            return None
        level = self.levels[self.keys[-1]]
        return level.price, level.shares, len(level.orders)


class Book:
    """The displayed orders of one stock."""

    __slots__ = ("_asks", "_bids", "locate")

    def __init__(self, locate: int) -> None:
        self.locate = locate
        self._bids = _Side(1)
        self._asks = _Side(-1)

    def best_bid(self) -> tuple[int, int, int] | None:
        """Return (price4, shares, orders) of the highest bid, None when there is none."""
        return self._bids.best()

    def best_ask(self) -> tuple[int, int, int] | None:
        """Return (price4, shares, orders) of the lowest ask, None when there is none."""
        return self._asks.best()

    def levels(self, side: str, depth: int | None = None) -> list[list[int]]:
        """Return `[price4, shares, orders]` of side `B` or `S`, best first, at most `depth` of them."""
        half = self._half(side)
        found = (half.levels[key] for key in reversed(half.keys[-depth:] if depth else half.keys))
        return [[level.price, level.shares, len(level.orders)] for level in found]

    def orders(self, side: str, price: int) -> list[tuple[int, int]]:
        """Return (order reference, shares) at a price in the sequence of execution."""
        half = self._half(side)
        level = half.levels.get(half.sign * price)
        return [(order.reference, order.shares) for order in level.orders.values()] if level else []

    def view(self, depth: int | None = None) -> BookView:
        """Return both sides, best first."""
        return {"bids": self.levels("B", depth), "asks": self.levels("S", depth)}

    def _half(self, side: str) -> _Side:
        if side not in ("B", "S"):
            raise ValueError(f"side must be 'B' or 'S', not {side!r}")
        return self._bids if side == "B" else self._asks

    def add(self, reference: int, side: str, shares: int, price: int) -> Order:
        """Put an order at the back of its level."""
        level = (self._bids if side == "B" else self._asks).level(price)
        order = Order(reference, self, side, shares, level)
        level.orders[reference] = order
        level.shares += shares
        return order

    def take(self, order: Order, shares: int) -> None:
        """Take shares, at most what remains, from an order; at zero it leaves the book."""
        level = order.level
        level.shares -= shares
        order.shares -= shares
        if not order.shares:
            del level.orders[order.reference]
            if not level.orders:
                (self._bids if order.side == "B" else self._asks).drop(level)


class OrderBooks:
    """The books of all stocks of a feed, by Stock Locate.

    Counters: `unknown_references` (messages about orders that no message introduced), `orphan_references` (messages
    about orders introduced by the replace of an unknown order, whose side nobody knows), `duplicate_references` (adds
    refused because the reference is in use), `empty_orders` (adds of zero shares), `over_executions` (more taken than
    remained), `symbol_conflicts` (a locate under a second symbol, which is ignored).
    """

    def __init__(self) -> None:
        self.unknown_references = 0
        self.orphan_references = 0
        self.duplicate_references = 0
        self.empty_orders = 0
        self.over_executions = 0
        self.symbol_conflicts = 0
        self._orders: dict[int, Order] = {}
        self._orphans: set[int] = set()
        self._books: dict[int, Book] = {}
        self._symbols: dict[int, str] = {}
        self._locates: dict[str, int] = {}
        self._handlers: dict[type[ItchMessage], Callable[..., int]] = {
            AddOrder: self._add,
            AddOrderMpid: self._add,
            OrderExecuted: self._execute,
            OrderExecutedWithPrice: self._execute,
            OrderCancel: self._cancel,
            OrderDelete: self._delete,
            OrderReplace: self._replace,
            StockDirectory: self._name,
            StockTradingAction: self._name,
            RegShoShortSalePriceTestRestrictedIndicator: self._name,
            LuldAuctionCollar: self._name,
            Trade: self._name,
            CrossTrade: self._name,
            Noii: self._name,
        }

    def apply(self, message: ItchMessage) -> int:
        """Apply one message; returns the Stock Locate whose book changed, or -1."""
        handler = self._handlers.get(type(message))
        return NO_CHANGE if handler is None else handler(message)

    def book(self, locate: int) -> Book:
        """Return the book of a Stock Locate, empty when nothing was seen of it."""
        book = self._books.get(locate)
        if book is None:
            book = self._books[locate] = Book(locate)
        return book

    def symbol_of(self, locate: int) -> str | None:
        """Return the symbol of a Stock Locate, None when no message named it."""
        return self._symbols.get(locate)

    def locate_of(self, symbol: str) -> int | None:
        """Return the Stock Locate of a symbol, None when no message named it."""
        return self._locates.get(symbol)

    def symbols(self) -> list[str]:
        """Return all symbols named so far, sorted."""
        return sorted(self._locates)

    def order(self, reference: int) -> Order | None:
        """Return the order of a reference number, None when it is not on any book."""
        return self._orders.get(reference)

    def view(self, symbol: str, depth: int | None = None) -> BookView:
        """Return the book of a symbol; KeyError when no message named it."""
        return self.book(self._locates[symbol]).view(depth)

    @property
    def open_orders(self) -> int:
        """Number of orders on all books."""
        return len(self._orders)

    def _name(self, message: StockDirectory | AddOrder | AddOrderMpid) -> int:
        """Learn the symbol of a locate; the first name holds, because locates are fixed for the day (§4.1)."""
        locate, symbol = message.stock_locate, message.stock
        if self._symbols.get(locate, symbol) != symbol or self._locates.get(symbol, locate) != locate:
            self.symbol_conflicts += 1
        elif locate not in self._symbols:
            self._symbols[locate] = symbol
            self._locates[symbol] = locate
        return NO_CHANGE

    def _add(self, message: AddOrder | AddOrderMpid) -> int:
        locate = message.stock_locate
        if self._symbols.get(locate) != message.stock:
            self._name(message)
        return self._enter(
            self.book(locate), message.order_reference_number, message.buy_sell_indicator, message.shares, message.price
        )

    def _enter(self, book: Book, reference: int, side: str, shares: int, price: int) -> int:
        if reference in self._orders:
            self.duplicate_references += 1
            return NO_CHANGE
        if not shares:
            self.empty_orders += 1
            return NO_CHANGE
        self._orders[reference] = book.add(reference, side, shares, price)
        return book.locate

    def _execute(self, message: OrderExecuted | OrderExecutedWithPrice) -> int:
        return self._reduce(message.order_reference_number, message.executed_shares)

    def _cancel(self, message: OrderCancel) -> int:
        return self._reduce(message.order_reference_number, message.cancelled_shares)

    def _reduce(self, reference: int, shares: int) -> int:
        order = self._orders.get(reference)
        if order is None:
            return self._unknown(reference)
        if shares >= order.shares:
            self.over_executions += shares > order.shares
            shares = order.shares
            del self._orders[reference]
        order.book.take(order, shares)
        return order.book.locate

    def _delete(self, message: OrderDelete) -> int:
        order = self._orders.pop(message.order_reference_number, None)
        if order is None:
            self._unknown(message.order_reference_number)
            self._orphans.discard(message.order_reference_number)
            return NO_CHANGE
        order.book.take(order, order.shares)
        return order.book.locate

    def _replace(self, message: OrderReplace) -> int:
        order = self._orders.pop(message.original_order_reference_number, None)
        if order is None:
            self._unknown(message.original_order_reference_number)
            self._orphans.discard(message.original_order_reference_number)
            self._orphans.add(message.new_order_reference_number)
            return NO_CHANGE
        book = order.book
        book.take(order, order.shares)
        self._enter(book, message.new_order_reference_number, order.side, message.shares, message.price)
        return book.locate

    def _unknown(self, reference: int) -> int:
        if reference in self._orphans:
            self.orphan_references += 1
        else:
            self.unknown_references += 1
        return NO_CHANGE
