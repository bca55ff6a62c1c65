cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.octets cimport put16, put32, put64
from hftapp.ring cimport Ring
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.trader.orders cimport Orders
from hftapp.trader.ouch cimport OuchEncoder, enter_order
from hftapp.trader.risk.gate cimport RiskGate
from hftapp.trader.session cimport OrderSession
from hftapp.trader.stages cimport Stages, ticks_now

cdef int _DEAD, _RISK
cdef Py_ssize_t _REPLACE_LENGTH, _CANCEL_LENGTH, _RECORD
cdef enum:
    _BUY = 1
    _MARK_BUY = 66
    _TOKEN = 14

cdef class Refusals:
    cdef Ring _ring
    cdef int64_t _epoch
    cdef bytearray _store
    cdef uint8_t *_record

    @cython.locals(record='uint8_t *')
    cpdef refused(self, int code, Instrument instrument, int64_t value, int64_t limit, int64_t now)

cdef class OrderGateway:
    cdef readonly Orders orders
    cdef readonly RiskGate risk
    cdef readonly list sessions
    cdef public bint open
    cdef readonly int64_t emitted
    cdef list _encoders
    cdef int _venue
    cdef OrderSession _session
    cdef OuchEncoder _ouch
    cdef Stages _stages
    cdef Refusals _refusals

    @cython.locals(code=int, mark=int, stages=Stages, first=bint)
    cdef Order enter(self, Instrument instrument, int venue, int side, int64_t shares, int64_t price, int64_t now, int tif, int owner, bint iso)
    @cython.locals(code=int)
    cdef bint takes(self, Instrument instrument, int venue, int side, int64_t shares, int64_t price, int64_t now) except -1
    @cython.locals(session=OrderSession, ouch=OuchEncoder, new=Order, code=int)
    cpdef Order replace(self, Order order, int64_t shares, int64_t price, int64_t now)
    @cython.locals(session=OrderSession, ouch=OuchEncoder)
    cpdef bint cancel(self, Order order, int64_t now) except -1
    @cython.locals(session=OrderSession, order=Order, asked=bint)
    cpdef cancel_all(self, int64_t now, bint again=*)
    cdef _turn_to(self, int venue)
    cdef _refused(self, int code, Instrument instrument, int64_t now)
