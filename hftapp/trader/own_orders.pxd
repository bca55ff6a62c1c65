cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.octets cimport copy
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.trader.order_pool cimport OrderPool
from hftapp.trader.totals cimport Totals
from hftapp.units cimport Price, Shares, notional_t, price_t, shares_t

cdef int _BUY, _PENDING, _LIVE, _DEAD, _DAY, _ADOPTED, _MARK_BUY, _MARK_SELL, _MARK_SHORT, _END_SAID
cdef int64_t _MAX_QUANTITY
cdef Py_ssize_t _TOKEN, _DIGITS

cdef class OwnOrders(Totals):
    cdef readonly int64_t adopted_count
    cdef readonly int venues
    cdef readonly OrderPool pool
    cdef readonly Order first
    cdef int64_t[::1] refs
    cdef uint8_t *tokens
    cdef Order _last
    cdef Order _nobody
    cdef bytes _run
    cdef bytearray _token_store
    cdef Py_ssize_t _last_digit

    cpdef int64_t next_ref(self, int venue=*)
    cdef Order find(self, int venue, int64_t ref)
    @cython.locals(selling=shares_t)
    cdef int marking(self, Instrument instrument, int side, shares_t shares, Order replaces) noexcept
    cdef bint replaceable(self, Order order, shares_t shares) noexcept
    @cython.locals(order=Order)
    cdef Order enter(self, Instrument instrument, int venue, int side, shares_t shares, price_t price, int tif=*, int owner=*, bint iso=*, int64_t now=*)
    @cython.locals(new=Order)
    cdef Order replace(self, Order order, shares_t shares, price_t price, int64_t now=*)
    cdef void cancel(self, Order order) noexcept
    cpdef prepare(self, Instrument instrument)
    @cython.locals(order=Order, ref=int64_t, token=Py_ssize_t, digit=Py_ssize_t)
    cdef Order _new(self, Instrument instrument, int venue, int side, price_t price, shares_t shares, int owner, int mark)
    @cython.locals(instrument=Instrument, own=list, last=Order, value=notional_t)
    cdef _track(self, Order order)
    @cython.locals(instrument=Instrument, own=list, last=Order, before=Order, after=Order)
    cdef _untrack(self, Order order)
    @cython.locals(old=Order, successor=Order)
    cdef _die(self, Order order, int end, int64_t detail, int64_t after)
    cdef _reduce(self, Order order, shares_t shares, int end, int64_t detail)
    cdef _update(self, Order order)
    @cython.locals(old=Order)
    cdef _release(self, Order order)
    cdef _advance(self, int venue, int64_t ref)
