cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.strategy.base cimport Context, Strategy

cdef int64_t _BPS
cdef int _BUY, _SELL

@cython.locals(quotient=int64_t)
cdef int64_t _down(int64_t value, int64_t divisor) noexcept

cdef class MarketMaker(Strategy):
    cdef public int64_t buy_price
    cdef public int64_t sell_price
    cdef int64_t _size
    cdef int64_t _half_spread
    cdef int64_t _skew
    cdef int64_t _limit
    cdef int64_t _min_move
    cdef int64_t _tick
    cdef int64_t _max_spread

    @cython.locals(context=Context, bid=int64_t, ask=int64_t, inventory=int64_t, buy=int64_t, sell=int64_t)
    cpdef on_book(self, Instrument instrument)
    @cython.locals(mid=int64_t, tick=int64_t, held=int64_t, shift=int64_t, half=int64_t, full=int64_t, scale=int64_t, buy=int64_t, sell=int64_t, highest=int64_t, lowest=int64_t)
    cpdef bint prices(self, int64_t bid, int64_t ask, int64_t inventory) noexcept
