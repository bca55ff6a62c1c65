cimport cython

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.strategy.base cimport Context, Strategy
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef int _BUY, _SELL

cdef class JoinBest(Strategy):
    cdef shares_t _size
    cdef price_t _min_spread
    cdef shares_t _limit

    @cython.locals(context=Context, bid=price_t, ask=price_t, inventory=shares_t)
    cpdef on_book(self, Instrument instrument)
