"""The orders of the last second on one order session: the rate, duplicates, and how many there were in each symbol.

A ring of records. The record `limit` places back tells whether the session's rate leaves room: nothing is counted.
Orders whose terms share a hash are chained from the newest to the oldest, so the search for a duplicate ends at the
first one that is too old; usually it reads one record. Counts by symbol are corrected when a record leaves the second:
one for each that comes, so the work per order is bounded, and all of them before a symbol is said to be busy.
"""

from __future__ import annotations

from array import array
from typing import Final

import cython

NOTHING: Final = -1
"""Terms of a replace: it counts for the rates, but duplicates nothing."""
LONG_AGO: Final = -(1 << 62)

if not cython.compiled:
    from hftapp.trader.risk.packing import chain_of

    _SECOND = 1_000_000_000
    # A record: when, place, terms, the number of the record before it in its chain.
    _TIME, _PLACE, _TERMS, _BEFORE = range(4)


@cython.final
@cython.cclass
class SentOrders:
    """At most `limit` orders in any second, on the session of a venue. Times (`now`) never decrease.

    Orders come as `packing.place_of` and `packing.terms_of`. `counts`: orders by instrument, for all sessions of
    a trader; it may include some that are a second old, until `expire`. `newest`: when the last order was sent;
    `full_until`: the session is full before that. `heads` and `log` are the chains: the number of the newest record of
    each, and the records.
    """

    def __init__(self, venue: int, limit: int, counts: array[int]) -> None:
        if limit < 1:
            raise ValueError(f"a rate of {limit} orders per second: must be at least 1")
        capacity = 1 << (limit - 1).bit_length()
        self.venue = venue
        self.limit = limit
        self.mask = capacity - 1
        self.next = 0
        self.log = array("q", [LONG_AGO]) * (4 * capacity)
        self._first = 0
        self.heads = array("q", [-1]) * capacity
        self._counts = counts
        self.newest = LONG_AGO
        self.full_until = LONG_AGO + _SECOND

    def full(self, now: int) -> bool:
        """Whether another order now would be more than `limit` in the second that ends now."""
        return now < self.full_until

    def has(self, place: int, terms: int, since: int) -> int:
        """How many ns after `since` the last order of the same terms was sent; 0 when there is none."""
        sequence = self.heads[chain_of(place, terms) & self.mask]
        # A chain ends where it is too old, or at a record whose place in the ring a later one has taken.
        while sequence >= 0 and sequence + self.mask >= self.next - 1:
            at = (sequence & self.mask) << 2
            if self.log[at] <= since:
                return 0
            if self.log[at + _TERMS] == terms and self.log[at + _PLACE] == place:
                return self.log[at] - since
            sequence = self.log[at + _BEFORE]
        return 0

    def add(self, place: int, terms: int, now: int) -> None:
        """An order was sent; `terms` is `NOTHING` for a replace. The session was not `full`."""
        head = chain_of(place, terms) & self.mask
        first = (self._first & self.mask) << 2
        # The oldest order leaves the count when it is a second old, and at last when its record is needed.
        if self._first != self.next and (self.log[first] <= now - _SECOND or self.next - self._first > self.mask):
            self._counts[self.log[first + _PLACE] >> 2] -= 1
            self._first += 1
        at = (self.next & self.mask) << 2
        self.log[at] = now
        self.log[at + _PLACE] = place
        self.log[at + _TERMS] = terms
        self.log[at + _BEFORE] = self.heads[head]
        if terms >= 0:
            self.heads[head] = self.next
        self._counts[place >> 2] += 1
        self.next += 1
        self.newest = now
        self.full_until = self.log[(self.next - self.limit & self.mask) << 2] + _SECOND

    def expire(self, now: int) -> None:
        """Take every order that is a second old out of its symbol's count."""
        while self._first != self.next:
            first = (self._first & self.mask) << 2
            if self.log[first] > now - _SECOND:
                return
            self._counts[self.log[first + _PLACE] >> 2] -= 1
            self._first += 1
