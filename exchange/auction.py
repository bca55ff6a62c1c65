"""The crosses of one market: the opening, the closing and the halt cross.

Orders for a cross wait here, outside the books. A cross trades them with each other and with the continuous book at one
price. Sans-I/O: times are ns since midnight. When crosses are indicated and held is the business of `noii_timer`,
`trading_day` and `halts`.

Decisions. All executions of one cross have one match number, that of its bulk print (ITCH `Q`), which is sent after
them and also when nothing traded: the print *is* the trade, and `C` messages with "not printable" refer to it. What is
left of the orders for a cross is cancelled after it: reason `T` (their time is over), `H` where the book was still
halted at the opening. Day orders that came before the open wait, take part in the opening cross (of a halted book: in
its halt cross), then enter their books in the order they came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exchange.book import Book
from exchange.cross_book import Share, add_resting, allocate, held_shares, interest, resting_shares, touch
from exchange.cross_hours import CrossHours
from exchange.cross_price import Clearing, Interest
from exchange.cross_rules import CLOSING, HALT, OPENING, WAITS_FOR_OPEN, CrossReject, is_late, refusal
from exchange.held_orders import HeldOrders
from exchange.market import Market
from exchange.noii import Indication, noii
from exchange.orders import Order
from exchange.sink import CANCEL_ON_OPEN, CANCEL_TIME, Reject
from protocols.itch50 import CrossTrade


@dataclass(frozen=True, slots=True)
class Cross:
    """What a cross did; price 0 when nothing traded."""

    price: int
    shares: int
    match: int


class Auctions:
    """Holds the orders for the crosses of one market, indicates the crosses, and carries them out.

    ``opening``, ``closing``: their hours; None = there is no such cross this session, and orders for it are refused.
    """

    def __init__(self, market: Market, opening: CrossHours | None = None, closing: CrossHours | None = None) -> None:
        self._market = market
        self._hours = {OPENING: opening, WAITS_FOR_OPEN: opening, CLOSING: closing}
        self._held = {OPENING: HeldOrders(), CLOSING: HeldOrders(), HALT: HeldOrders(), WAITS_FOR_OPEN: HeldOrders()}
        self.first_references: dict[str, int] = {}
        self._last_prices: dict[int, int] = {}
        market.auctions = self
        market.watchers.append(self)

    # Orders

    def hold_until_open(self, order: Order, now: int) -> bool:
        """Take a day order that came before the open; False when it was rejected."""
        order.auction = WAITS_FOR_OPEN
        return self.hold(order, now)

    def hold(self, order: Order, now: int) -> bool:
        """Take an order for the cross ``order.auction``, or one that waits for the open; False when it was rejected."""
        code = self.refusal(order, now)
        if code:
            self._refuse(order, code)
            return False
        self._keep(order, now)
        self._market.accepted(order)
        return True

    def replace(self, old: Order, new: Order, now: int) -> bool:
        """Put an order in the place of one that is held for the same cross; it loses its time priority.

        False when the old one is done (no event), or the new one is refused and the old one stays.
        """
        if old.open_shares() == 0:
            new.shares = 0
            return False
        new.auction = old.auction
        code = int(CrossReject.CANCEL_NOT_ALLOWED) if self.late(old, now) else self.refusal(new, now, True)
        if code:
            self._refuse(new, code)
            return False
        new.executed = old.executed
        old.shares = 0
        self._keep(new, now)
        self._market.replaced(old, new, False)
        return True

    def refusal(self, order: Order, now: int = 0, replaced: bool = False) -> int:
        """Why an order for a cross would be refused (OUCH reject code), 0 when it would be held.

        ``now`` may be left out where the market's time has been stamped already. ``replaced``: it takes the place of
        one that is held.
        """
        now = max(now, self._market.time)
        if not self._market.engine.open:
            return Reject.CLOSED
        if order.auction == HALT:
            # An operational halt ends without a cross.
            listing = self._market.directory.listings[order.book.symbol]
            alone = listing.halted_by and listing.trading_state == "T"
            waits = (order.book.halted or order.book.quoting) and not alone
            open_hours = CrossHours(0, 0, 0, 0, 0, 0) if waits else None
            return refusal(order, now, open_hours, 0)
        if order.auction not in self._held:
            return CrossReject.INVALID_CROSS
        reference = 0
        if order.auction == CLOSING:
            reference = self.first_references.get(order.book.symbol, 0)
        return refusal(order, now, self._hours[order.auction], reference, replaced)

    def late(self, order: Order, now: int = 0) -> bool:
        """Whether an order for a cross can no longer be cancelled, reduced or replaced before that cross."""
        return is_late(order, max(now, self._market.time), self._hours.get(order.auction))

    def opens_later(self, now: int) -> bool:
        """Whether day orders have to wait (`hold_until_open`): the opening cross is still to come."""
        hours = self._hours[OPENING]
        return hours is not None and max(now, self._market.time) < hours.at

    def interested(self, cross: str) -> list[str]:
        """The symbols with orders that wait for the cross."""
        symbols = self._held[ord(cross)].symbols()
        if cross == "O":
            symbols = list(dict.fromkeys([*symbols, *self._held[WAITS_FOR_OPEN].symbols()]))
        return symbols

    def held(self) -> Iterator[Order]:
        """All orders that wait, cross by cross, symbol by symbol, in the order they came."""
        for orders in self._held.values():
            for symbol in orders.symbols():
                yield from orders.of(symbol)

    # Prices

    def take_first_references(self) -> None:
        """Note the reference price of every book that has one, for limit-on-close orders that come late."""
        interested = set(self.interested("C"))
        for symbol, book in self._market.engine.books.items():
            if symbol in interested:
                reference = self.indication(book, "C").reference
                self.first_references[symbol] = 0 if reference is None else reference.price
            else:
                self.first_references[symbol] = self._anchor(book)

    def traded(self, book: Book, price: int, _shares: int, _time: int) -> None:
        """Note the last price of a book."""
        self._last_prices[book.locate] = price

    def settled(self, book: Book, time: int) -> None:
        """Nothing: a watcher's part."""

    def indication(self, book: Book, cross: str) -> Indication:
        """What the cross would do if it were held now."""
        orders = self._for_cross(book, cross)
        anchor = self._anchor(book)
        far, near = interest(orders), self._total(book, cross, orders)
        if cross == "H":
            reference = near.clear(anchor)
        else:
            low, high = sorted(touch(book))
            low, high = (low, high) if low else (anchor, anchor)
            reference = far.clear(anchor, low, high) if anchor else None
        return Indication(_trading(near.clear(anchor)), _trading(far.clear(anchor)), reference)

    def clearing(self, book: Book, cross: str) -> tuple[Clearing | None, int]:
        """The price of the cross if it were held now (None: nothing would trade), and the shares of market orders that
        it would leave: above 0 to buy, below 0 to sell."""
        total = self._total(book, cross, self._for_cross(book, cross))
        clearing = _trading(total.clear(self._anchor(book)))
        paired = 0 if clearing is None else clearing.paired
        return clearing, max(0, total.market_buy - paired) - max(0, total.market_sell - paired)

    # What happens

    def indicate(self, book: Book, cross: str, now: int) -> None:
        """Publish a NOII for one book."""
        message = noii(book, cross, self.indication(book, cross), self._market.stamp(now))
        self._market.publisher.publish(message.encode())

    def cross(self, book: Book, cross: str, now: int) -> Cross:
        """Hold a cross on one book: executions, bulk print, then what is left of the orders for it is cancelled."""
        time = self._market.stamp(now)
        engine = self._market.engine
        engine.now = time
        engine.last_match += 1
        match = engine.last_match
        shares = self._participants(book, cross)
        clearing = _trading(interest(shares).clear(self._anchor(book)))
        price, paired = (0, 0) if clearing is None else (clearing.price, clearing.paired)
        for buy in (True, False):
            for order, part in allocate(shares, buy, price, paired):
                engine.fill(order, part, price, match, ord(cross))
        if paired:
            engine.refresh()
        self._print(book, paired, price, match, cross, time)
        if paired:
            for watcher in self._market.watchers:
                watcher.traded(book, price, paired, time)
        self._drop(book, ord(cross), CANCEL_TIME, time)
        # Nothing changes, but midpoint orders have to follow the touch that the cross left.
        engine.set_trading(book, book.halted, book.quoting, time)
        if cross == "O":
            self.admit_waiting(book, time)
        if cross != "H":
            # After a halt cross the symbol trades again first; a rule that halts it once more comes behind that.
            for watcher in self._market.watchers:
                watcher.settled(book, time)
        return Cross(price, paired, match)

    def admit_waiting(self, book: Book, now: int) -> None:
        """Let the day orders that waited for the open into their book, as they came; ahead of the open, do nothing."""
        if self.opens_later(now):
            return
        for order in self._held[WAITS_FOR_OPEN].take(book.symbol):
            order.auction = 0
            self._market.engine.admit(order, self._market.stamp(now))

    def skip(self, book: Book, cross: str, now: int) -> None:
        """There is no cross because the book is halted: its orders go. Day orders wait on for the halt cross."""
        self._drop(book, ord(cross), CANCEL_ON_OPEN if cross == "O" else CANCEL_TIME, self._market.stamp(now))

    # Parts

    def _keep(self, order: Order, now: int) -> None:
        order.time = self._market.stamp(now)
        order.price = order.limit
        self._held[order.auction].add(order)

    def _refuse(self, order: Order, code: int) -> None:
        self._market.rejected(order, code)
        order.shares = 0

    def _for_cross(self, book: Book, cross: str) -> list[Share]:
        return held_shares(book, self._held[ord(cross)].of(book.symbol))

    def _waiting(self, book: Book, cross: str) -> list[Share]:
        if not self._lets_in(cross):
            return []
        before_open = self._held[WAITS_FOR_OPEN].of(book.symbol)
        return held_shares(book, (order for order in before_open if not order.midpoint))

    def _total(self, book: Book, cross: str, orders: list[Share]) -> Interest:
        """The orders for the cross, day orders that wait, and the book."""
        total = interest([*orders, *self._waiting(book, cross)])
        add_resting(total, book)
        return total

    def _participants(self, book: Book, cross: str) -> list[Share]:
        """The same one by one; none where all is a book that trades already, because that alone never crosses."""
        outside = [*self._waiting(book, cross), *self._for_cross(book, cross)]
        return [*resting_shares(book), *outside] if outside or book.quoting else []

    def _lets_in(self, cross: str) -> bool:
        """Whether day orders that wait for the open take part: not in a halt cross ahead of it."""
        return cross == "O" or (cross == "H" and not self.opens_later(0))

    def _anchor(self, book: Book) -> int:
        """The midpoint of the touch, rounded down; else the last price; else the close of the day before; 0 = none."""
        bid, ask = touch(book)
        if bid and ask:
            return (bid + ask) >> 1
        last = self._last_prices.get(book.locate)
        if last is not None:
            return last
        return self._market.directory.listings[book.symbol].price

    def _print(self, book: Book, shares: int, price: int, match: int, cross: str, time: int) -> None:
        message = CrossTrade(
            stock_locate=book.locate,
            tracking_number=0,
            timestamp=time,
            shares=shares,
            stock=book.symbol,
            cross_price=price,
            match_number=match,
            cross_type=cross,
        )
        self._market.publisher.publish(message.encode())

    def _drop(self, book: Book, cross: int, reason: str, time: int) -> None:
        for order in self._held[cross].take(book.symbol):
            self._market.engine.cancel(order, 0, time, reason)


def _trading(clearing: Clearing | None) -> Clearing | None:
    return clearing if clearing is not None and clearing.paired else None
