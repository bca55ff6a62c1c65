"""The matching engine: sans-I/O, deterministic.

Every operation takes the time (ns since midnight) and reports to the sink what happened, in that order. The engine
reads no clock and touches no socket: the same operations give the same events. The rules are in docs/matching.md.
"""

from __future__ import annotations

from exchange.book import Book, Level
from exchange.matching import ONE_DOLLAR, SMALL_TICK, TICK, Matcher
from exchange.orders import Order
from exchange.sink import (
    CANCEL_IOC,
    CANCEL_POST_ONLY,
    CANCEL_REGULATORY,
    CANCEL_USER,
    Reject,
    Sink,
)

# ITCH 5.0 §4.1: the highest price the feed can show, $200,000; OUCH clients are held to less by order entry.
MAX_PRICE = 2_000_000_000
# Replayed files hold orders above OUCH's 999,999 shares; the field in ITCH is u32.
MAX_SHARES = 0xFFFF_FFFF
# The same for the compiled code, which must not look Python objects up on its way.
_MAX_PRICE = MAX_PRICE
_MAX_SHARES = MAX_SHARES


class Engine(Matcher):
    """All books of one venue.

    ``open`` is False when entry is closed: new orders and replaces are rejected, cancels still work.
    ``keeps_priority``: a replace that only takes shares off keeps the order's place, as some venues have it.
    """

    def __init__(self, sink: Sink, seed: int = 1, keeps_priority: bool = False) -> None:
        super().__init__(sink, seed)
        self.books: dict[str, Book] = {}
        self.open = True
        self.keeps_priority = keeps_priority

    def add_symbol(self, symbol: str, locate: int) -> Book:
        """Make a symbol tradable under a stock locate."""
        book = self.books[symbol] = Book(symbol, locate)
        return book

    def reserve_references(self, highest: int) -> None:
        """Assign only references above ``highest`` from now on (a replayed file uses those up to it)."""
        self.last_reference = max(self.last_reference, highest)

    def enter(self, order: Order, now: int) -> bool:
        """Accept an order, match it, and rest or cancel what is left of it; False when it was rejected."""
        self.now = now
        reason = self._refusal(order)
        if reason:
            self._refuse(order, reason)
            return False
        self._price(order)
        self.sink.accepted(order)
        self._work(order, 0)
        self._settle(order.book)
        return True

    def admit(self, order: Order, now: int) -> None:
        """Let an order into its book that was accepted before and has waited outside: matching and resting as ever."""
        self.now = now
        self._price(order)
        self._work(order, 0)
        self._settle(order.book)

    def cancel(self, order: Order, keep: int, now: int, reason: str = CANCEL_USER) -> int:
        """Leave at most ``keep`` open shares of an order, its place stays; returns the shares taken off.

        A reserve order loses hidden shares first. An order that is done, or nothing to take off, gives no event.
        """
        taken = order.open_shares() - keep
        if taken <= 0:
            return 0
        self.now = now
        shown = self.take_off_order(order, taken)
        self.sink.cancelled(order, taken, shown, reason)
        self._settle(order.book)
        return taken

    def modify(self, order: Order, keep: int, now: int) -> bool:
        """Like a partial cancel, but reported as a modify; ``keep`` must be above 0. Increases are ignored.

        False for an order that is done.
        """
        taken = order.open_shares() - keep
        if keep <= 0 or order.open_shares() == 0:
            return False
        self.now = now
        shown = self.take_off_order(order, taken) if taken > 0 else 0
        self.sink.modified(order, max(0, taken), shown)
        self._settle(order.book)
        return True

    def replace(self, old: Order, new: Order, now: int) -> bool:
        """Take ``old`` off and enter ``new`` in its place, at the back of its queue.

        ``new`` inherits the executed shares of the chain. An order that is done gives no event; a new order that would
        be refused leaves the old one as it was and is reported as rejected. False in both cases.
        """
        if old.open_shares() == 0:
            new.shares = 0
            return False
        self.now = now
        reason = self._refusal(new)
        if reason:
            self._refuse(new, reason)
            return False
        new.executed = old.executed
        if self.keeps_priority and self._only_shrinks(old, new):
            self._take_place(old, new)
            return True
        shown, shown_ref, mpid = old.shares if old.displayed and old.level is not None else 0, old.shown_ref, old.mpid
        self.take_off_order(old, old.open_shares())
        self._price(new)
        takes_over = shown > 0 and new.displayed and mpid == new.mpid and self._rests_whole(new)
        self.sink.replaced(old, new, shown > 0 and not takes_over)
        self._work(new, shown_ref if takes_over else 0)
        self._settle(new.book)
        return True

    def set_band(self, book: Book, lower: int, upper: int, now: int) -> None:
        """Move the price bands; resting orders that could trade outside them are cancelled (reason `D`)."""
        self.now = now
        book.lower, book.upper = lower, upper
        for side in (book.bids, book.asks):
            for level in list(side):
                outside = (upper and level.price > upper) if side.buy else (lower and level.price < lower)
                if outside:
                    self._cancel_level(level, CANCEL_REGULATORY)
        self._settle(book)

    def set_trading(self, book: Book, halted: bool, quoting: bool, now: int) -> None:
        """Halt, quote without trading, or trade; a book that crosses itself must be crossed before it trades."""
        self.now = now
        book.halted, book.quoting = halted, quoting
        self._settle(book)

    def fill(self, order: Order, shares: int, price: int, match: int, cross: int) -> None:
        """Execute part of an order in a cross, what it displays first; call `refresh` after the last one."""
        own = min(shares, order.shares)
        shown = own if order.displayed and order.level is not None else 0
        if order.level is None:
            order.shares -= own
        elif own:
            self.take_off(order, own)
        if shares > own:
            assert order.reserve is not None, f"{order!r} has no {shares} shares"
            self.take_off(order.reserve, shares - own)
        order.executed += shares
        self.sink.auctioned(order, shares, shown, price, match, cross)

    def _cancel_level(self, level: Level, reason: str) -> None:
        for queue in (level, level.hidden):
            for entry in list(queue or ()):
                order = entry if entry.front is None else entry.front
                shares = order.open_shares()
                if shares:
                    shown = self.take_off_order(order, shares)
                    self.sink.cancelled(order, shares, shown, reason)

    def _refuse(self, order: Order, reason: int) -> None:
        self.sink.rejected(order, reason)
        order.shares = 0

    def _refusal(self, order: Order) -> int:
        """Why an order cannot be taken (OUCH 5.0 reject code), 0 when it can."""
        if order.midpoint:
            order.displayed = False
        if not self.open:
            return Reject.CLOSED
        book = order.book
        if book.halted or (book.quoting and order.ioc):
            return Reject.HALTED
        if order.shares <= 0 or order.shares > _MAX_SHARES:
            return Reject.INVALID_QUANTITY
        if order.limit <= 0 or order.limit > _MAX_PRICE:
            return Reject.INVALID_PRICE
        if order.min_quantity and order.displayed and not order.ioc:
            return Reject.INVALID_MIN_QUANTITY
        return 0

    def _price(self, order: Order) -> None:
        """Set where the order works: at its limit, or where a rule puts it."""
        order.time = self.now
        order.price = order.limit
        book = order.book
        if order.midpoint:
            self._peg(order)
            if order.price == 0:
                return
        if order.buy:
            if book.upper:
                order.price = min(order.price, book.upper)
        elif book.lower:
            order.price = max(order.price, book.lower)
        if book.short_restricted and order.short_sale:
            self._lift(order)
        if order.min_quantity and not (order.ioc or book.quoting) and self.fillable(order) < order.min_quantity:
            self._step_back(order)

    def _lift(self, order: Order) -> None:
        """Regulation SHO Rule 201: a restricted short sale stays above the best bid."""
        bid = order.book.bids.best_displayed()
        if bid is not None and order.price <= bid.price:
            order.price = bid.price + (TICK if bid.price >= ONE_DOLLAR else SMALL_TICK)

    def _step_back(self, order: Order) -> None:
        """A minimum quantity that is not met: the order rests one tick behind the first opposite price."""
        best = order.book.side(not order.buy).best()
        if best is None:
            return
        tick = TICK if best.price > ONE_DOLLAR else SMALL_TICK
        if order.buy:
            if order.price >= best.price:
                order.price = best.price - tick
        elif order.price <= best.price:
            order.price = best.price + tick

    def _peg(self, order: Order) -> None:
        """The midpoint of the displayed book, no further than the order's limit; 0 while there is none."""
        twice = order.book.midpoint_twice()
        if twice == 0:
            order.price = 0
        elif order.buy:
            order.price = min(order.limit, twice >> 1)
        else:
            order.price = max(order.limit, (twice + 1) >> 1)

    def _work(self, order: Order, replaces: int) -> None:
        """Match what can be matched at once, then cancel or rest what is left."""
        book = order.book
        parked = order.price <= 0
        if not (book.quoting or parked):
            if order.post_only and self.next_maker(order) is not None:
                self._drop(order, CANCEL_POST_ONLY)
                return
            if not order.min_quantity or self.fillable(order) >= order.min_quantity:
                self.match(order)
        if order.shares == 0:
            return
        if order.ioc:
            self._drop(order, CANCEL_IOC)
            return
        if order.midpoint:
            if not book.pegs:
                book.pegged_at = book.midpoint_twice()
            book.pegs[order.ref] = order
            if not parked:
                self._rest(order)
        elif parked:
            self._drop(order, CANCEL_IOC)
        else:
            self._rest(order)
            self.sink.rested(order, replaces)

    def _rest(self, order: Order) -> None:
        side = self.side_of(order)
        reserve = None
        if order.max_floor and order.displayed:
            shown = min(self.display_size(order), order.shares)
            if shown < order.shares:
                reserve = self._reserve(order, order.shares - shown)
                order.shares = shown
        side.add(order)
        if reserve is not None:
            side.add(reserve)

    def _reserve(self, order: Order, shares: int) -> Order:
        """The hidden entry of a reserve order."""
        reserve = Order()
        reserve.ref, reserve.shown_ref = order.ref, order.ref
        reserve.book, reserve.buy, reserve.price = order.book, order.buy, order.price
        reserve.owner, reserve.token, reserve.party = order.owner, order.token, order.party
        reserve.aiq, reserve.aiq_group = order.aiq, order.aiq_group
        reserve.shares = shares
        reserve.displayed = False
        reserve.front = order
        order.reserve = reserve
        return reserve

    def _drop(self, order: Order, reason: str) -> None:
        shares = order.shares
        order.shares = 0
        self.sink.cancelled(order, shares, 0, reason)

    def _rests_whole(self, order: Order) -> bool:
        """Whether the order will rest without trading, so that the feed may show a replace as one `U`."""
        if order.ioc or order.midpoint or order.price <= 0:
            return False
        return order.book.quoting or self.next_maker(order) is None

    def _only_shrinks(self, old: Order, new: Order) -> bool:
        if (new.max_floor or old.max_floor) and new.displayed:
            return False
        if old.level is None or new.ioc or new.midpoint or old.midpoint:
            return False
        same = old.limit == new.limit and old.displayed == new.displayed and old.mpid == new.mpid
        same = same and old.short_sale == new.short_sale
        return same and old.min_quantity == new.min_quantity and new.shares <= old.shares

    def _take_place(self, old: Order, new: Order) -> None:
        """Put a replacement where the old order stands, under the reference that the feed knows."""
        level = old.level
        assert level is not None, "only an order on the book can leave its place to another one"
        shown = old.shares - new.shares if old.displayed else 0
        new.price, new.time, new.shown_ref = old.price, old.time, old.shown_ref
        queue = level if old.displayed else level.hidden
        assert queue is not None, f"{old!r} stands in no queue"
        queue.substitute(old, new)
        new.level, old.level, old.shares = level, None, 0
        level.shares -= shown
        self.sink.replaced(old, new, False)
        if shown:
            self.sink.shrunk(new, shown)

    def _settle(self, book: Book) -> None:
        """Move the midpoint orders when the midpoint moved."""
        if not book.pegs:
            return
        twice = book.midpoint_twice()
        if twice == book.pegged_at:
            return
        book.pegged_at = twice
        for order in list(book.pegs.values()):
            if order.shares:
                self._repeg(order)

    def _repeg(self, order: Order) -> None:
        """Take a midpoint order to the new midpoint, as if it came in there."""
        if order.level is not None:
            self.side_of(order).remove(order)
        self._price(order)
        if order.price <= 0:
            return
        self._work(order, 0)
        if order.shares == 0:
            order.book.pegs.pop(order.ref, None)
