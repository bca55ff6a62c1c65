cimport cython
from libc.stdint cimport int64_t, uint64_t

from exchange.book cimport Book, Level, Side
from exchange.orders cimport Order
from exchange.self_match cimport mode_of, strategy_between
from exchange.sink cimport Sink

cdef class Matcher:
    cdef public Sink sink
    cdef public int64_t now
    cdef public uint64_t last_reference
    cdef public uint64_t last_match
    cdef public uint64_t random
    cdef list _exhausted

    cpdef uint64_t next_reference(self)
    cpdef match(self, Order taker)
    @cython.locals(i=Py_ssize_t, level=Level, entry=Order)
    cpdef Order next_maker(self, Order taker)
    @cython.locals(left=int64_t, level=Level, entry=Order)
    cpdef int64_t fillable(self, Order taker)
    cpdef take_off(self, Order entry, int64_t shares)
    cpdef int64_t take_off_order(self, Order order, int64_t shares)
    @cython.locals(order=Order, reserve=Order, shares=int64_t)
    cpdef refresh(self)
    @cython.locals(lots=int64_t, step=int64_t)
    cpdef int64_t display_size(self, Order order)
    cpdef Side side_of(self, Order order)
    cdef _trade(self, Order maker, Order taker)
    cdef _prevent(self, Order maker, Order taker, int strategy)
    cdef _cancel_prevented(self, Order order, Order maker, Order taker, int64_t shares, int strategy)
