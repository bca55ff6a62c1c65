"""OUCH 5.0 order entry of one account on one market: requests in, answers out. Sans-I/O, deterministic.

Plain requests take a fast path that can only accept; everything else, and every refusal, is decided by the tables
(`entry_table`, `entry_checks`). Both end in the same calls, so that they give the same answers.

The decisions that OUCH leaves open: a replace down to what is executed already takes the order off (`C`), as bad
details do; cancel and modify quantities count the whole replace chain, as the replace quantity does; a post-only order
that would take is accepted and cancelled (`C` reason `G`); a modify or cancel that is impossible is ignored and logged,
because `J` would tell the client that the order is gone. What a replace does not say (minimum quantity, maximum floor,
post-only, price type, self-match prevention) the new order does not have; side, capacity, cross and group stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from exchange.account import Account
from exchange.book import Book
from exchange.entry_checks import DAY
from exchange.entry_events import EntryEvents
from exchange.entry_table import EntryTable, GarbageError
from exchange.expiry import Expiries
from exchange.market import Market
from exchange.orders import Order, limit_order
from exchange.ouch_reader import OuchReader
from exchange.risk_checks import checks_for
from exchange.risk_limits import Limits
from exchange.sink import CANCEL_CLOSED, CANCEL_TIME
from exchange.ticket import Ticket

__all__ = ["GarbageError", "OrderEntry"]

_ENTER, _REPLACE, _CANCEL = b"OUX"
_BUY, _SHORT, _HIDDEN, _ATTRIBUTED, _IMMEDIATE = b"BTNA3"
_NO_LIMITS = Limits()


class OrderEntry(EntryEvents):
    """One account's orders and the answers to its requests. ``limits``: those of all firms and ports.

    ``last_refs`` has the last UserRefNum of each UserRefIdx (tag 28). ``fast`` may be cleared to let the tables decide
    everything.
    """

    def __init__(self, account: Account, market: Market, limits: Limits | None = None) -> None:
        super().__init__(account, market)
        limits = _NO_LIMITS if limits is None else limits
        self.enabled = True
        self.last_refs: dict[int, int] = {0: 0}
        self.party = limits.party(account.login)
        self.aiq, self.aiq_group = limits.self_match(account.login)
        self.risk = checks_for(limits, account.login, market)
        self.fast = True
        self.expiries = Expiries(self.is_open)
        self._firm = account.login.firm.encode().ljust(4)
        self._stocks: dict[bytes, Book] = {}
        self._reader = OuchReader()
        self.table = EntryTable(self)

    def on_message(self, data: bytes, now: int) -> None:
        """Take one inbound message; raises GarbageError for bytes that are not OUCH."""
        self.account.received(data)
        if not (self.fast and self._quick(data, now)):
            self.table.on_message(data, now)

    def make_order(self, ticket: Ticket, book: Book, token: int, shares: int, price: int) -> Order:
        """An order as the plain fields of a request have it."""
        buy = ticket.side == _BUY
        order = limit_order(book, buy, shares, price, self.market.engine.next_reference(), self.owner, token)
        order.ticket = ticket
        order.party = self.party
        order.aiq = self.aiq
        order.aiq_group = self.aiq_group
        order.ioc = ticket.time_in_force == _IMMEDIATE
        order.displayed = ticket.display != _HIDDEN
        order.short_sale = ticket.side == _SHORT
        if ticket.display == _ATTRIBUTED:
            order.mpid = self._firm
        return order

    def enter(self, order: Order, now: int) -> None:
        """Hand an order to the market."""
        self.orders[order.token] = order
        self.market.enter(order, now)

    def replace(self, old: Order, new: Order, now: int) -> None:
        """Hand a replacement to the market."""
        self.orders[new.token] = new
        self.market.replace(old, new, now)

    def cancel_all(self, now: int, reason: str) -> int:
        """Cancel every open order with an OUCH 5.0 cancel reason (§5.5); returns how many there were.

        Orders for a cross that can no longer be cancelled stay.
        """
        auctions = self.market.auctions
        orders = [order for order in self.orders.values() if not (order.auction and auctions.late(order, now))]
        return self._cancel_these(orders, now, reason)

    def close_day(self, now: int) -> int:
        """End of market hours: day orders are over (`C` reason `E`). Returns how many there were."""
        orders = [order for order in self.orders.values() if order.ticket.time_in_force == ord(DAY)]
        return self._cancel_these(orders, now, CANCEL_CLOSED)

    def close_extended(self, now: int) -> int:
        """End of system hours: whatever still stands is over (`C` reason `T`)."""
        return self._cancel_these(list(self.orders.values()), now, CANCEL_TIME)

    def is_open(self, token: int) -> bool:
        """Whether an order still lives."""
        return token in self.orders

    def next_deadline(self) -> int | None:
        """When the next good-till-time order ends (exchange time), None when none does."""
        return self.expiries.next_deadline()

    def advance(self, now: int) -> None:
        """End the good-till-time orders whose time is over (`C` reason `T`)."""
        while (token := self.expiries.take_due(now)) is not None:
            self.market.cancel(self.orders[token], 0, now, CANCEL_TIME)

    def state(self) -> Iterator[int]:
        """Numbers that two runs over the same inputs must agree on."""
        yield self.account.stream.next_sequence
        yield int(self.enabled)
        yield len(self.orders)
        yield self.next_deadline() or 0
        for index, ref in sorted(self.last_refs.items()):
            yield index
            yield ref

    def _cancel_these(self, orders: list[Order], now: int, reason: str) -> int:
        for order in orders:
            self.market.cancel(order, 0, now, reason)
        return len(orders)

    def _quick(self, data: bytes, now: int) -> bool:
        """The fast path: True when the request was plain and is done."""
        kind = self._reader.read(data)
        if kind == _CANCEL:
            return self._quick_cancel(now)
        if not kind or self.risk is not None or not self.enabled or not self._hours():
            return False
        return self._quick_enter(now) if kind == _ENTER else self._quick_replace(now)

    def _hours(self) -> bool:
        """Whether no time in force needs a look at the time: market hours, or a market without a day."""
        return self.regular or (self.market.auctions is None and self.market.last_system_event == "")

    def _quick_enter(self, now: int) -> bool:
        fields = self._reader
        book = self._stocks.get(fields.stock)
        if book is None:
            book = self._find(fields.stock)
        if book is None or fields.ref <= self.last_refs[0]:
            return False
        self.last_refs[0] = fields.ref
        ticket = Ticket(
            fields.side, fields.time_in_force, fields.display, fields.capacity, fields.sweep, fields.cl_ord_id
        )
        self.enter(self.make_order(ticket, book, fields.ref, fields.quantity, fields.price), now)
        return True

    def _quick_replace(self, now: int) -> bool:
        fields = self._reader
        old = self.orders.get(fields.orig_ref)
        if old is None or fields.ref <= self.last_refs[0] or old.auction or fields.quantity <= old.executed:
            return False
        self.last_refs[0] = fields.ref
        past = old.ticket
        ticket = Ticket(past.side, fields.time_in_force, fields.display, past.capacity, fields.sweep, fields.cl_ord_id)
        ticket.group = past.group
        ticket.replaces = fields.orig_ref
        shares = fields.quantity - old.executed
        self.replace(old, self.make_order(ticket, old.book, fields.ref, shares, fields.price), now)
        return True

    def _quick_cancel(self, now: int) -> bool:
        order = self.orders.get(self._reader.ref)
        if order is None or order.auction:
            return False
        keep = self._reader.quantity - order.executed
        self.market.cancel(order, max(0, keep), now)
        return True

    def _find(self, stock: bytes) -> Book | None:
        """The book of an 8-byte symbol, which is remembered."""
        book = self.market.engine.books.get(stock.decode("ascii", "replace").rstrip(" "))
        if book is not None and book.stock == stock:
            self._stocks[stock] = book
            return book
        return None
