cimport cython
from libc.stdint cimport int32_t, int64_t, uint64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef class Fills:
    cdef readonly int64_t size
    cdef readonly int64_t count
    # The fill that the last `take` found.
    cdef readonly Instrument instrument
    cdef readonly shares_t shares
    cdef readonly price_t price
    cdef readonly int side
    cdef readonly int owner
    cdef int64_t[::1] _refs
    cdef int64_t[::1] _shares
    cdef int64_t[::1] _prices
    cdef uint64_t[::1] _matches
    cdef int32_t[::1] _venues
    cdef int32_t[::1] _sides
    cdef int32_t[::1] _owners
    cdef list _instruments

    @cython.locals(i=int64_t)
    cpdef add(self, Order order, shares_t shares, price_t price, uint64_t match)
    @cython.locals(i=int64_t, left=int64_t)
    cpdef bint take(self, int venue, int64_t ref, uint64_t match) except -1
