"""The matching rules once more, as naively as possible: lists, linear scans, sorting. The engine must agree with it.

It is written from docs/matching.md without the engine, and emits the same events. Numbers in parentheses are the rules.
"""

from collections.abc import Iterable

from tests.exchange.oracle_book import PlainBook, PlainOrder
from tests.exchange.oracle_matching import PlainMatcher
from tests.exchange.recorder import Accepted, Cancelled, Modified, Rejected, Replaced, Shrunk


class Oracle(PlainMatcher):
    """One venue: what can be asked of it."""

    def __init__(self, symbols: Iterable[str], keeps_priority: bool = False) -> None:
        super().__init__(symbols)
        self.keeps_priority = keeps_priority
        self.open = True

    def enter(self, order: PlainOrder) -> bool:
        book = self.books[order.symbol]
        if reason := self._refusal(order):
            self.events.append(Rejected(order.ref, reason))
            return False
        self._price(order, order.shares)
        self.events.append(Accepted(order.ref, order.shares, order.price))
        self._go_on(order, 0)
        self._move_midpoints(book)
        return True

    def replace(self, old: PlainOrder, new: PlainOrder) -> bool:
        """(16)"""
        book = self.books[new.symbol]
        if not old.open:
            return False
        if reason := self._refusal(new):
            self.events.append(Rejected(new.ref, reason))
            return False
        new.executed, new.chained = old.executed, True
        if self._keeps_place(old, new):
            self._take_place(old, new)
        else:
            shown = old.shown
            self._withdraw(old)
            old.loose = 0
            self._price(new, new.shares)
            takes_over = bool(shown) and new.displayed and new.mpid == old.mpid and self._will_rest(new)
            self.hits["takes over" if takes_over else "withdrawn" if shown else "nothing to withdraw"] += 1
            self.events.append(Replaced(old.ref, new.ref, new.shares, new.price, bool(shown) and not takes_over))
            self._go_on(new, old.shown_ref if takes_over else 0)
        self._move_midpoints(book)
        return True

    def cancel(self, order: PlainOrder, keep: int, reason: str = "U") -> int:
        """(15)"""
        if keep >= order.open:
            return 0
        taken, shown = self._take_off(order, keep)
        self.events.append(Cancelled(order.ref, taken, shown, reason, order.open))
        self._move_midpoints(self.books[order.symbol])
        return taken

    def modify(self, order: PlainOrder, keep: int) -> bool:
        """(15)"""
        if not order.open:
            return False
        taken, shown = self._take_off(order, keep)
        self.events.append(Modified(order.ref, taken, shown, order.open))
        self._move_midpoints(self.books[order.symbol])
        return True

    def set_band(self, symbol: str, lower: int, upper: int) -> None:
        """(19)"""
        book = self.books[symbol]
        book.lower, book.upper = lower, upper
        for buy in (True, False):
            for entry in book.queue(buy):
                outside = (upper and entry.price > upper) if buy else (lower and entry.price < lower)
                if outside and entry.order.open:
                    self.hits["outside the bands"] += 1
                    taken, shown = self._take_off(entry.order, 0)
                    self.events.append(Cancelled(entry.order.ref, taken, shown, "D", 0))
        self._move_midpoints(book)

    def set_trading(self, symbol: str, halted: bool, quoting: bool) -> None:
        """(20)"""
        book = self.books[symbol]
        book.halted, book.quoting = halted, quoting
        self._move_midpoints(book)

    def _refusal(self, order: PlainOrder) -> int:
        """(1)"""
        book = self.books[order.symbol]
        reason = 0
        if not self.open:
            reason = 0x0002
        elif book.halted or (book.quoting and order.ioc):
            reason = 0x0007
        elif not 1 <= order.shares <= 4_294_967_295:
            reason = 0x0013
        elif not 1 <= order.limit <= 2_000_000_000:
            reason = 0x001D
        elif order.min_quantity and order.displayed and not order.ioc:
            reason = 0x000D
        if reason:
            self.hits[f"refused {reason:#06x}"] += 1
        return reason

    def _withdraw(self, order: PlainOrder) -> None:
        """The order leaves its queue, all its shares are loose."""
        order.loose = order.open
        for entry in order.entries:
            self.books[order.symbol].side(order.buy).remove(entry)
        order.entries = []

    def _will_rest(self, order: PlainOrder) -> bool:
        """(16)"""
        book = self.books[order.symbol]
        if order.ioc or order.midpoint or order.price <= 0:
            return False
        return book.quoting or book.maker_for(order) is None

    def _keeps_place(self, old: PlainOrder, new: PlainOrder) -> bool:
        """(17)"""
        return (
            self.keeps_priority
            and bool(old.entries)
            and not any(order.is_reserve or order.ioc or order.midpoint for order in (old, new))
            and (old.limit, old.displayed, old.mpid, old.min_quantity, old.short_sale)
            == (new.limit, new.displayed, new.mpid, new.min_quantity, new.short_sale)
            and new.shares <= old.open
        )

    def _take_place(self, old: PlainOrder, new: PlainOrder) -> None:
        """(17)"""
        (entry,) = old.entries
        difference, entry.shares = entry.shares - new.shares, new.shares
        entry.order, new.entries, old.entries = new, [entry], []
        new.price, new.shown_ref = old.price, old.shown_ref
        self.hits["kept its place"] += 1
        self.events.append(Replaced(old.ref, new.ref, new.shares, new.price, withdrawn=False))
        if difference and new.displayed:
            self.events.append(Shrunk(new.ref, new.shown_ref, difference, new.open))

    def _move_midpoints(self, book: PlainBook) -> None:
        """(18)"""
        book.midpoints = [order for order in book.midpoints if order.open]
        twice = book.midpoint_twice()
        if all(order.placed_at == twice for order in book.midpoints):
            return
        for order in book.midpoints:
            if order.open:
                self.hits["midpoint moved"] += 1
                self._withdraw(order)
                self._price(order, order.loose)
                self._go_on(order, 0)
        book.midpoints = [order for order in book.midpoints if order.open]
