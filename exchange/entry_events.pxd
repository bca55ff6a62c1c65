cimport cython
from libc.stdint cimport int64_t, uint64_t

from exchange.account cimport Account
from exchange.market cimport Market
from exchange.orders cimport Order
from exchange.ouch_writer cimport OuchWriter
from exchange.participant cimport Participant
from exchange.ticket cimport Ticket

cdef int _ADDED, _HIDDEN, _RESERVE, _MIDPOINT, _REMOVED, _REMOVED_MIDPOINT

cdef int _added(Order maker)
cdef int _removed(Order maker, Order taker)

cdef class EntryEvents(Participant):
    cdef public Account account
    cdef public Market market
    cdef public int owner
    cdef public dict orders
    cdef public object risk
    cdef public bint regular
    cdef OuchWriter _writer

    cpdef reject(self, int64_t token, int code, bytes cl_ord_id)
    @cython.locals(order=Order)
    cpdef executed(self, Order maker, Order taker, int64_t shares, int64_t price, int64_t match)
    @cython.locals(ticket=Ticket)
    cpdef rested(self, Order order, uint64_t replaces)
    @cython.locals(ticket=Ticket, flag=int)
    cpdef prevented(
        self,
        Order order,
        Order maker,
        Order taker,
        int64_t decrement,
        int64_t shown,
        int64_t shares,
        int64_t price,
        int strategy,
    )
    cdef _traded(self, Order order, int64_t shares, int64_t price, int flag, int64_t match)
    cdef _changed(self, Order order)
