cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.strategy.base cimport Context, Strategy

cdef int _BUY, _SELL

cdef class JoinBest(Strategy):
    cdef int64_t _size
    cdef int64_t _min_spread
    cdef int64_t _limit

    @cython.locals(context=Context, bid=int64_t, ask=int64_t, inventory=int64_t)
    cpdef on_book(self, Instrument instrument)
