import cython

from libc.stdint cimport int64_t

from hftapp.book.books cimport Books
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.market cimport Market
from hftapp.units cimport Fee, Price, Shares, price_t, shares_t

cdef class Router:
    cdef readonly int venues
    cdef readonly int count           # child orders of the last call: venue[i], shares[i], price[i], iso[i]
    cdef readonly int[::1] venue
    cdef readonly int64_t[::1] shares
    cdef readonly int64_t[::1] price
    cdef readonly int[::1] iso
    cdef readonly shares_t unrouted    # shares of the last `take` that no venue shows within the limit
    cdef Market _market
    cdef int64_t[::1] _fee
    cdef int[::1] _preferred
    cdef int[::1] _reachable
    cdef int[::1] _protected
    cdef int[::1] _serves             # for the order at hand: may it go there?
    cdef int64_t[::1] _locate
    cdef int64_t[::1] _best
    cdef int64_t[::1] _level
    cdef int[::1] _child

    cpdef set_reachable(self, int venue, bint reachable)
    cpdef set_protected(self, int venue, bint protected)
    # An immediate-or-cancel order: returns the number of children.
    @cython.locals(limit=price_t, best=price_t, venue=int, child=int, sweep=bint)
    cpdef int take(self, Instrument instrument, int side, shares_t shares, price_t price, int without=*) except -1
    # A resting quote: one child, or none when no venue may show it.
    @cython.locals(best=price_t, venue=int, rank=int, chosen=int)
    cpdef int rest(self, Instrument instrument, int side, shares_t shares, price_t price) except -1

    cdef _known(self, int venue)
    cdef int _whole(self, int venue, shares_t shares, price_t price) noexcept
    @cython.locals(venue=int, locate=int64_t, books=Books, shut=bint)
    cdef void _look(self, Instrument instrument, int side, int without) noexcept
    @cython.locals(
        found=int, found_price=price_t, found_shares=shares_t, venue=int, price=price_t, shares=shares_t, worse=int64_t,
        books=Books,
    )
    cdef int _next(self, int side, price_t limit) noexcept
    @cython.locals(books=Books, locate=int64_t, level=int64_t, shares=shares_t, child=int)
    cdef void _assign(self, int venue, int side) noexcept
    @cython.locals(child=int, venue=int, best=price_t)
    cdef bint _passes_better(self, int side) noexcept
