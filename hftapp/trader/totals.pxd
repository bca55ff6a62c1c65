cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order

cdef int _BUY, _DEAD
cdef Py_ssize_t _OPEN, _OPEN_NOTIONAL, _GROSS, _NET, _EXECUTED_NOTIONAL, _CASH

cdef class Totals:
    # Over all instruments and venues; values in 1/10,000 dollar.
    cdef readonly int64_t open_count
    cdef readonly int64_t open_notional
    cdef readonly int64_t gross_exposure
    cdef readonly int64_t net_exposure
    cdef readonly int64_t executed_notional
    cdef readonly int64_t cash
    cdef int64_t[::1] _counters
    cdef list _held
    cdef Py_ssize_t _held_count

    @cython.locals(shares=int64_t, value=int64_t, extra=int64_t, new=Order, instrument=Instrument)
    cdef recount(self, Order order)
    @cython.locals(signed=int64_t, traded=int64_t)
    cdef book_fill(self, Instrument instrument, int side, int64_t shares, int64_t price)
    @cython.locals(mark=int64_t, value=int64_t, before=int64_t)
    cdef revalue(self, Instrument instrument, int64_t otherwise)
    @cython.locals(i=Py_ssize_t)
    cpdef remark(self)
    cpdef publish(self)
    cdef _hold(self, Instrument instrument)
