cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.units cimport Notional, Price, Shares, notional_t, price_t, shares_t

cdef int _BUY, _DEAD
cdef Py_ssize_t _OPEN, _OPEN_NOTIONAL, _GROSS, _NET, _EXECUTED_NOTIONAL, _CASH

cdef class Totals:
    # Over all instruments and venues; values in 1/10,000 dollar.
    cdef readonly int64_t open_count
    cdef readonly notional_t open_notional
    cdef readonly notional_t gross_exposure
    cdef readonly notional_t net_exposure
    cdef readonly notional_t executed_notional
    cdef readonly notional_t cash
    cdef int64_t[::1] _counters
    cdef list _held
    cdef Py_ssize_t _held_count

    @cython.locals(shares=shares_t, value=notional_t, extra=shares_t, more=notional_t, new=Order, instrument=Instrument)
    cdef recount(self, Order order)
    @cython.locals(signed=shares_t, traded=notional_t)
    cdef book_fill(self, Instrument instrument, int side, shares_t shares, price_t price)
    @cython.locals(mark=price_t, value=notional_t, before=notional_t)
    cdef revalue(self, Instrument instrument, price_t otherwise)
    @cython.locals(i=Py_ssize_t)
    cpdef remark(self)
    cpdef publish(self)
    cdef _hold(self, Instrument instrument)
