cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.trader.desk cimport Desk
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.market cimport Market
from hftapp.trader.order cimport Order
from hftapp.trader.orders cimport Orders
from hftapp.trader.risk.gate cimport RiskGate
from hftapp.trader.session cimport ReplyHandler

cdef int _MALFORMED, _FILLED, _BROKEN, _REJECTED, _QUERIED

cdef class Replies(ReplyHandler):
    cdef public int64_t now
    cdef public int queried              # a bit for each venue whose account query was answered
    cdef public object stop
    cdef public list desks
    cdef Orders _orders
    cdef Market _market
    cdef RiskGate _risk
    cdef dict _heirs

    @cython.locals(orders=Orders, kind=int, order=Order, instrument=Instrument, desk=Desk)
    cdef int on_reply(self, int venue, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) except -1
    cdef Desk _heir(self, Instrument instrument)
