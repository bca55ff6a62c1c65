from libc.stdint cimport int64_t, uint64_t

from exchange.orders cimport Order

cdef class Sink:
    cpdef accepted(self, Order order)
    cpdef rejected(self, Order order, int reason)
    cpdef replaced(self, Order old, Order new, bint withdrawn)
    cpdef rested(self, Order order, uint64_t replaces)
    cpdef executed(self, Order maker, Order taker, int64_t shares, int64_t price, int64_t match)
    cpdef auctioned(self, Order order, int64_t shares, int64_t shown, int64_t price, int64_t match, int cross)
    cpdef prevented(
        self,
        Order order,
        Order maker,
        Order taker,
        int64_t decrement,
        int64_t shown,
        int64_t shares,
        int64_t price,
        int strategy,
    )
    cpdef cancelled(self, Order order, int64_t shares, int64_t shown, str reason)
    cpdef modified(self, Order order, int64_t shares, int64_t shown)
    cpdef shrunk(self, Order order, int64_t shown)
    cpdef restated(self, Order order)
