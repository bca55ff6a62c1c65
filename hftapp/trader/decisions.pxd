cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.feed.arbiter cimport Arbiter
from hftapp.octets cimport copy, put16, put32, put64
from hftapp.ring cimport Ring
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.trader.stages cimport Stages
from hftapp.units cimport price_t, shares_t

cdef Py_ssize_t _LENGTH
cdef int _KIND, _SELL_CODE, _BUY_CODE, _BOOK, _TRADE, _MARK
cdef enum:
    _BUY = 1

cdef class Decisions:
    cdef public int cause
    cdef public int feed_venue
    cdef Ring _ring
    cdef int64_t _epoch
    cdef Stages _stages
    cdef list _arbiters
    cdef bytearray _store
    cdef uint8_t *_record

    @cython.locals(record='uint8_t *')
    cdef bint passed(self, Order order, int64_t replaces, bint first, int64_t now) except -1
    @cython.locals(record='uint8_t *')
    cpdef bint unsent(self, int code, Instrument instrument, int venue, int side, shares_t shares, price_t price, int64_t replaces, int owner, int64_t value, int64_t limit, int64_t now) except -1
    @cython.locals(record='uint8_t *', stages=Stages, arbiter=Arbiter, sequence=int64_t)
    cdef int _common(self, int code, Instrument instrument, int venue, int side, int owner, bint first) except -1
