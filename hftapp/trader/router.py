"""Which venues an order goes to: best price first, then the lowest fee, and never through or across a better quote.

An order that takes is cut into at most one child per venue, each with the worst price that it has to reach there as
its limit. Protected is, of each venue, its best bid and offer (Regulation NMS, Rule 600). Two rules bind:

- Rule 611: no child may trade at a price while another venue's protected quote is better, unless it is an intermarket
  sweep order and every better protected quote is swept for its full displayed size in the same moment. The walk takes
  levels in the order of their prices, so that is always so; children that need the mark get it, all of them.
- Rule 610(d): a quote that rests must not lock or cross a protected quote of another venue.

With one venue there is nothing to choose, and the order goes as it is.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import cython

from hftapp.book.books import Books
from hftapp.trader.instrument import MAX_VENUES, Instrument
from hftapp.trader.market import Market

if not cython.compiled:
    from hftapp.units import Fee, Price, Shares


class Fees(NamedTuple):
    """Fees of a venue per share, in 1/100,000 dollar: paid for removing, received for adding; may be negative."""

    taker_fee: Fee
    maker_rebate: Fee


@cython.final
@cython.cclass
class Router:
    """Routes over the venues of a market, one `Fees` for each. Sides are 1 (buy) and -1 (sell), prices price4.

    `count` children are in `venue`, `shares`, `price`, `iso` after `take` and `rest`; `unrouted`: the shares that the
    last `take` found at no venue within its limit.
    """

    def __init__(self, market: Market, fees: Sequence[Fees]) -> None:
        if not 1 <= len(fees) <= MAX_VENUES:
            raise ValueError(f"fees of {len(fees)} venues: the router has room for 1 to {MAX_VENUES}")
        self.venues = len(fees)
        self.count = 0
        self.unrouted = Shares(0)
        self.venue = array("i", [0]) * MAX_VENUES
        self.shares = array("q", [0]) * MAX_VENUES
        self.price = array("q", [0]) * MAX_VENUES
        self.iso = array("i", [0]) * MAX_VENUES
        self._market = market
        self._fee = array("q", [venue.taker_fee for venue in fees])
        # Where a quote rests: the highest rebate first, then the order of the configuration.
        self._preferred = array("i", sorted(range(len(fees)), key=lambda number: -fees[number].maker_rebate))
        self._reachable = array("i", [1]) * MAX_VENUES
        self._protected = array("i", [1]) * MAX_VENUES
        self._serves = array("i", [1]) * MAX_VENUES
        self._locate = array("q", [-1]) * MAX_VENUES
        self._best = array("q", [0]) * MAX_VENUES
        self._level = array("q", [0]) * MAX_VENUES
        self._child = array("i", [-1]) * MAX_VENUES

    def set_reachable(self, venue: int, reachable: bool) -> None:
        """Whether orders can be sent to a venue. Its protected quote binds all the same."""
        self._known(venue)
        self._reachable[venue] = reachable

    def set_protected(self, venue: int, protected: bool) -> None:
        """Whether a venue's book is to be trusted; if not, nothing is taken there, and its quote binds no one."""
        self._known(venue)
        self._protected[venue] = protected

    def take(self, instrument: Instrument, side: int, shares: Shares, price: Price, without: int = 0) -> int:
        """Cut an immediate-or-cancel order into children; returns their number.

        `without`: a bit for each venue that it turned out not to reach; with one venue it says nothing.
        """
        if self.venues == 1:
            return self._whole(0, shares, price)
        self._look(instrument, -side, without)
        limit = price
        for venue in range(self.venues):
            # What cannot be swept must not be traded through: the order ends at that price.
            best = Price(self._best[venue])
            if best != 0 and not self._serves[venue] and (limit - best) * side > 0:
                limit = best
        self.count = 0
        self.unrouted = shares
        while self.unrouted > 0:
            venue = self._next(side, limit)
            if venue < 0:
                break
            self._assign(venue, -side)
        sweep = self._passes_better(side)
        for child in range(self.count):
            self.iso[child] = sweep
        return self.count

    def rest(self, instrument: Instrument, side: int, shares: Shares, price: Price) -> int:
        """Choose the venue of a quote that is to rest: 1 child, or 0 when no venue may display it at this price.

        Where its own venue shows the other side at that price, the quote trades there first.
        """
        if self.venues == 1:
            return self._whole(0, shares, price)
        self._look(instrument, -side, 0)
        chosen = -1
        for rank in range(self.venues):
            venue = self._preferred[rank]
            if self._serves[venue] and self._locate[venue] >= 0:
                chosen = venue
                break
        self.count = 0
        if chosen < 0:
            return 0
        for venue in range(self.venues):
            best = Price(self._best[venue])
            if venue != chosen and best != 0 and (price - best) * side >= 0:
                return 0
        return self._whole(chosen, shares, price)

    def _known(self, venue: int) -> None:
        if not 0 <= venue < self.venues:
            raise IndexError(f"venue {venue}: the router has {self.venues}")

    def _whole(self, venue: int, shares: Shares, price: Price) -> int:
        """One child that is the whole order."""
        self.venue[0] = venue
        self.shares[0] = shares
        self.price[0] = price
        self.iso[0] = 0
        self.unrouted = Shares(0)
        self.count = 1
        return 1

    def _look(self, instrument: Instrument, side: int, without: int) -> None:
        """Note where a venue shows the instrument, and its protected quote of one side (0: none).

        A venue that has ended its trading takes no order, and what its book still shows is no quote.
        """
        for venue in range(self.venues):
            shut = self._market.shut >> venue & 1 != 0
            self._serves[venue] = self._reachable[venue] and not shut and without >> venue & 1 == 0
            locate = self._market.locate_of(instrument, venue)
            self._locate[venue] = locate
            self._level[venue] = 0
            self._child[venue] = -1
            self._best[venue] = 0
            if locate >= 0 and self._protected[venue] and not shut:
                books: Books = self._market.books[venue]
                self._best[venue] = books.best_price(locate, side)

    def _next(self, side: int, limit: Price) -> int:
        """The venue whose next level is to be taken, -1 when none is within the limit."""
        found = -1
        found_price = Price(0)
        found_shares = Shares(0)
        for venue in range(self.venues):
            if not self._serves[venue] or self._best[venue] == 0:
                continue
            books: Books = self._market.books[venue]
            price = books.level_price(self._locate[venue], -side, self._level[venue])
            if price == 0 or (price - limit) * side > 0:
                continue
            shares = books.level_shares(self._locate[venue], -side, self._level[venue])
            worse: int = (price - found_price) * side
            if found >= 0 and worse == 0:
                worse = Fee(self._fee[venue]) - Fee(self._fee[found])
                if worse == 0:
                    worse = found_shares - shares
            if found < 0 or worse < 0:
                found, found_price, found_shares = venue, price, shares
        return found

    def _assign(self, venue: int, side: int) -> None:
        """Take a venue's next level: its child is made or grows."""
        books: Books = self._market.books[venue]
        locate, level = self._locate[venue], self._level[venue]
        shares = books.level_shares(locate, side, level)
        if shares > self.unrouted:
            shares = self.unrouted
        child = self._child[venue]
        if child < 0:
            child = self.count
            self.count += 1
            self._child[venue] = child
            self.venue[child] = venue
            self.shares[child] = 0
        self.shares[child] += shares
        self.price[child] = books.level_price(locate, side, level)
        self._level[venue] = level + 1
        self.unrouted -= shares

    def _passes_better(self, side: int) -> bool:
        """Whether a child's limit is worse than the protected quote of another venue."""
        for child in range(self.count):
            for venue in range(self.venues):
                best = Price(self._best[venue])
                if venue != self.venue[child] and best != 0 and (self.price[child] - best) * side > 0:
                    return True
        return False
