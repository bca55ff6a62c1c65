from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order

cdef class Context:
    cdef public int64_t now
    cdef public int64_t best_price
    cdef public int64_t best_shares

    cpdef quote(self, Instrument instrument, int side, int64_t shares, int64_t price, int64_t min_move)
    cpdef bint take(self, Instrument instrument, int side, int64_t shares, int64_t price) except -1
    cpdef cancel(self, Order order)
    cpdef pull(self, Instrument instrument)
    cpdef int64_t inventory(self, Instrument instrument) except? -1
    cpdef bint best_without_own(self, Instrument instrument, int side) except -1

cdef class Strategy:
    cdef readonly Context context
    cdef readonly object params

    cpdef on_book(self, Instrument instrument)
    cpdef on_trade(self, Instrument instrument, int64_t price, int64_t shares)
    cpdef on_fill(self, Instrument instrument, Order order, int64_t shares, int64_t price)
    cpdef on_timer(self, int64_t now)
