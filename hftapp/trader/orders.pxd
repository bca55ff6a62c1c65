cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from hftapp.octets cimport be16, be32, be64, copy, equal
from hftapp.trader.fills cimport Fills
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.trader.own_orders cimport OwnOrders
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef int _BUY, _SELL, _PENDING, _LIVE, _DEAD, _DAY, _ADOPTED, _MARK_BUY, _MARK_SELL, _MARK_SHORT, _MARK_EXEMPT
cdef int _END_FILLED, _END_CANCELLED, _END_SELF_MATCH, _END_MODIFIED, _END_REPLACED, _END_REJECTED, _END_LOST
cdef int _END_ACCEPTED_DEAD, _END_FOREIGN
cdef int _MALFORMED, _IGNORED, _CHANGED, _FILLED, _BROKEN, _REJECTED, _QUERIED
cdef int64_t _LARGEST
cdef Py_ssize_t _TOKEN
cdef int _STATE_LIVE, _STATE_DEAD
cdef int _FORM_OPTIONAL, _FORM_REQUIRED
cdef Py_ssize_t _N_ACCEPTED, _N_ACCEPTED_REPLACES, _N_REJECTED, _N_CANCELLED, _N_CANCELLED_ORDERS, _N_EXECUTIONS
cdef Py_ssize_t _N_EXECUTED_SHARES, _N_BOUGHT_SHARES, _N_SOLD_SHARES, _N_BROKEN, _N_ADOPTED, _N_LOST, _N_UNKNOWN
cdef Py_ssize_t _N_MALFORMED
cdef Py_ssize_t _AT_REF, _AT_SHARES, _AT_CANCEL_REASON, _AT_FILL_PRICE, _AT_FILL_MATCH, _AT_BROKEN_MATCH
cdef Py_ssize_t _AT_REJECT_REASON, _AT_PRIORITY_PRICE, _AT_PRIORITY_REFERENCE, _AT_MODIFIED_SHARES
cdef Py_ssize_t _AT_ACCEPTED, _AT_NEW_REF, _AT_REPLACED
cdef Py_ssize_t _ON_SIDE, _ON_SHARES, _ON_STOCK, _ON_PRICE, _ON_REFERENCE, _ON_STATE, _ON_TOKEN

cdef class Orders(OwnOrders):
    # The order that the last `on_message` was about, None if none. Of a fill: shares (negative: broken), price4, match.
    cdef readonly Order order
    cdef readonly shares_t fill_shares
    cdef readonly price_t fill_price
    cdef readonly uint64_t fill_match
    cdef readonly Fills fills
    cdef object _instrument_of
    cdef int32_t[::1] _forms

    @cython.locals(kind=int, result=int)
    cpdef int on_message(self, int venue, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) except -1
    @cython.locals(order=Order)
    cdef Order _known(self, int venue, const uint8_t *data, Py_ssize_t at)
    @cython.locals(order=Order, side=int)
    cdef Order _own(self, int venue, int64_t ref, const uint8_t *data, Py_ssize_t fields)
    @cython.locals(order=Order, side=int, following=int64_t)
    cdef Order _adopt(self, int venue, int64_t ref, const uint8_t *data, Py_ssize_t fields, shares_t executed)
    cdef _settle(self, Order order, const uint8_t *data, Py_ssize_t fields)
    @cython.locals(form=int, size=Py_ssize_t)
    cdef bint _well_formed(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    @cython.locals(mark=int, state=int, i=Py_ssize_t)
    cdef bint _plausible(self, const uint8_t *data, Py_ssize_t fields) noexcept
    @cython.locals(order=Order, ref=int64_t)
    cdef int _accepted(self, int venue, const uint8_t *data, Py_ssize_t at) except -1
    @cython.locals(old=Order, new=Order, ref=int64_t, executed=shares_t, fields=Py_ssize_t)
    cdef int _replaced(self, int venue, const uint8_t *data, Py_ssize_t at) except -1
    @cython.locals(order=Order, shares=shares_t)
    cdef int _cancelled(self, int venue, const uint8_t *data, Py_ssize_t at, int end, int64_t detail) except -1
    @cython.locals(order=Order, shares=shares_t, price=price_t)
    cdef int _executed(self, int venue, const uint8_t *data, Py_ssize_t at) except -1
    @cython.locals(heir=Order, ref=int64_t)
    cdef _inherit(self, Order order, shares_t shares)
    cdef int _broken(self, int venue, const uint8_t *data, Py_ssize_t at) except -1
    @cython.locals(order=Order)
    cdef int _rejected(self, int venue, const uint8_t *data, Py_ssize_t at) except -1
    @cython.locals(order=Order, price=price_t)
    cdef int _priority(self, int venue, const uint8_t *data, Py_ssize_t at) except -1
    @cython.locals(order=Order, shares=shares_t)
    cdef int _modified(self, int venue, const uint8_t *data, Py_ssize_t at) except -1
    cdef int _queried(self, int venue, const uint8_t *data, Py_ssize_t at) except -1
