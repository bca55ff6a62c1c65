cimport cython
from libc.stdint cimport int64_t

from hftapp.lean cimport Borrowed, borrowed
from hftapp.trader.decisions cimport Decisions
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.trader.orders cimport Orders
from hftapp.trader.ouch cimport OuchEncoder, enter_order
from hftapp.trader.risk.gate cimport RiskGate
from hftapp.trader.session cimport OrderSession, foreseen, launched
from hftapp.trader.stages cimport Stages, stamp
from hftapp.units cimport price_t, shares_t

cdef int _DEAD
cdef Py_ssize_t _REPLACE_LENGTH, _CANCEL_LENGTH
cdef enum:
    _BUY = 1
    _MARK_BUY = 66
    _TOKEN = 14

cdef class OrderGateway:
    cdef readonly Orders orders
    cdef readonly RiskGate risk
    cdef readonly list sessions
    cdef public bint open
    cdef readonly int64_t emitted
    cdef readonly int64_t first_order
    cdef list _encoders
    cdef int _venue
    cdef OrderSession _session
    cdef Borrowed _way
    cdef OuchEncoder _ouch
    cdef Stages _stages
    cdef Borrowed _stamps
    cdef readonly Decisions decisions

    @cython.locals(code=int, mark=int, decided=int64_t, passed=int64_t, rung=int64_t, first=bint, order=Order)
    cdef Order enter(self, Instrument instrument, int venue, int side, shares_t shares, price_t price, int64_t now, int tif, int owner, bint iso)
    @cython.locals(code=int)
    cdef bint takes(self, Instrument instrument, int venue, int side, shares_t shares, price_t price, int owner, int64_t now) except -1
    @cython.locals(session=OrderSession, ouch=OuchEncoder, new=Order, code=int, first=bint)
    cpdef Order replace(self, Order order, shares_t shares, price_t price, int64_t now)
    @cython.locals(session=OrderSession, ouch=OuchEncoder)
    cpdef bint cancel(self, Order order, int64_t now) except -1
    @cython.locals(session=OrderSession, order=Order, asked=bint)
    cpdef cancel_all(self, int64_t now, bint again=*)
    cdef _turn_to(self, int venue)
    @cython.locals(value=int64_t, limit=int64_t)
    cdef _unsent(self, int code, Instrument instrument, int side, shares_t shares, price_t price, int64_t replaces, int owner, int64_t now)
