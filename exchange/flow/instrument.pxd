cimport cython
from libc.stdint cimport int64_t

from exchange.book cimport Book, Level
from exchange.flow.random64 cimport Random64
from exchange.orders cimport Order

cdef class Pool:
    cdef public list orders

    cpdef add(self, Order order)
    @cython.locals(place=int64_t, last=Order)
    cpdef discard(self, Order order)
    cpdef Order choose(self, Random64 rng)

cdef class Instrument:
    cdef public Book book
    cdef public int64_t tick
    cdef public int64_t half_spread
    cdef public int64_t target
    cdef public double weight
    cdef public Pool bids
    cdef public Pool asks
    cdef public int64_t reference
    cdef int64_t _step
    cdef int64_t _lowest
    cdef int64_t _anchor

    cpdef int64_t resting(self)
    @cython.locals(up=double)
    cpdef walk(self, Random64 rng)
    cpdef jump(self, double fraction)
    @cython.locals(tick=int64_t, depth=int64_t, away=int64_t, opposite=Level, price=int64_t)
    cpdef int64_t passive_price(self, bint buy, Random64 rng)
