cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.strategy.base cimport Context, Strategy

cdef enum:
    _BPS = 10_000
    _SYMBOLS = 65_536
    _BUY = 1
    _SELL = -1

cdef class ImbalanceTaker(Strategy):
    cdef int64_t _size
    cdef int64_t _ratio
    cdef int64_t _min_shares
    cdef int64_t _max_spread
    cdef int64_t _limit
    cdef int64_t _cooldown
    cdef int64_t[::1] _rest_until

    @cython.locals(bid=int64_t, bid_shares=int64_t, ask=int64_t, ask_shares=int64_t, side=int, price=int64_t, shares=int64_t, room=int64_t, index=Py_ssize_t)
    cpdef on_book(self, Instrument instrument)
    @cython.locals(total=int64_t)
    cpdef int signal(self, int64_t bid_shares, int64_t ask_shares) noexcept
