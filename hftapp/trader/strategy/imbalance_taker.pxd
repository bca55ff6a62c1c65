cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.strategy.base cimport Context, Strategy
from hftapp.units cimport Shares, price_t, shares_t

cdef enum:
    _BPS = 10_000
    _SYMBOLS = 65_536
    _BUY = 1
    _SELL = -1

cdef class ImbalanceTaker(Strategy):
    cdef shares_t _size
    cdef int64_t _ratio
    cdef shares_t _min_shares
    cdef int64_t _max_spread
    cdef shares_t _limit
    cdef int64_t _cooldown
    cdef int64_t[::1] _rest_until

    @cython.locals(bid=price_t, bid_shares=shares_t, ask=price_t, ask_shares=shares_t, side=int, price=price_t, shares=shares_t, room=shares_t, index=Py_ssize_t)
    cpdef on_book(self, Instrument instrument)
    @cython.locals(total=shares_t)
    cpdef int signal(self, shares_t bid_shares, shares_t ask_shares) noexcept
