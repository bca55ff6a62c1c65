from libc.stdint cimport int64_t, uint64_t

cdef class Instrument:
    cdef readonly str symbol
    cdef readonly bytes stock
    cdef readonly int index
    cdef readonly uint64_t stock_word
    cdef public int64_t bid
    cdef public int64_t bid_shares
    cdef public int64_t ask
    cdef public int64_t ask_shares
    cdef public int bid_venue
    cdef public int ask_venue
    cdef public int64_t last
    cdef public int halts
    cdef public bint halted
    cdef public int64_t updates
    cdef public bint touched
    cdef public int64_t position
    cdef public int64_t exposed_buy
    cdef public int64_t exposed_sell
    cdef public int64_t open_notional
    cdef public list own
    cdef public int own_count
    cdef public int64_t valued
    cdef public bint held
    cdef public bint permitted
    cdef public bint restricted
    cdef public bint short_restricted
    cdef public int64_t borrow

    cpdef halt(self, int kind, bint halted)
    cpdef int64_t mid(self)
    cpdef int64_t mark(self)
