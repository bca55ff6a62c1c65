cimport cython
from cpython.time cimport perf_counter_ns
from libc.stdint cimport int64_t, uint64_t

from exchange.book cimport Book
from exchange.engine cimport Engine
from exchange.orders cimport Order, limit_order
from exchange.sink cimport Sink

cdef int64_t _WIDTH
cdef int64_t _CANCEL
cdef int64_t _REPLACE
cdef int64_t _CENT
cdef int _OWNER

cdef class CountingSink(Sink):
    cdef public int64_t shares

    cpdef executed(self, Order maker, Order taker, int64_t shares, int64_t price, int64_t match)

cdef class EngineDriver:
    cdef CountingSink _sink
    cdef Engine _engine
    cdef list _books
    cdef int64_t[::1] _rows
    cdef list _orders
    cdef int64_t _now

    @cython.locals(started=int64_t, row=int64_t)
    cpdef int64_t whole(self, int64_t first, int64_t last)
    @cython.locals(started=int64_t, row=int64_t, took=int64_t[::1])
    cpdef each(self, int64_t first, int64_t last)
    @cython.locals(started=int64_t, at=int64_t, took=int64_t[::1])
    cpdef clock(self)
    cpdef int64_t traded(self)
    @cython.locals(kind=int64_t, number=int64_t, reference=uint64_t, old=Order, new=Order, book=Book)
    cdef _carry_out(self, int64_t at)
