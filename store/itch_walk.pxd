cimport cython
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from store.words cimport be16, be32, be48, be64, pointer, text

cdef enum:
    _A = 65
    _B = 66
    _C = 67
    _D = 68
    _E = 69
    _F = 70
    _H = 72
    _N = 78
    _P = 80
    _Q = 81
    _R = 82
    _S = 83
    _U = 85
    _X = 88
    _Y = 89
    _SPACE = 32

cdef class SymbolBook:
    cdef readonly uint16_t locate
    cdef dict bids
    cdef dict asks
    cdef list bid_keys
    cdef list ask_keys
    cdef readonly int64_t bid
    cdef readonly int64_t bid_shares
    cdef readonly int64_t ask
    cdef readonly int64_t ask_shares

    @cython.locals(buy=bint, levels=dict, keys=list)
    cdef void add(self, uint8_t side, int64_t price, int64_t shares) except *
    @cython.locals(buy=bint, levels=dict, keys=list, left=int64_t)
    cdef void take(self, uint8_t side, int64_t price, int64_t shares) except *
    @cython.locals(bid=int64_t, ask=int64_t, bid_shares=int64_t, ask_shares=int64_t)
    cdef bint changed(self) except -1

@cython.freelist(1024)
cdef class Resting:
    cdef SymbolBook book
    cdef uint8_t side
    cdef int64_t price
    cdef int64_t shares

cdef class ItchWalk:
    cdef readonly int64_t room
    cdef readonly int64_t events
    cdef readonly int64_t quotes
    cdef readonly int64_t trades
    cdef readonly int64_t malformed
    cdef readonly int64_t unknown
    cdef readonly int64_t duplicates
    cdef readonly dict symbols
    cdef readonly dict named
    cdef dict _orders
    cdef dict _books
    cdef readonly int64_t[::1] e_row
    cdef readonly int64_t[::1] q_row
    cdef readonly int64_t[::1] t_row
    cdef readonly uint16_t[::1] e_locate
    cdef readonly uint16_t[::1] q_locate
    cdef readonly uint16_t[::1] t_locate
    cdef readonly uint8_t[::1] e_kind
    cdef readonly uint8_t[::1] e_side
    cdef readonly uint8_t[::1] t_side
    cdef readonly uint32_t[::1] e_price
    cdef readonly uint32_t[::1] q_bid
    cdef readonly uint32_t[::1] q_ask
    cdef readonly uint32_t[::1] t_price
    cdef readonly uint64_t[::1] e_time
    cdef readonly uint64_t[::1] e_reference
    cdef readonly uint64_t[::1] e_replacement
    cdef readonly uint64_t[::1] e_shares
    cdef readonly uint64_t[::1] e_match
    cdef readonly uint64_t[::1] t_shares
    cdef readonly uint64_t[::1] t_match
    cdef readonly uint64_t[::1] q_bid_shares
    cdef readonly uint64_t[::1] q_ask_shares

    @cython.locals(memory=cython.p_const_uchar, row=Py_ssize_t, count=Py_ssize_t)
    cpdef walk(self, const uint8_t[::1] data, const int64_t[::1] starts, const int64_t[::1] lengths)
    @cython.locals(kind=uint8_t)
    cdef void _message(self, const uint8_t *data, int64_t at, int64_t length, Py_ssize_t row) except *
    cdef bint _sized(self, int64_t length, int64_t wanted) noexcept
    cdef void _name(self, const uint8_t *data, uint16_t locate, int64_t at, Py_ssize_t row) except *
    @cython.locals(place=Py_ssize_t)
    cdef void _event(self, const uint8_t *data, int64_t at, Py_ssize_t row, uint8_t side, uint32_t price, uint64_t shares, uint64_t match, uint64_t replacement) except *
    @cython.locals(place=Py_ssize_t)
    cdef void _quote(self, SymbolBook book, Py_ssize_t row) except *
    @cython.locals(place=Py_ssize_t)
    cdef void _trade(self, const uint8_t *data, int64_t at, Py_ssize_t row, uint8_t side, uint32_t price, uint64_t shares, uint64_t match) except *
    cdef void _enter(self, SymbolBook book, reference, uint8_t side, int64_t price, int64_t shares) except *
    @cython.locals(locate=uint16_t, book=SymbolBook, side=uint8_t, shares=int64_t, price=int64_t)
    cdef void _add(self, const uint8_t *data, int64_t at, Py_ssize_t row) except *
    cdef void _reduce(self, reference, Resting order, int64_t shares) except *
    @cython.locals(shares=int64_t, match=uint64_t, price=uint32_t, order=Resting, priced=bint)
    cdef void _execute(self, const uint8_t *data, int64_t at, Py_ssize_t row) except *
    @cython.locals(shares=int64_t, order=Resting)
    cdef void _cancel(self, const uint8_t *data, int64_t at, Py_ssize_t row) except *
    @cython.locals(order=Resting)
    cdef void _delete(self, const uint8_t *data, int64_t at, Py_ssize_t row) except *
    @cython.locals(shares=int64_t, price=int64_t, order=Resting)
    cdef void _replace(self, const uint8_t *data, int64_t at, Py_ssize_t row) except *
    @cython.locals(shares=uint64_t, price=uint32_t, match=uint64_t)
    cdef void _print(self, const uint8_t *data, int64_t at, Py_ssize_t row) except *
