cimport cython
from libc.stdint cimport int64_t, uint64_t

from exchange.book cimport Book, Level
from exchange.flow.instrument cimport Instrument, Pool
from exchange.flow.random64 cimport Random64
from exchange.market cimport Market
from exchange.orders cimport Order, limit_order
from exchange.participant cimport Participant

cdef class House(Participant):
    cdef public dict counts
    cdef Market _market
    cdef Random64 _rng
    cdef int64_t _now
    cdef bint _acting
    cdef int64_t _last_match
    cdef list _by_locate
    cdef int _owner

    @cython.locals(resting=int64_t)
    cpdef act(self, int action, Instrument instrument, int64_t now)
    cpdef seed(self, Instrument instrument, bint buy, int64_t now)
    @cython.locals(stale=int64_t, levels=list, i=Py_ssize_t, level=Level)
    cpdef reprice(self, Instrument instrument, double fraction, int64_t now)
    cdef _count(self, str kind)
    @cython.locals(instrument=Instrument)
    cdef _pool(self, Order order)
    @cython.locals(instrument=Instrument)
    cdef _forget(self, Order order)
    cdef _gone(self, Order order)
    @cython.locals(order=Order)
    cdef bint _do(self, int action, Instrument instrument) except? -1
    @cython.locals(draw=double)
    cdef int64_t _size(self)
    cdef Order _order(self, Instrument instrument, bint buy, int64_t shares, int64_t price)
    @cython.locals(order=Order)
    cdef Order _enter(self, Instrument instrument, bint buy, int64_t shares, int64_t price, bint ioc)
    @cython.locals(price=int64_t, order=Order)
    cdef bint _quote(self, Instrument instrument, bint buy, bytes mpid) except? -1
    @cython.locals(likely=double)
    cdef bint _thin_side(self, Instrument instrument)
    @cython.locals(resting=int64_t, buy=bint)
    cdef Order _pick(self, Instrument instrument)
    @cython.locals(order=Order)
    cdef bint _reduce(self, Instrument instrument) except? -1
    @cython.locals(old=Order, new=Order, price=int64_t)
    cdef bint _replace(self, Instrument instrument) except? -1
    @cython.locals(bid=Level, ask=Level, level=Level, first=Order, rising=bint, buy=bint, shares=int64_t)
    cdef bint _take(self, Instrument instrument) except? -1
    @cython.locals(bid=Level, ask=Level, hidden=Order, price=int64_t, buy=bint, shares=int64_t)
    cdef bint _trade_hidden(self, Instrument instrument) except? -1
