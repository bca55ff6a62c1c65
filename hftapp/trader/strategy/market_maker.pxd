cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.strategy.base cimport Context, Strategy
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef int64_t _BPS
cdef int _BUY, _SELL

@cython.locals(quotient=int64_t)
cdef int64_t _down(int64_t value, int64_t divisor) noexcept

cdef class MarketMaker(Strategy):
    cdef public price_t buy_price
    cdef public price_t sell_price
    cdef shares_t _size
    cdef int64_t _half_spread
    cdef int64_t _skew
    cdef shares_t _limit
    cdef price_t _min_move
    cdef price_t _tick
    cdef int64_t _max_spread

    @cython.locals(context=Context, bid=price_t, ask=price_t, inventory=shares_t, buy=shares_t, sell=shares_t)
    cpdef on_book(self, Instrument instrument)
    @cython.locals(mid=price_t, tick=price_t, held=shares_t, shift=int64_t, half=price_t, full=int64_t, scale=int64_t, buy=price_t, sell=price_t, highest=price_t, lowest=price_t)
    cpdef bint prices(self, price_t bid, price_t ask, shares_t inventory) noexcept
