from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef class Context:
    cdef public int64_t now
    cdef public price_t best_price
    cdef public shares_t best_shares

    cpdef quote(self, Instrument instrument, int side, shares_t shares, price_t price, price_t min_move)
    cpdef bint take(self, Instrument instrument, int side, shares_t shares, price_t price) except -1
    cpdef cancel(self, Order order)
    cpdef pull(self, Instrument instrument)
    cpdef shares_t inventory(self, Instrument instrument) except? -1
    cpdef shares_t open_shares(self, Instrument instrument, int side) except? -1
    cpdef bint best_without_own(self, Instrument instrument, int side) except -1

cdef class Strategy:
    cdef readonly Context context
    cdef readonly object params

    cpdef on_book(self, Instrument instrument)
    cpdef on_trade(self, Instrument instrument, price_t price, shares_t shares)
    cpdef on_fill(self, Instrument instrument, Order order, shares_t shares, price_t price)
    cpdef on_timer(self, int64_t now)
