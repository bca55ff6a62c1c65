from libc.stdint cimport int64_t, uint64_t

from hftapp.units cimport Notional, Price, Shares, notional_t, price_t, shares_t

cdef class Instrument:
    cdef readonly str symbol
    cdef readonly bytes stock
    cdef readonly int index
    cdef readonly uint64_t stock_word
    cdef public price_t bid
    cdef public shares_t bid_shares
    cdef public price_t ask
    cdef public shares_t ask_shares
    cdef public int bid_venue
    cdef public int ask_venue
    cdef public price_t last
    cdef public int halts
    cdef public bint halted
    cdef public int64_t updates
    cdef public bint touched
    cdef public shares_t position
    cdef public shares_t exposed_buy
    cdef public shares_t exposed_sell
    cdef public notional_t open_notional
    cdef public list own
    cdef public int own_count
    cdef public notional_t valued
    cdef public bint held
    cdef public bint permitted
    cdef public bint restricted
    cdef public bint short_restricted
    cdef public shares_t borrow

    cpdef halt(self, int kind, bint halted)
    cpdef price_t mid(self)
    cpdef price_t mark(self)
